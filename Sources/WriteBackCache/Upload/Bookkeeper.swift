import Persist
import SQLiteStore
import Synchronization

/// Puts down what becomes of uploads: what comes while a transaction is under way goes into the next one together.
final class Bookkeeper: Sendable {
    private typealias Waiting = (booking: FarBooking, resume: CheckedContinuation<Result<Bool, StoreError>, Never>)

    private struct State {
        var waiting: [Waiting] = []
        var isBusy = false
    }

    private let store: SQLiteStore
    private let state = Mutex(State())

    init(_ store: SQLiteStore) { self.store = store }

    /// Returns when it is in the store: whether it has been done (`FarBooking.begun`).
    @discardableResult
    func book(_ booking: FarBooking) async throws(StoreError) -> Bool {
        let result = await withCheckedContinuation { continuation in
            let leads = state.withLock { state in
                state.waiting.append((booking, continuation))
                defer { state.isBusy = true }
                return !state.isBusy
            }
            guard leads else { return }
            // Who leads has others' bookings to see to only once; then it goes on with its own upload.
            bookWaiting()
            if !isDone { Task.detached { [self] in repeat { bookWaiting() } while !isDone } }
        }
        return try result.get()
    }

    /// Nobody waits any more, and nobody leads.
    private var isDone: Bool {
        state.withLock { state in
            if state.waiting.isEmpty { state.isBusy = false }
            return !state.isBusy
        }
    }

    private func bookWaiting() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        let together = Result { () throws(StoreError) in try store.book(waiting.map(\.booking)) }
        for (index, (booking, resume)) in waiting.enumerated() {
            switch together {
            // What is wrong with one must not keep the others from being put down.
            case .failure where waiting.count > 1:
                resume.resume(returning: Result { () throws(StoreError) in try store.book([booking])[0] })
            default: resume.resume(returning: together.map { $0[index] })
            }
        }
    }
}
