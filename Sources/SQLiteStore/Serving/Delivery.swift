internal import Persist
import Synchronization

/// Tells the observer what others have changed (R9): one batch after the other, with no lock held.
final class Delivery: @unchecked Sendable {  // the state is used with the lock held
    private let lock = Lock()
    private weak var observer: (any StoreObserver)?
    private var waiting: [StoreChange] = []
    private var isTelling = false

    func observe(_ observer: any StoreObserver) {
        lock.lock()
        self.observer = observer
        lock.unlock()
    }

    /// Returns when the observer has been told of these changes, and of all before them.
    func tell(_ changes: [StoreChange]) {
        guard !changes.isEmpty else { return }
        lock.lock()
        waiting += changes
        while isTelling { lock.wait() }
        let batch = waiting
        waiting = []
        guard !batch.isEmpty, let observer else {
            lock.unlock()
            return
        }
        isTelling = true
        lock.unlock()
        observer.storeChanged(batch)
        lock.lock()
        isTelling = false
        lock.wakeAll()
        lock.unlock()
    }
}
