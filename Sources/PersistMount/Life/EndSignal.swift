internal import Glibc

/// Waits in the foreground until the user or the system ends the program; then it can clean up.
public struct EndSignal: Sendable {
    /// Before the process has other threads.
    public init() { Signals.block() }

    /// Returns at SIGINT, SIGTERM or SIGHUP.
    public func wait() { Signals.wait() }

    /// Ends `wait` from another thread.
    public func raise() { kill(getpid(), SIGTERM) }
}
