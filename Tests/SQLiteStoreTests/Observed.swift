import Persist
import Synchronization

/// Remembers what it was told.
final class Observed: StoreObserver {
    private let state = Mutex<[StoreChange]>([])
    func storeChanged(_ changes: [StoreChange]) { state.withLock { $0 += changes } }
    var changes: [StoreChange] { state.withLock { $0 } }
}
