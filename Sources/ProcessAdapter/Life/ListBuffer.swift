internal import Persist
internal import Synchronization

/// Items of one list on their way from the thread that reads them to the consumer, bounded.
final class ListBuffer: Sendable {
    struct Item: Sendable {
        let key: StoreKey
        let value: ValueText
        /// Of its line, and what keeping it costs.
        let bytes: Int
    }

    enum Level {
        case room
        case full
        case hopeless
    }

    private struct State {
        /// Those before `taken` have been taken.
        var items: [Item] = []
        var taken = 0
        var bytes = 0
        var isFull = false
        var end: Result<Void, StoreError>?
        var consumer: CheckedContinuation<Item?, any Error>?
    }

    private let state = Mutex(State())
    private let bytesFull: Int
    private let bytesMax: Int
    /// Called on the consumer's thread when half of a full buffer has been taken.
    private let onRoom: @Sendable () -> Void

    init(options: ProcessAdapterOptions, onRoom: @escaping @Sendable () -> Void) {
        bytesFull = options.listBufferBytes
        bytesMax = max(options.listBufferBytesMax, options.listBufferBytes)
        self.onRoom = onRoom
    }

    /// - Returns: how full it is now; of each change it is told once.
    func push(_ item: Item) -> Level? {
        let (consumer, level) = state.withLock { state -> (CheckedContinuation<Item?, any Error>?, Level?) in
            guard state.end == nil else { return (nil, nil) }
            if let consumer = state.consumer {
                state.consumer = nil
                return (consumer, nil)
            }
            state.items.append(item)
            state.bytes += item.bytes
            if state.bytes > bytesMax { return (nil, .hopeless) }
            guard !state.isFull, state.bytes > bytesFull else { return (nil, nil) }
            state.isFull = true
            return (nil, .full)
        }
        consumer?.resume(returning: item)
        return level
    }

    /// What is here already is still given.
    func finish(_ error: StoreError?) {
        let consumer = state.withLock { state -> CheckedContinuation<Item?, any Error>? in
            guard state.end == nil else { return nil }
            state.end = error.map { .failure($0) } ?? .success(())
            defer { state.consumer = nil }
            return state.consumer
        }
        if let error { consumer?.resume(throwing: error) } else { consumer?.resume(returning: nil) }
    }

    /// Nil at the end. One consumer, one call at a time.
    func next() async throws -> Item? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Found {
                    case item(Item, hasRoom: Bool)
                    case end(Result<Void, StoreError>)
                    case nothing
                }
                let found = state.withLock { state -> Found in
                    if state.taken < state.items.count { return .item(takeFirst(&state), hasRoom: hasRoom(&state)) }
                    if let end = state.end { return .end(end) }
                    precondition(state.consumer == nil, "a list has one consumer")
                    state.consumer = continuation
                    return .nothing
                }
                switch found {
                case .item(let item, let hasRoom):
                    if hasRoom { onRoom() }
                    continuation.resume(returning: item)
                case .end(.success): continuation.resume(returning: nil)
                case .end(.failure(let error)): continuation.resume(throwing: error)
                case .nothing: break
                }
            }
        } onCancel: {
            finish(StoreError(.interrupted, hint: "the listing was given up"))
        }
    }

    private func takeFirst(_ state: inout State) -> Item {
        let item = state.items[state.taken]
        state.taken += 1
        state.bytes -= item.bytes
        if state.taken == state.items.count || state.taken >= max(256, state.items.count / 2) {
            state.items.removeFirst(state.taken)
            state.taken = 0
        }
        return item
    }

    private func hasRoom(_ state: inout State) -> Bool {
        guard state.isFull, state.bytes <= bytesFull / 2 else { return false }
        state.isFull = false
        return state.end == nil
    }
}
