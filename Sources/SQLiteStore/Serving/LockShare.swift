/// Leaves the write lock of the file free for as long as it is held here, once for each other program that uses it.
///
/// They poll for the lock, in pauses that grow to 100 ms (SQLite's busy handler), and would hardly ever find it free
/// where this writer takes it again within microseconds. What lies idle anyway counts; alone, nothing is left free.
struct LockShare {
    /// Shorter than this is not worth a sleep.
    static let pauseLeast = Duration.milliseconds(2)
    /// One long transaction does not stop the mount for longer.
    static let debtMost = Duration.milliseconds(100)

    private(set) var debt = Duration.zero
    private var taken: ContinuousClock.Instant?
    var isTaken: Bool { taken != nil }
    private var given: ContinuousClock.Instant?

    /// - Returns: how long to wait before the lock is taken; nil where there is no need.
    func pause(_ now: ContinuousClock.Instant) -> Duration? {
        guard let given else { return nil }
        let left = debt - (now - given)
        return left >= Self.pauseLeast ? left : nil
    }

    mutating func take(_ now: ContinuousClock.Instant) {
        if let given { debt = max(.zero, debt - (now - given)) }
        taken = now
    }

    /// - Parameter others: programs that have the file open beside this one.
    mutating func give(_ now: ContinuousClock.Instant, others: Int) {
        guard let taken else { return }
        self.taken = nil
        given = now
        debt = others == 0 ? .zero : min(Self.debtMost, debt + (now - taken) * others)
    }
}
