internal import CLinux
import Glibc
internal import Persist

/// STORE-reserve: room on the disk that is given back when it is full, so that it can be emptied (R13).
///
/// SQLite can neither delete nor checkpoint on a full disk: both need room in the WAL first.
final class Reserve: Sendable {
    private let path: String
    private let bytes: UInt64

    init(path: String, bytes: UInt64) {
        self.path = path
        self.bytes = bytes
    }

    /// Makes it, or makes it larger where it is not whole: it never takes more than half of what is free, so that
    /// others can write too, and a disk that is nearly full has a small one rather than none.
    /// - Returns: whether it is whole.
    @discardableResult
    func fill() -> Bool {
        guard bytes > 0 else { return true }
        var found = stat()
        let there = stat(path, &found) == 0 ? UInt64(found.st_size) : 0
        guard there < bytes else { return true }
        var disk = statvfs()
        guard statvfs(Location.split(path).directory, &disk) == 0 else { return false }
        let size = min(bytes, (there + UInt64(disk.f_bavail) * UInt64(disk.f_frsize)) / 2)
        // Not a little more each second.
        guard size == bytes || size >= there + Self.step else { return false }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, off_t(size)) == 0 else {
            if there == 0 { unlink(path) } else { ftruncate(descriptor, off_t(there)) }
            return false
        }
        return size == bytes
    }

    private static let step: UInt64 = 1 << 20

    /// - Returns: whether there was something to give back.
    func spend() -> Bool { unlink(path) == 0 }

    func remove() { unlink(path) }
}
