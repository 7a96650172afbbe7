import Synchronization

/// Which paths of the far side somebody is at: no two requests for one path are under way at once.
///
/// Of a value that is put and a later one that is deleted, the far side could else do the later one first.
final class PathClaims: Sendable {
    private struct State {
        var taken: Set<[UInt8]> = []
        var waiting: [(paths: Set<[UInt8]>, resume: CheckedContinuation<Bool, Never>)] = []
    }
    private let state = Mutex(State())

    /// Waits until all of them are free, and takes them. - Returns: whether they were free at once.
    func take(_ paths: Set<[UInt8]>) async -> Bool {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                // Who came first goes first: a claim of many paths does not wait for ever.
                let before = state.waiting.contains { !$0.paths.isDisjoint(with: paths) }
                guard !before, state.taken.isDisjoint(with: paths) else {
                    state.waiting.append((paths, continuation))
                    return false
                }
                state.taken.formUnion(paths)
                return true
            }
            if isFree { continuation.resume(returning: true) }
        }
    }

    func give(_ paths: Set<[UInt8]>) {
        let free = state.withLock { state in
            state.taken.subtract(paths)
            var free: [CheckedContinuation<Bool, Never>] = []
            var ahead: Set<[UInt8]> = []
            state.waiting.removeAll { claim in
                guard claim.paths.isDisjoint(with: state.taken), claim.paths.isDisjoint(with: ahead) else {
                    ahead.formUnion(claim.paths)
                    return false
                }
                state.taken.formUnion(claim.paths)
                free.append(claim.resume)
                return true
            }
            return free
        }
        for continuation in free { continuation.resume(returning: false) }
    }
}
