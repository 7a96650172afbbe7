import Dispatch
import Synchronization

/// Runs asynchronous code to its end from a thread that may block: a mount must begin before the process has other
/// threads, so there is no asynchronous `main`. Not from a task.
public enum Awaiting {
    public static func run<R: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () async throws(Failure) -> R
    ) throws(Failure) -> R {
        let done = DispatchSemaphore(value: 0)
        let slot = Slot<R, Failure>()
        Task.detached {
            let result: Result<R, Failure>
            do throws(Failure) {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            slot.value.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = slot.value.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
        return try result.get()
    }

    private final class Slot<R: Sendable, Failure: Error>: Sendable {
        let value = Mutex<Result<R, Failure>?>(nil)
    }
}
