import Synchronization

/// Ends the wait for requests that are not answered within a limit of time.
///
/// One timer for all of them, which goes off at most once in that time: to set one for each and take it back costs more
/// than all else that a request does here.
final class RequestClock: Sendable {
    private struct State {
        var waiting: [Int: (deadline: ContinuousClock.Instant, expire: @Sendable () -> Void)] = [:]
        var last = 0
        var isRunning = false
    }

    private let limit: Duration
    private let state = Mutex(State())

    init(limit: Duration) { self.limit = limit }

    /// Calls `expire` when so much time is over, on any thread, unless `answered` was called before.
    ///
    /// - Parameter duration: no less than the limit of all.
    /// - Returns: the number for `answered`.
    func asked(for duration: Duration, _ expire: @escaping @Sendable () -> Void) -> Int {
        let deadline = ContinuousClock.now + duration
        let (number, isFirst) = state.withLock { state in
            state.last += 1
            state.waiting[state.last] = (deadline, expire)
            defer { state.isRunning = true }
            return (state.last, !state.isRunning)
        }
        // Others that come meanwhile may have less time than the first.
        if isFirst { Task.detached { [self] in await run(until: .now + limit) } }
        return number
    }

    func answered(_ number: Int) { state.withLock { $0.waiting[number] = nil } }

    private func run(until first: ContinuousClock.Instant) async {
        var next: ContinuousClock.Instant? = first
        while let deadline = next {
            try? await Task.sleep(until: deadline, clock: .continuous)
            let now = ContinuousClock.now
            let expired = state.withLock { state in
                let expired = state.waiting.filter { $0.value.deadline <= now }
                for number in expired.keys { state.waiting[number] = nil }
                next = state.waiting.values.map(\.deadline).min().map { min($0, now + limit) }
                state.isRunning = next != nil
                return expired.values.map(\.expire)
            }
            for expire in expired { expire() }
        }
    }
}
