/// What one side has to reach against another in the same run.
struct Bar {
    enum Limit {
        /// Value over reference at most this: times.
        case atMost(Double)
        /// Value over reference at least this: rates.
        case atLeast(Double)
        /// So many times as fast as the reference, whatever the unit.
        case timesAsFast(Double)
        /// p99 over p50 of the side itself below this.
        case tail(Double)
    }

    var measure: String
    var side = "persistfs"
    var limit: Limit
    var reference = ""
    var modes = ["same", "free"]

    private init(
        _ measure: String, _ limit: Limit, _ reference: String = "", side: String = "persistfs", mode: String? = nil
    ) {
        self.measure = measure
        self.limit = limit
        self.reference = reference
        self.side = side
        if let mode { modes = [mode] }
    }

    var text: String {
        switch limit {
        case .atMost(let factor): "≤ \(Figure.short(factor)) × \(reference)"
        case .atLeast(let factor): "≥ \(Figure.short(factor)) × \(reference)"
        case .timesAsFast(let factor): "≥ \(Figure.short(factor)) × as fast as \(reference)"
        case .tail(let factor): "p99 < \(Figure.short(factor)) × p50"
        }
    }

    /// What was reached in this mode, and whether it is enough; nil where a side was not measured.
    func reached(_ results: Results, mode: String) -> (ratio: Double, held: Bool)? {
        guard let measure = Measure.named(measure) else { return nil }
        if case .tail(let factor) = limit {
            return results.tail(measure, mode, side).map { ($0, $0 < factor) }
        }
        guard let ours = results.median(measure, mode, side), ours > 0,
            let theirs = results.median(measure, mode, reference), theirs > 0
        else { return nil }
        switch limit {
        case .atMost(let factor): return (ours / theirs, ours / theirs <= factor)
        case .atLeast(let factor): return (ours / theirs, ours / theirs >= factor)
        case .timesAsFast(let factor):
            let ratio = measure.unit.isTime ? theirs / ours : ours / theirs
            return (ratio, ratio >= factor)
        case .tail: return nil
        }
    }

    static let all: [Bar] = [
        Bar("create", .atMost(0.9), "pt", mode: "same"),
        Bar("create", .atMost(1.0), "pt", mode: "free"),
        Bar("create", .atMost(1.0), "pt", side: "records", mode: "same"),
        Bar("create", .atMost(1.1), "pt", side: "records", mode: "free"),
        Bar("create", .atMost(0.8), "ptx"),
        Bar("create", .atMost(0.8), "ptx", side: "records"),
        Bar("create", .timesAsFast(8), "juicefs"),
        Bar("create", .timesAsFast(8), "juicefs", side: "records"),
        Bar("create", .tail(5)),
        Bar("create", .tail(5), side: "records"),
        Bar("create-fsync", .atMost(1.0), "pt"),
        Bar("create-fsync", .atMost(1.0), "pt", side: "records"),
        Bar("stat-cold", .atMost(0.9), "pt"),
        Bar("stat-warm", .atMost(1.2), "disk"),
        Bar("read-cold", .atMost(0.8), "pt"),
        Bar("read-warm", .atMost(1.0), "pta"),
        Bar("unlink", .atMost(1.3), "pt"),
        Bar("unlink", .atMost(1.3), "pt", side: "records"),
        Bar("unlink", .timesAsFast(8), "juicefs"),
        Bar("rm", .atMost(1.3), "pt"),
        Bar("rm", .timesAsFast(8), "juicefs"),
        Bar("list-cold", .atMost(0.3), "pt"),
        Bar("ls-cold", .atMost(0.85), "ptx"),
        Bar("ls-again", .atMost(0.85), "ptx"),
        Bar("write-1M", .atLeast(0.8), "sqlite"),
        Bar("write-1M", .timesAsFast(1), "juicefs"),
        Bar("write-4K", .atLeast(0.8), "ptx"),
        Bar("reread-cold", .atLeast(0.8), "pt"),
        Bar("reread-warm", .atLeast(0.9), "pta"),
        Bar("random-read", .atLeast(0.8), "pt"),
        Bar("random-write", .timesAsFast(10), "juicefs"),
        Bar("random-write", .atLeast(0.3), "pt"),
        Bar("append-1", .atLeast(0.4), "pt"),
        Bar("append-1", .atLeast(0.8), "ptx"),
        Bar("append-8-1", .atLeast(0.4), "pt"),
        Bar("append-8-8", .atLeast(0.4), "pt"),
        Bar("rsync-in", .atMost(1.2), "pt"),
        Bar("rsync-out", .atMost(1.0), "pt"),
        Bar("rsync-again", .atMost(1.0), "pt"),
        Bar("clone", .atMost(1.5), "pt"),
        Bar("du", .atMost(1.0), "pt"),
        Bar("grep", .atMost(1.0), "pt"),
    ]
}
