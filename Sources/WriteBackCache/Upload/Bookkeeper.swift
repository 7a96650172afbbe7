internal import Linux
import Persist
import SQLiteStore
import Synchronization

/// Puts down what becomes of uploads: what comes while a transaction is under way goes into the next one together. On a thread
/// of its own while there is anything, which waits for the disk.
final class Bookkeeper: Sendable {
    private typealias Waiting = (booking: FarBooking, resume: CheckedContinuation<Result<Bool, StoreError>, Never>)

    private struct State {
        var waiting: [Waiting] = []
        var isBusy = false
    }

    private let store: SQLiteStore
    private let state = Mutex(State())

    init(_ store: SQLiteStore) { self.store = store }

    /// Returns when it is in the store: whether it has been done (`FarBooking.begun`). What is put down before something is
    /// sent is on the disk then, with all that was committed before it.
    @discardableResult
    func book(_ booking: FarBooking) async throws(StoreError) -> Bool {
        let result = await withCheckedContinuation { continuation in
            let leads = state.withLock { state in
                state.waiting.append((booking, continuation))
                defer { state.isBusy = true }
                return !state.isBusy
            }
            guard leads else { return }
            OwnThread.start("persist-books") { [self] in repeat { bookWaiting() } while !isDone }.detach()
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
        let together = Result { () throws(StoreError) in try book(waiting.map(\.booking)) }
        for (index, (booking, resume)) in waiting.enumerated() {
            switch together {
            // What is wrong with one must not keep the others from being put down.
            case .failure where waiting.count > 1:
                resume.resume(returning: Result { () throws(StoreError) in try book([booking])[0] })
            default: resume.resume(returning: together.map { $0[index] })
            }
        }
    }

    private func book(_ bookings: [FarBooking]) throws(StoreError) -> [Bool] {
        let done = try store.book(bookings)
        if bookings.contains(where: \.isBeforehand) { try store.sync() }
        return done
    }
}

extension FarBooking {
    /// Something is sent next.
    fileprivate var isBeforehand: Bool {
        switch self {
        case .begun, .doubted: true
        case .ended, .uploading, .sentPart, .endedUpload, .sentLong: false
        }
    }
}
