import Persist
import SQLiteStore
import Testing

@testable import WriteBackCache

@Suite struct FilesAheadTests {
    /// Reads files with these numbers; what comes next in either order is the next number up to `end`, or what `shown` says.
    private struct Run {
        var ahead = FilesAhead()
        var fetched: [UInt64] = []
        var asks = 0
        let end: UInt64
        var shown: [UInt64] = []

        mutating func read(_ number: UInt64) {
            for ask in ahead.came(to: NodeID(number)) {
                asks += 1
                let next =
                    ask.order == .noted
                    ? Array(
                        (ask.last.rawValue + 1)..<max(
                            ask.last.rawValue + 1, min(end + 1, ask.last.rawValue + 1 + UInt64(ask.count))))
                    : Array(shown.drop { $0 != ask.last.rawValue }.dropFirst())
                let files = next.prefix(ask.count).map { NodeID($0) }
                fetched += ahead.found(files, for: ask).map(\.rawValue)
            }
        }
    }

    @Test("after a few in a row the next ones are fetched, more each time, each once, and none after the last")
    func row() {
        var run = Run(end: 100)
        run.read(1)
        run.read(2)
        #expect(run.fetched.isEmpty)
        run.read(3)
        #expect(!run.fetched.isEmpty && run.fetched.count <= 4)
        for number in 4...100 { run.read(UInt64(number)) }
        #expect(Set(run.fetched).count == run.fetched.count)
        // But for a few, at which it is seen that the reader has come so far.
        #expect(run.fetched.count > 85 && run.fetched.allSatisfy { 4...100 ~= $0 })
        // Few look-ups: one in eight files or so.
        #expect(run.asks < 40)
    }

    @Test("who finds here what has been fetched waits for one in many, and has the next ones fetched then")
    func slow() {
        var run = Run(end: 1_000)
        var waits = 0
        for number in UInt64(1)...1_000 where !run.fetched.contains(number) {
            run.read(number)
            waits += 1
        }
        #expect(waits < 60 && waits + run.fetched.count == 1_000)
    }

    @Test("in the order in which a directory shows them, too")
    func shown() {
        let order: [UInt64] = (1...50).map { ($0 * 37) % 53 }
        var run = Run(end: 0, shown: order)
        for number in order { run.read(number) }
        #expect(run.fetched.count > 35)
        #expect(run.fetched == order.filter { run.fetched.contains($0) })
    }

    @Test("two who read at once do not disturb each other")
    func two() {
        var run = Run(end: 2_000)
        for number in 1...100 {
            run.read(UInt64(number))
            run.read(UInt64(1_000 + number))
        }
        #expect(run.fetched.count { $0 <= 100 } > 80 && run.fetched.count { 1_001...1_100 ~= $0 } > 80)
        #expect(Set(run.fetched).count == run.fetched.count)
    }

    @Test("who jumps, or reads from the end to the beginning, gets nothing more than what was asked for")
    func jumps() {
        var run = Run(end: 10_000)
        for number in stride(from: UInt64(3_000), to: 0, by: -1) { run.read(number) }
        for number in 1...500 { run.read(UInt64(3_001 + (number * 7919) % 6_000)) }
        #expect(run.fetched.count < 16)
    }
}
