internal import Glibc

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

    /// Calls `body` with each signal's number, on a thread of its own, until the process ends.
    static func whenEnding(_ body: @escaping @Sendable (Int32) -> Void) {
        OwnThread.start("signals") {
            while true { body(wait()) }
        }.detach()
    }

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
