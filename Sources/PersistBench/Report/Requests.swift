/// How often a server was asked for what, and how many bytes of bodies went either way.
struct Requests {
    private(set) var byKind: [String: Int] = [:]
    private(set) var sent = 0
    private(set) var received = 0

    /// - Parameter words: `KIND=REQUESTS,SENT,RECEIVED`.
    init(_ words: some Sequence<String>) throws(Failure) {
        for word in words {
            let parts = word.split(separator: "=")
            let numbers = parts.last?.split(separator: ",").compactMap { Int($0) } ?? []
            guard parts.count == 2, numbers.count == 3 else { throw Failure("not a count: \(word)") }
            byKind[String(parts[0])] = numbers[0]
            sent += numbers[1]
            received += numbers[2]
        }
    }

    init?(middleOf rounds: [Requests]) {
        guard !rounds.isEmpty else { return nil }
        func middle(_ value: (Requests) -> Int) -> Int {
            Int((Results.middle(rounds.map { Double(value($0)) }) ?? 0).rounded())
        }
        for kind in Set(rounds.flatMap(\.byKind.keys)) { byKind[kind] = middle { $0.byKind[kind] ?? 0 } }
        sent = middle(\.sent)
        received = middle(\.received)
    }

    /// The most frequent first; bytes where they make a MiB: `put 2,001, list 3; 12.1 MiB up`.
    var text: String {
        let kinds = byKind.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var parts = [kinds.map { "\($0.key) \(Figure.count($0.value))" }.joined(separator: ", ")]
        if kinds.isEmpty { parts = ["none"] }
        for (bytes, direction) in [(sent, "up"), (received, "down")] where bytes >= 1 << 20 {
            parts.append("\(Figure.measured(Double(bytes) / 1_048_576)) MiB \(direction)")
        }
        return parts.joined(separator: "; ")
    }
}
