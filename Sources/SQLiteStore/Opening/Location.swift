internal import CLinux
import Glibc
internal import Persist

/// Where a store's file is, or is to be: looked at before SQLite does, so that errors say what to do.
///
/// The file is not opened here: closing it would let go of all locks that this process has on it (fcntl(2)).
struct Location {
    /// Absolute, without symbolic links: the files beside the store stand beside this.
    let path: String
    let exists: Bool
    let isEmpty: Bool
    let isWritable: Bool
    /// Nobody can write there, and nobody does: SQLite needs no files beside it.
    let isImmutable: Bool

    init(_ given: String) throws(StoreError) {
        let (directory, name) = Self.split(given)
        guard let realDirectory = Self.real(directory) else {
            throw StoreError.system(errno, "the directory \(directory) of the store")
        }
        let real = Self.real(given)
        path = real ?? (realDirectory == "/" ? "/" : realDirectory + "/") + name
        var found = stat()
        exists = stat(path, &found) == 0
        isEmpty = exists && found.st_size == 0
        guard exists || errno == ENOENT else { throw StoreError.system(errno, "cannot look at \(path)") }
        guard !exists || found.st_mode & S_IFMT == S_IFREG else {
            throw StoreError(
                found.st_mode & S_IFMT == S_IFDIR ? .isDirectory : .invalid,
                hint: "\(path) is no regular file: a store is one file")
        }
        // SQLite says no more than that it could not open the file.
        guard !exists || access(path, R_OK) == 0 else { throw StoreError.system(errno, "cannot read \(path)") }
        let folder = Self.split(path).directory
        isWritable = access(exists ? path : folder, W_OK) == 0 && access(folder, W_OK) == 0
        isImmutable = exists && access(folder, W_OK) != 0 && access(path + "-wal", F_OK) != 0
        try Self.refuseRemote(folder)
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let directory = String(path[..<slash])
        return (directory.isEmpty ? "/" : directory, String(path[path.utf8.index(after: slash)...]))
    }

    private static func real(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }

    /// SQLite's WAL needs memory that is shared by all who write: no network has that, and FUSE only sometimes.
    private static func refuseRemote(_ directory: String) throws(StoreError) {
        let name: String? =
            switch clinux_filesystem_type(directory) {
            case 0x6969: "NFS"
            case 0x6573_5546: "a FUSE filesystem"
            case 0xff53_4d42, 0xfe53_4d42, 0x517b: "a network share (SMB)"
            case 0x0102_1997: "a 9p share"
            default: nil
            }
        guard let name else { return }
        throw StoreError(
            .unsupported, hint: "\(directory) is on \(name), where a store can be damaged: use a local disk")
    }
}
