internal import Persist
internal import Synchronization

/// Where the answer to one request is awaited; the first one counts.
final class Reply: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Answer.Content, any Error>)
        case finished(Result<Answer.Content, StoreError>)
    }

    private let state = Mutex(State.open)

    func finish(_ result: Result<Answer.Content, StoreError>) {
        let continuation = state.withLock { state -> CheckedContinuation<Answer.Content, any Error>? in
            switch state {
            case .open:
                state = .finished(result)
                return nil
            case .awaited(let continuation):
                state = .finished(result)
                return continuation
            case .finished: return nil
            }
        }
        continuation?.resume(with: result.mapError { $0 as any Error })
    }

    /// Awaited once.
    func content() async throws -> Answer.Content {
        try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state -> Result<Answer.Content, StoreError>? in
                if case .finished(let result) = state { return result }
                state = .awaited(continuation)
                return nil
            }
            if let known { continuation.resume(with: known.mapError { $0 as any Error }) }
        }
    }
}
