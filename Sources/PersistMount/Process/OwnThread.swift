internal import Glibc
internal import CLinux

/// A named thread of our own.
struct OwnThread: ~Copyable {
    private let thread: pthread_t

    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> OwnThread {
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

    consuming func join() { pthread_join(thread, nil) }
    consuming func detach() { pthread_detach(thread) }

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
