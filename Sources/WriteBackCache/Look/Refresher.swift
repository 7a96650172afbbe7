import Persist
import Synchronization

/// Looks at what the far side has: at once, and then now and again.
final class Refresher: Sendable {
    private struct State {
        /// A look has come to its end at some time: all names that are not here are not there.
        var hasSeen: Bool
        /// When the last look began that came to its end.
        var seen: ContinuousClock.Instant?
        var isStopped = false
        var loop: Task<Void, Never>?
        /// The look that is under way, for all who wait for one.
        var look: Task<StoreError?, Never>?
        var count = LookCount()
    }

    private let refresh: Refresh
    private let interval: Duration
    private let log: @Sendable (String) -> Void
    private let state: Mutex<State>
    /// Between two looks that failed: at first, and at most.
    private static let justSeconds = Duration.seconds(5)
    private static let retry = (first: Duration.milliseconds(500), most: Duration.seconds(60))

    init(_ refresh: Refresh, hasSeen: Bool, options: WriteBackCacheOptions) {
        self.refresh = refresh
        interval = .milliseconds(options.refreshMilliseconds)
        log = options.log
        state = Mutex(State(hasSeen: hasSeen))
    }

    func run() {
        let loop = Task.detached { [self] in
            var pause = Self.retry.first
            while !Task.isCancelled {
                do throws(StoreError) {
                    try await look()
                    pause = Self.retry.first
                    try? await Task.sleep(for: interval)
                } catch {
                    log("looking at what the far side has: \(error)")
                    try? await Task.sleep(for: min(pause, interval))
                    pause = min(pause * 2, Self.retry.most)
                }
            }
        }
        state.withLock { $0.loop = loop }
    }

    /// No look is under way.
    var isIdle: Bool { state.withLock { $0.look == nil } }

    /// No look begins any more, and the one that is under way ends soon.
    func end() {
        let (loop, look) = state.withLock { state in
            state.isStopped = true
            defer { state.loop = nil }
            return (state.loop, state.look)
        }
        loop?.cancel()
        look?.cancel()
    }

    /// One look, for all who want one at the time.
    func look() async throws(StoreError) {
        let task = state.withLock { state -> Task<StoreError?, Never>? in
            if let look = state.look { return look }
            guard !state.isStopped else { return nil }
            let task = Task.detached { [self] () -> StoreError? in
                let begun = ContinuousClock.now
                var failure: StoreError?
                do throws(StoreError) { _ = try await refresh.run() } catch { failure = error }
                ended(begun, failure)
                return failure
            }
            state.look = task
            state.count.begun += 1
            return task
        }
        guard let task else { throw StoreError(.io, hint: "the mount ends") }
        if let failure = await task.value { throw failure }
    }

    private func ended(_ begun: ContinuousClock.Instant, _ failure: StoreError?) {
        state.withLock { state in
            state.look = nil
            if let failure {
                (state.count.failed, state.count.error) = (state.count.begun, "\(failure)")
            } else {
                (state.hasSeen, state.seen, state.count.ended) = (true, begun, state.count.begun)
            }
        }
    }

    /// One that begins after this. Returns at once. - Returns: its number.
    func lookAnew() -> Int64 {
        let (number, before) = state.withLock { ($0.count.begun + 1, $0.look) }
        Task.detached { [self] in
            _ = await before?.value
            do throws(StoreError) { try await look() } catch { log("looking at what the far side has: \(error)") }
        }
        return number
    }

    var count: LookCount { state.withLock { $0.count } }

    /// What is known of the far side is not older than that of a look which ends while somebody waits for it.
    var hasJustSeen: Bool { state.withLock { $0.seen.map { .now - $0 < Self.justSeconds } ?? false } }

    /// Until the first look has come to its end, a name that is not here may be there.
    var absence: (any Absence)? { state.withLock { $0.hasSeen } ? nil : FirstLook(refresher: self) }

    private struct FirstLook: Absence {
        let refresher: Refresher
        func bring() async throws(StoreError) { try await refresher.look() }
    }
}
