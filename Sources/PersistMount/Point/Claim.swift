internal import Glibc
internal import Linux
internal import Synchronization

/// A lock on a mount point while a store is being mounted there: of several that come at once, one wins, and the others
/// see its mount. Without it they would lie on top of each other.
///
/// flock(2) on the directory itself: it leaves no file behind, and holds between users. Once something is mounted
/// there, its path leads to another directory.
final class Claim: Sendable {
    private let descriptor: Int32
    private let isOver = Atomic<Bool>(false)

    /// How long others may take to mount. 30 s.
    private static let waitMilliseconds = 30_000

    /// - Throws: `.busy` where another is mounting here for too long.
    init(_ path: String, shown: String) throws(MountFailure) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw MountFailure(ShownText.line(shown), errorText(errno), status: .mountPoint)
        }
        var waited = 0
        // A filesystem without locks: then there is none.
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
            guard waited < Self.waitMilliseconds else {
                throw MountFailure(
                    ShownText.line(shown), "something else is being mounted here, and does not come to an end",
                    status: .busy)
            }
            usleep(10_000)
            waited += 10
        }
    }

    /// Of one that could not be made too: its state is complete from the first line on.
    deinit { end() }

    /// The store is mounted, or will not be.
    func end() {
        if !isOver.exchange(true, ordering: .relaxed), descriptor >= 0 { close(descriptor) }
    }
}
