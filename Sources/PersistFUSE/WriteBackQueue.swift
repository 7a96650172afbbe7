import Persist

/// Whose changed pages the kernel is still to be asked for, and who waits for that.
///
/// Bounded: each entry is of a thread that waits, but for the one that the kernel is at.
struct WriteBackQueue {
    struct Asked: Equatable, Sendable {
        let ticket: UInt64
        let node: NodeID
        let range: Range<UInt64>
    }

    private var waiting: [Asked] = []
    private var unfinished: Set<UInt64> = []
    private var lastTicket: UInt64 = 0
    private var isRunning = false

    /// The mount is there.
    mutating func begin() { isRunning = true }

    /// Nobody is asked any more: whoever waits goes on.
    mutating func end() {
        isRunning = false
        waiting = []
        unfinished = []
    }

    /// - Returns: nil where there is no mount to ask.
    mutating func ask(_ node: NodeID, _ range: Range<UInt64>) -> UInt64? {
        guard isRunning else { return nil }
        lastTicket += 1
        waiting.append(Asked(ticket: lastTicket, node: node, range: range))
        unfinished.insert(lastTicket)
        return lastTicket
    }

    func isDone(_ ticket: UInt64) -> Bool { !unfinished.contains(ticket) }

    /// Who asked waits no longer.
    mutating func forget(_ ticket: UInt64) {
        waiting.removeAll { $0.ticket == ticket }
        unfinished.remove(ticket)
    }

    mutating func done(_ ticket: UInt64) { unfinished.remove(ticket) }

    /// - Returns: nil while nobody asks; of that nil at the end.
    mutating func next() -> Asked?? {
        guard isRunning else { return .some(nil) }
        return waiting.isEmpty ? nil : .some(waiting.removeFirst())
    }
}
