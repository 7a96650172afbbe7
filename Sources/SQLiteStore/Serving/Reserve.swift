internal import CLinux
import Glibc
internal import Persist
import Synchronization

/// STORE-reserve: room on the disk that is given back when it is full, so that it can be emptied (R13).
///
/// SQLite can neither delete nor checkpoint on a full disk: both need room in the WAL first. What it is for beside the
/// blocks that `DiskRoom` keeps is said there.
final class Reserve: Sendable {
    private struct State {
        /// Zero: none is kept.
        var bytes: UInt64
        /// What it had when it was spent, and has to have again; 0 where it has not been.
        var owed: UInt64 = 0
    }
    private let path: String
    private let state: Mutex<State>

    init(path: String, bytes: UInt64) {
        self.path = path
        state = Mutex(State(bytes: bytes))
    }

    var isKept: Bool { state.withLock { $0.bytes > 0 } }

    /// Makes it, or makes it larger where it is not whole: it never takes more than half of what is free, so that
    /// others can write too, and a disk that is nearly full has a small one rather than none. What it had before it was
    /// spent it takes back in any case.
    /// - Returns: whether it is whole.
    func fill() -> Bool {
        state.withLock { state in
            let (there, free) = (size, freeBytes)
            guard there < state.bytes else { return true }
            guard takeBack(&state) else { return false }
            let size = min(state.bytes, (there + free) / 2)
            // Not a little more each second.
            guard size == state.bytes || size >= there + Self.step else { return false }
            return lengthen(from: there, to: size) && size == state.bytes
        }
    }

    /// Takes back what was spent, or what there is of it.
    /// - Returns: whether no more than a little is missing, which whoever spent it has made something of.
    func isWholeAgain() -> Bool { state.withLock { takeBack(&$0) } }

    private func takeBack(_ state: inout State) -> Bool {
        guard state.owed > 0 else { return true }
        let (there, free) = (size, freeBytes)
        let most = min(state.owed, there + free - min(free, Self.mapBytes))
        guard lengthen(from: there, to: most), state.owed - most < Self.step else { return false }
        state.owed = 0
        return true
    }

    /// - Returns: false where there is no room; then it is as before.
    private func lengthen(from there: UInt64, to size: UInt64) -> Bool {
        guard size > there else { return true }
        guard freeBytes >= size - there else { return false }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, off_t(size)) == 0 else {
            if there == 0 { unlink(path) } else { ftruncate(descriptor, off_t(there)) }
            return false
        }
        return true
    }

    private static let step: UInt64 = 1 << 20
    /// What the disk may need beside the blocks of a file, to note which they are.
    private static let mapBytes: UInt64 = 64 << 10

    private var size: UInt64 {
        var found = stat()
        return stat(path, &found) == 0 ? UInt64(found.st_size) : 0
    }

    private var freeBytes: UInt64 {
        var disk = statvfs()
        guard statvfs(Location.split(path).directory, &disk) == 0 else { return 0 }
        return UInt64(disk.f_bavail) * UInt64(disk.f_frsize)
    }

    /// - Returns: whether there was something to give back.
    func spend() -> Bool {
        state.withLock { state in
            let there = size
            guard unlink(path) == 0 else { return false }
            state.owed = max(state.owed, there)
            return there > 0
        }
    }

    /// From now on none is kept.
    func remove() {
        state.withLock { state in
            state = State(bytes: 0)
            unlink(path)
        }
    }
}
