internal import Synchronization

/// Many threads that do the same at once.
enum Writers {
    typealias Body = @Sendable (Int) throws(Failure) -> Samples

    /// Runs `body` in `count` threads; with one, in this. What they took together counts.
    static func run(_ count: Int, _ body: @escaping Body) throws(Failure) -> Samples {
        let start = now()
        if count == 1 { return .joined([try body(0)], total: now() - start) }
        let outcomes = (0..<count).map { _ in Outcome() }
        var threads: [OwnThread] = []
        for (number, outcome) in outcomes.enumerated() {
            threads.append(
                try .start {
                    let result: Result<Samples, Failure>
                    do throws(Failure) { result = .success(try body(number)) } catch { result = .failure(error) }
                    outcome.result.withLock { $0 = result }
                })
        }
        for thread in threads { thread.join() }
        let total = now() - start
        var parts: [Samples] = []
        for outcome in outcomes {
            guard let result = outcome.result.withLock({ $0 }) else { throw Failure("a thread ended without a result") }
            parts.append(try result.get())
        }
        return .joined(parts, total: total)
    }

    private final class Outcome: Sendable {
        let result = Mutex<Result<Samples, Failure>?>(nil)
    }
}
