internal import CLinux
internal import Glibc

/// A named thread of our own: what blocks on it blocks nobody else.
public struct OwnThread: ~Copyable {
    private let thread: pthread_t

    /// - Parameter name: as ps(1) shows it; 15 bytes of it.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> OwnThread {
        let context = Unmanaged.passRetained(Body(name, body))
        var thread = pthread_t()
        let number = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        precondition(number == 0, "pthread_create: \(errorText(number))")
        return OwnThread(thread: thread)
    }

    private init(thread: pthread_t) { self.thread = thread }

    public consuming func join() { pthread_join(thread, nil) }
    /// Nobody waits for its end.
    public consuming func detach() { pthread_detach(thread) }

    private final class Body: Sendable {
        private let name: String
        private let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            clinux_name_thread(name)
            body()
        }
    }
}
