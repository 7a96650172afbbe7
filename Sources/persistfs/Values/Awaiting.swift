import Dispatch
import Synchronization

/// Runs asynchronous code to its end from a command, which is synchronous: a mount must begin before the process has
/// other threads, so there is no asynchronous `main`.
enum Awaiting {
    static func run<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) throws -> R {
        let done = DispatchSemaphore(value: 0)
        let slot = Slot<R>()
        Task.detached {
            let result: Result<R, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            slot.value.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = slot.value.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }

    private final class Slot<R: Sendable>: Sendable {
        let value = Mutex<Result<R, any Error>?>(nil)
    }
}
