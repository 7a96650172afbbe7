internal import Glibc
internal import Linux

/// SIGTERM, SIGINT and SIGHUP end a mount as umount does.
///
/// They are blocked in every thread, and one thread waits for them: no code of ours ever runs in a signal handler.
enum Signals {
    private static let ending = [SIGTERM, SIGINT, SIGHUP]

    /// Before any other thread starts: threads inherit what is blocked. Children of this process do too; it has none.
    static func block() {
        var set = Self.set
        pthread_sigmask(SIG_BLOCK, &set, nil)
        // A client that is gone is an error of write(2), not the end of the mount.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Whoever starts this process may have it ignore the end of its children, which the kernel then reaps by itself:
    /// nobody could wait for one, and its number would soon be another's. A handler of the program's own stays.
    static func awaitsChildren() {
        var action = sigaction()
        // SA_NOCLDWAIT of sigaction(2).
        guard sigaction(SIGCHLD, nil, &action) == 0,
            action.sa_flags & 2 != 0
                || unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                    == unsafeBitCast(SIG_IGN, to: Int.self)
        else { return }
        signal(SIGCHLD, SIG_DFL)
    }

    /// Calls `body` with each signal's number, on a thread of its own, until the process ends.
    static func whenEnding(_ body: @escaping @Sendable (Int32) -> Void) {
        OwnThread.start("signals") {
            while true { body(wait()) }
        }.detach()
    }

    /// The same for a program that has threads already, which may let the signals through: a handler tells a pipe.
    static func whenCaught(_ body: @escaping @Sendable (Int32) -> Void) {
        guard let pipe = try? Pipe.make() else { return }
        caught = pipe.writing
        signal(SIGPIPE, SIG_IGN)
        for number in ending {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                write(Signals.caught, &byte, 1)
            }
        }
        OwnThread.start("signals") {
            var byte: UInt8 = 0
            while read(pipe.reading, &byte, 1) == 1 { body(Int32(byte)) }
        }.detach()
    }

    /// Written once, before the handler can run.
    nonisolated(unsafe) private static var caught: Int32 = -1

    /// The next of them.
    @discardableResult
    static func wait() -> Int32 {
        var set = Self.set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in ending { sigaddset(&set, number) }
        return set
    }
}
