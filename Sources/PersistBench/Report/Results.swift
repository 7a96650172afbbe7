/// What many runs have measured: one line each, "MEASURE MODE SIDE ROUND P50 P99 RATE", or "failed" for the numbers.
struct Results {
    struct Key: Hashable {
        var measure: String
        var mode: String
        var side: String
    }

    struct Run {
        var p50: Double
        var p99: Double
        var rate: Double
    }

    private(set) var runs: [Key: [Run]] = [:]
    private(set) var failures: [Key: Int] = [:]

    init(file: String) throws(Failure) {
        for line in try TextFile.read(file).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 5 else { throw Failure("\(file): not a result: \(line)") }
            let key = Key(measure: words[0], mode: words[1], side: words[2])
            if words.count == 7, let p50 = Double(words[4]), let p99 = Double(words[5]), let rate = Double(words[6]) {
                runs[key, default: []].append(Run(p50: p50, p99: p99, rate: rate))
            } else {
                failures[key, default: 0] += 1
            }
        }
    }

    var modes: [String] { ["same", "free"].filter { mode in runs.keys.contains { $0.mode == mode } } }

    /// The middle of all rounds, in the measure's own unit; nil where nothing was measured.
    func median(_ measure: Measure, _ mode: String, _ side: String) -> Double? {
        Self.middle(values(measure, mode, side))
    }

    private static func middle(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    func values(_ measure: Measure, _ mode: String, _ side: String) -> [Double] {
        (runs[Key(measure: measure.name, mode: mode, side: side)] ?? []).map(measure.value)
    }

    /// How far the slow operations are from the usual ones, in the middle of all rounds.
    func tail(_ measure: Measure, _ mode: String, _ side: String) -> Double? {
        let runs = runs[Key(measure: measure.name, mode: mode, side: side)] ?? []
        return Self.middle(runs.filter { $0.p50 > 0 }.map { $0.p99 / $0.p50 })
    }
}
