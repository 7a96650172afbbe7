/// Whose turn it is on the connection that writes: one at a time, and the others know what that one waits for.
final class WriterLane: @unchecked Sendable {  // both flags are used with the lock held
    private let lock = Lock()
    private var isTaken = false
    /// Since when whoever has it waits for a transaction of another process.
    private var heldUpSince: ContinuousClock.Instant?

    /// How often a waiter looks whether it was interrupted.
    private static let lookMilliseconds = 20
    private static let soonMilliseconds = 5

    func tryTake() -> Bool {
        lock.lock()
        defer { lock.unlock() }
        guard !isTaken else { return false }
        isTaken = true
        return true
    }

    /// Waits as long as a transaction of this process takes: not worth a thread that stands in.
    ///
    /// - Returns: false where it is not to be had so soon, or whoever has it waits for another process.
    func takeSoon() -> Bool {
        lock.lock()
        defer { lock.unlock() }
        for _ in 0..<Self.soonMilliseconds {
            guard isTaken else { break }
            guard heldUpSince == nil else { return false }
            lock.wait(milliseconds: 1)
        }
        guard !isTaken else { return false }
        isTaken = true
        return true
    }

    func take() {
        lock.lock()
        defer { lock.unlock() }
        while isTaken { lock.wait() }
        isTaken = true
    }

    /// - Returns: false where whoever has it is still held up at the deadline, or `givesUp` says so.
    func take(deadline: ContinuousClock.Instant, givesUp: () -> Bool) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        while isTaken {
            if givesUp() || heldUpSince != nil && .now > deadline { return false }
            lock.wait(milliseconds: Self.lookMilliseconds)
        }
        isTaken = true
        return true
    }

    /// - Returns: false where whoever has it has been held up for so long.
    func takeUnlessHeldUp(for patience: Duration) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        while isTaken {
            if let heldUpSince, heldUpSince + patience < .now { return false }
            lock.wait(milliseconds: Self.lookMilliseconds)
        }
        isTaken = true
        return true
    }

    func give() {
        lock.lock()
        isTaken = false
        lock.wakeAll()
        lock.unlock()
    }

    func isHeldUp(_ isHeldUp: Bool) {
        lock.lock()
        heldUpSince = isHeldUp ? .now : nil
        lock.unlock()
    }
}
