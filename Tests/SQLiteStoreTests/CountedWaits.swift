import Glibc
import Persist
import Synchronization

/// Who waits, and has waited: threads of the store do so too.
final class CountedWaits: WaitObserver {
    private let state = Mutex([pthread_t]())
    func waitBegins() { state.withLock { $0.append(pthread_self()) } }
    func waitEnds() {}
    var isInterrupted: Bool { false }
    var count: Int { state.withLock { $0.count } }

    /// How often this thread waits in `body`.
    func seen(_ body: () throws -> Void) rethrows -> Int {
        let before = count
        try body()
        return state.withLock { $0[before...].count { pthread_equal($0, pthread_self()) != 0 } }
    }
}
