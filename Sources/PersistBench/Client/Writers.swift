internal import Glibc
internal import Synchronization

/// Many threads that do the same at once.
enum Writers {
    typealias Body = @Sendable (Int) throws(Failure) -> Samples

    /// Runs `body` in `count` threads; with one, in this. What they took together counts.
    static func run(_ count: Int, _ body: @escaping Body) throws(Failure) -> Samples {
        let start = now()
        var parts: [Samples] = []
        if count == 1 {
            parts = [try body(0)]
        } else {
            var threads: [(pthread_t, Work)] = []
            for number in 0..<count {
                let work = Work(number, body)
                threads.append((try spawn(work), work))
            }
            for (thread, _) in threads { pthread_join(thread, nil) }
            for (_, work) in threads { parts.append(try work.result()) }
        }
        return .joined(parts, total: now() - start)
    }

    private static func spawn(_ work: Work) throws(Failure) -> pthread_t {
        var thread = pthread_t()
        let number = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(work).toOpaque())
        guard number == 0 else { throw Failure("pthread_create: \(String(cString: strerror(number)))") }
        return thread
    }

    private final class Work: Sendable {
        private let number: Int
        private let body: Body
        private let outcome = Mutex<Result<Samples, Failure>?>(nil)

        init(_ number: Int, _ body: @escaping Body) {
            self.number = number
            self.body = body
        }

        func run() {
            let result: Result<Samples, Failure>
            do throws(Failure) { result = .success(try body(number)) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
        }

        func result() throws(Failure) -> Samples {
            guard let result = outcome.withLock({ $0 }) else { throw Failure("a thread ended without a result") }
            return try result.get()
        }
    }
}
