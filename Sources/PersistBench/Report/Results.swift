/// What many runs have measured: one line each, "MEASURE MODE SIDE ROUND P50 P99 RATE", or "failed" for the numbers.
/// What it asked a server for is a line of its own, "MEASURE MODE SIDE ROUND requests KIND=REQUESTS,SENT,RECEIVED ...".
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
    private(set) var requests: [Key: [Requests]] = [:]
    private(set) var failures: [Key: Int] = [:]

    init(file: String) throws(Failure) {
        for line in try TextFile.read(file).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 5 else { throw Failure("\(file): not a result: \(line)") }
            let key = Key(measure: words[0], mode: words[1], side: words[2])
            if words[4] == "requests" {
                requests[key, default: []].append(try Requests(words[5...]))
            } else if words.count == 7, let p50 = Double(words[4]), let p99 = Double(words[5]),
                let rate = Double(words[6])
            {
                runs[key, default: []].append(Run(p50: p50, p99: p99, rate: rate))
            } else {
                failures[key, default: 0] += 1
            }
        }
    }

    /// Where the processes ran; or by how much requests were delayed, the least first.
    var modes: [String] {
        let there = Set(runs.keys.map(\.mode))
        let places = ["same", "free"]
        return places.filter(there.contains)
            + there.subtracting(places).sorted { ($0.count, $0) < ($1.count, $1) }
    }

    /// The middle of all rounds, in the measure's own unit; nil where nothing was measured.
    func median(_ measure: Measure, _ mode: String, _ side: String) -> Double? {
        Self.middle(values(measure, mode, side))
    }

    /// What it asked a server for, in the middle of all rounds; nil where that was not counted.
    func requests(_ measure: Measure, _ mode: String, _ side: String) -> Requests? {
        Requests(middleOf: requests[Key(measure: measure.name, mode: mode, side: side)] ?? [])
    }

    static func middle(_ values: [Double]) -> Double? {
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
