internal import CLinux
internal import Glibc
internal import Linux
internal import Persist
internal import Synchronization

/// What other threads tell the one that serves the child.
final class Inbox: Sendable {
    enum Order: Sendable {
        case ask(UInt64, Job)
        /// Its caller no longer waits.
        case drop(UInt64)
        /// The consumer of a list has caught up.
        case room(UInt64)
        /// The child has ended.
        case ended
        /// nil: the child gets its usual time.
        case close(patience: Duration?)
    }

    private struct State {
        var orders: [Order] = []
        /// The thread is gone: nobody reads this any more.
        var isOver = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    /// An eventfd for poll(2), readable while there are orders; below 0 where there is none.
    let bell: Int32
    /// What `post` fails with.
    let refusal: StoreError
    private let state = Mutex(State())

    init() {
        bell = clinux_eventfd()
        refusal =
            bell >= 0
            ? StoreError(.interrupted, hint: "the adapter is closed")
            : StoreError(.tooManyOpen, hint: "the adapter cannot be used: eventfd: \(errorText(-bell))")
    }

    deinit {
        if bell >= 0 { close(bell) }
    }

    /// - Returns: false where nobody will ever see it.
    @discardableResult
    func post(_ order: Order) -> Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            state.orders.append(order)
            if state.orders.count == 1 { ring() }
            return true
        }
    }

    func take() -> [Order] {
        state.withLock { state in
            guard !state.orders.isEmpty else { return [] }
            var count: UInt64 = 0
            _ = read(bell, &count, 8)
            defer { state.orders = [] }
            return state.orders
        }
    }

    /// The thread takes no more orders.
    ///
    /// - Returns: those that it has not seen.
    func finish() -> [Order] {
        let (orders, closers) = state.withLock { state in
            state.isOver = true
            defer { (state.orders, state.closers) = ([], []) }
            return (state.orders, state.closers)
        }
        closers.forEach { $0.resume() }
        return orders
    }

    /// Returns when the thread is done.
    func finished() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.closers.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }
}

/// A request and who waits for it.
struct Job: Sendable {
    enum Caller: Sendable {
        case one(Reply)
        case list(ListBuffer)
    }

    let request: Request
    let caller: Caller

    func fail(_ error: StoreError) {
        let error = error.about(request.key)
        switch caller {
        case .one(let reply): reply.finish(.failure(error))
        case .list(let buffer): buffer.finish(error)
        }
    }
}
