internal import Glibc

/// A thread that is waited for.
struct OwnThread {
    private let thread: pthread_t

    static func start(_ body: @escaping @Sendable () -> Void) throws(Failure) -> OwnThread {
        var thread = pthread_t()
        let number = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(Body(body)).toOpaque())
        guard number == 0 else { throw Failure("pthread_create: \(String(cString: strerror(number)))") }
        return OwnThread(thread: thread)
    }

    func join() { pthread_join(thread, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
