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

    /// Makes it, unless it is there. - Returns: false where there is no room.
    func fill() -> Bool {
        guard bytes > 0, access(path, F_OK) != 0 else { return true }
        // Not the last bytes of the disk: then nobody else could write.
        var disk = statvfs()
        guard statvfs(Location.split(path).directory, &disk) == 0,
            UInt64(disk.f_bavail) * UInt64(disk.f_frsize) > bytes * 2
        else { return false }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno == EEXIST }
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, off_t(bytes)) == 0 else {
            unlink(path)
            return false
        }
        return true
    }

    /// - Returns: whether there was something to give back.
    func spend() -> Bool { unlink(path) == 0 }

    func remove() { unlink(path) }
}
