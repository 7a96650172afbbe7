import CLinux
import Glibc

/// The signal that wakes a thread out of its wait for a request, with a handler that does nothing.
///
/// libfuse cancels its threads instead, which would end Swift code anywhere. The handler is there only while a mount
/// that is in use is cut off; closing the device would not wake its readers.
enum WakeUp {
    static var signal: Int32 { __libc_current_sigrtmin() }

    /// Lets the signal through to the calling thread.
    static func admit() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, signal)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// - Returns: what was done at this signal before.
    static func install() -> sigaction {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        // Without SA_RESTART: read(2) is to come back.
        var before = sigaction()
        sigaction(signal, &action, &before)
        return before
    }

    static func restore(_ before: sigaction) {
        var before = before
        sigaction(signal, &before, nil)
    }
}
