internal import CSpawn
internal import Glibc
internal import Linux

/// A file descriptor that is closed with its last reference.
///
/// A class: Swift 6.3 leaves out the deinit of a `~Copyable` struct that is assigned away through an optional
/// (`child?.input = nil`), and a pipe whose end stays open never ends.
final class Descriptor: Sendable {
    let number: Int32

    init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// For poll(2): no call on it waits.
    func setNonBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }

    /// As large as an unprivileged process may make a pipe: fewer switches between the two sides.
    func enlarge() { _ = fcntl(number, Self.setPipeSize, 1 << 20) }

    /// F_SETPIPE_SZ of <fcntl.h>.
    private static let setPipeSize: Int32 = 1031
}

/// A pipe, both ends closed on exec, and past the numbers that a child uses itself.
struct Pipe {
    let reading: Descriptor
    let writing: Descriptor

    init() throws(SystemFailure) {
        var ends: [Int32] = [-1, -1]
        let number = cspawn_pipe(&ends)
        guard number == 0 else { throw SystemFailure("it cannot be started, no pipe", number) }
        reading = Descriptor(Self.raise(ends[0]))
        writing = Descriptor(Self.raise(ends[1]))
        guard reading.number > 2, writing.number > 2 else {
            throw SystemFailure("it cannot be started, no pipe", errno)
        }
    }

    /// Where 0, 1 or 2 are closed in this process, a pipe gets their numbers, and would be in the way in the child.
    private static func raise(_ number: Int32) -> Int32 {
        guard number <= 2 else { return number }
        let raised = fcntl(number, F_DUPFD_CLOEXEC, 3)
        let failure = errno
        close(number)
        errno = failure
        return raised
    }
}

/// A system call that failed.
struct SystemFailure: Error {
    let text: String

    init(_ call: String, _ number: Int32) { text = "\(call): \(errorText(number))" }
}
