import Synchronization

/// A value that several tasks may give: the first counts, and one task waits for it.
final class First<Value: Sendable>: Sendable {
    private enum State {
        case open(CheckedContinuation<Value, Never>?)
        case given(Value)
        case taken
    }
    private let state = Mutex(State.open(nil))

    func give(_ value: Value) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, Never>? in
            guard case .open(let waiting) = state else { return nil }
            state = waiting == nil ? .given(value) : .taken
            return waiting
        }
        waiting?.resume(returning: value)
    }

    /// Once.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let value = state.withLock { state -> Value? in
                    guard case .given(let value) = state else {
                        state = .open(continuation)
                        return nil
                    }
                    state = .taken
                    return value
                }
                if let value { continuation.resume(returning: value) }
            }
        }
    }
}
