internal import Persist
internal import Synchronization

/// The credentials of a role, which the machine's surroundings hand out for some hours: kept, and asked for again before they
/// expire. Any thread.
final class RoleCredentials: Sendable {
    private struct State {
        var known: TemporaryCredentials?
        /// Why there are none, or no newer ones; nil without an error: nobody hands out any here.
        var failure: StoreError?
        /// In seconds: nobody is asked before.
        var nextAt = Int64.min
        var asking: Task<Void, Never>?
    }

    private let service: any RoleService
    private let clock: @Sendable () -> Int64
    private let state = Mutex(State())

    /// After a failure, and where there is nobody to ask.
    private static let pauseSeconds: Int64 = 10

    /// - Parameter clock: the time in seconds since 1970.
    init(_ service: any RoleService, clock: @escaping @Sendable () -> Int64 = { Timestamp.now().seconds }) {
        self.service = service
        self.clock = clock
    }

    /// nil: nobody hands out any here. - Throws: `.timedOut`, `.accessDenied` where somebody should, and does not.
    func credentials() async throws(StoreError) -> Credentials? {
        let now = clock()
        let (usable, asking) = state.withLock { state -> (Credentials?, Task<Void, Never>?) in
            let usable = state.known.flatMap { $0.isUsable(at: now) ? $0.credentials : nil }
            if let known = state.known, known.isFresh(at: now) { return (usable, nil) }
            if state.asking == nil, now >= state.nextAt {
                state.asking = Task.detached { [self] in await ask() }
            }
            // What is about to expire serves until there is better.
            return (usable, usable == nil ? state.asking : nil)
        }
        if let usable { return usable }
        await asking?.value
        return try state.withLock { state throws(StoreError) in
            if let known = state.known, known.isUsable(at: now) { return known.credentials }
            if let failure = state.failure { throw failure }
            return nil
        }
    }

    private func ask() async {
        let found: Result<TemporaryCredentials?, StoreError>
        do throws(StoreError) { found = .success(try await service.credentials()) } catch { found = .failure(error) }
        let now = clock()
        state.withLock { state in
            state.asking = nil
            switch found {
            case .success(let new):
                if let new { state.known = new }
                state.failure = nil
                // What comes has expired already, or no life is left in it: not again for each request.
                let isFresh = new?.isFresh(at: now) ?? false
                state.nextAt = isFresh ? .min : now + Self.pauseSeconds
            case .failure(let error):
                state.failure = error
                state.nextAt = now + Self.pauseSeconds
            }
        }
    }
}

/// Who hands out credentials of a role.
protocol RoleService: Sendable {
    /// nil: there is nobody who does. - Throws: `.timedOut`, `.accessDenied`.
    func credentials() async throws(StoreError) -> TemporaryCredentials?
}
