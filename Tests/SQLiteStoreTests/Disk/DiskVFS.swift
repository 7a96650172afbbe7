import CSQLite
import Glibc
import Synchronization

/// SQLite's default VFS in this process: the unix VFS, with a `Disk` in between where one watches the directory.
///
/// Files in other directories are opened by the unix VFS itself.
enum DiskVFS {
    private static let disks = Mutex<[String: Disk]>([:])

    static func watch(_ disk: Disk) {
        _ = registered
        disks.withLock { $0[disk.directory] = disk }
    }

    static func forget(_ disk: Disk) { disks.withLock { $0[disk.directory] = nil } }

    fileprivate static func place(of path: String) -> (disk: Disk, name: String)? {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        guard let disk = disks.withLock({ $0[String(path[..<slash])] }) else { return nil }
        return (disk, String(path[path.utf8.index(after: slash)...]))
    }

    /// Set once, before anyone reads it, and never changed.
    fileprivate nonisolated(unsafe) static let unix: UnsafeMutablePointer<sqlite3_vfs> = sqlite3_vfs_find("unix")!

    private static let registered: Void = {
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: unix.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup("disk"))
        vfs.pointee.szOsFile += Int32(DiskFile.headerBytes)
        vfs.pointee.xOpen = { _, name, file, flags, outFlags in
            DiskVFS.open(name, file!, flags, outFlags)
        }
        vfs.pointee.xDelete = { _, name, syncsDirectory in DiskVFS.delete(name!, syncsDirectory) }
        precondition(sqlite3_vfs_register(vfs, 1) == SQLITE_OK, "SQLite takes no VFS")
    }()

    private static func open(
        _ path: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let path, let (disk, name) = place(of: String(cString: path)) else {
            return unix.pointee.xOpen(unix, path, file, flags, outFlags)
        }
        file.pointee.pMethods = nil
        let (code, number) = disk.open(name) { unix.pointee.xOpen(unix, path, file.real, flags, outFlags) }
        guard code == SQLITE_OK else { return code }
        let isJournal = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL) != 0
        file.attach(DiskFile(disk, number, syncsDirectory: isJournal && flags & SQLITE_OPEN_CREATE != 0))
        return SQLITE_OK
    }

    private static func delete(_ path: UnsafePointer<CChar>, _ syncsDirectory: Int32) -> Int32 {
        guard let (disk, name) = place(of: String(cString: path)) else {
            return unix.pointee.xDelete(unix, path, syncsDirectory)
        }
        return disk.delete(name, syncsDirectory: syncsDirectory != 0) {
            unix.pointee.xDelete(unix, path, syncsDirectory)
        }
    }
}
