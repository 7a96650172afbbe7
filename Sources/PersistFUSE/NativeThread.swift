import CLinux
import Glibc

/// A pthread with a name, which its owner joins.
struct NativeThread: Sendable {
    private let thread: pthread_t

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: at most 15 bytes show.
    /// - Returns: nil where the system has no thread left to give.
    ///
    /// Signals are blocked in it, since they are for the threads of the program; but not those by which code of its
    /// own crashes, which would then die without a word.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> NativeThread? {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        for crash in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT] { sigdelset(&all, crash) }
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { raw in
                let start = Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue()
                clinux_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard failure == 0 else {
            start.release()
            return nil
        }
        return NativeThread(thread: thread)
    }

    /// Once only.
    func join() { pthread_join(thread, nil) }

    /// While it has not been joined.
    func send(_ signal: Int32) { pthread_kill(thread, signal) }
}
