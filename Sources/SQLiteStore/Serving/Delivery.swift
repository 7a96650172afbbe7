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

    /// For the next `tell`. Called while nobody else can look for changes: so whoever looks next, and finds nothing
    /// more, does not return before the observer has been told of these.
    func add(_ changes: [StoreChange]) {
        guard !changes.isEmpty else { return }
        lock.lock()
        waiting += changes
        lock.unlock()
    }

    func tellGone(_ id: NodeID) {
        lock.lock()
        let observer = observer
        lock.unlock()
        observer?.contentWent(of: id)
    }

    /// Returns when the observer has been told of everything that was added before.
    func tell() {
        lock.lock()
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
