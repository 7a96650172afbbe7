internal import CSQLite
import Glibc
internal import Persist

/// How a connection waits for another process's lock: in short pauses, to a deadline, announced to the session.
///
/// It is the connection's busy handler, so that no statement has to be written as a loop.
final class Patience: @unchecked Sendable {  // used by whoever holds the lock of its connection
    private let waits: any WaitObserver
    let deadline: Duration
    /// A shorter deadline, for what can do without.
    var limit: Duration?
    /// Told that a wait begins, and that it is over.
    var whenHeldUp: ((Bool) -> Void)?
    private var began = ContinuousClock.now
    private var isWaiting = false
    /// Whether the method that now runs may be given up.
    var isInterruptible = false
    /// When the last long wait for another process ended.
    private var heldUpUntil: ContinuousClock.Instant?
    private static let longWait = Duration.milliseconds(250)
    /// The last wait ended because the caller was interrupted.
    private(set) var wasInterrupted = false

    init(_ waits: any WaitObserver, milliseconds: Int) {
        self.waits = waits
        deadline = .milliseconds(milliseconds)
    }

    /// Pauses once. - Returns: whether to try again.
    fileprivate func pause(_ attempt: Int32) -> Bool {
        if !isWaiting {
            isWaiting = true
            wasInterrupted = false
            began = .now
            whenHeldUp?(true)
            waits.waitBegins()
        }
        if isInterruptible && waits.isInterrupted {
            wasInterrupted = true
            return false
        }
        if ContinuousClock.now - began > min(deadline, limit ?? deadline) { return false }
        // The lock is mostly free again after one commit, some 50 µs; a checkpoint holds it for milliseconds.
        usleep(attempt < 10 ? 50 : attempt < 30 ? 500 : 4_000)
        return true
    }

    /// The statement that waited is over, one way or the other.
    func ended() {
        guard isWaiting else { return }
        isWaiting = false
        let now = ContinuousClock.now
        if now - began >= min(Self.longWait, deadline) { heldUpUntil = now }
        whenHeldUp?(false)
        waits.waitEnds()
    }

    /// Whether the lock was to be had all the time for so long, as far as is known here.
    func hasBeenFree(for time: Duration) -> Bool { heldUpUntil.map { ContinuousClock.now - $0 > time } ?? true }

    func install(on handle: OpaquePointer) {
        sqlite3_busy_handler(
            handle,
            { context, attempt in
                Unmanaged<Patience>.fromOpaque(context!).takeUnretainedValue().pause(attempt) ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}
