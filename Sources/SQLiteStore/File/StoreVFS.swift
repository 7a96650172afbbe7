internal import CSQLite
import Glibc

/// The VFS that our connections open their files with (sqlite.org/vfs.html): SQLite's default one, with a `VFSFile`
/// before the database and before its WAL. What other code in this process opens is not touched.
enum StoreVFS {
    /// For `sqlite3_open_v2`, once it is registered.
    static let name = "persistfs"

    /// Once in a process.
    static let registered: Void = {
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: below.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup(name))
        vfs.pointee.szOsFile = Int32(VFSFile.headerBytes)
        vfs.pointee.xOpen = { _, path, file, flags, outFlags in StoreVFS.open(path, file!, flags, outFlags) }
        vfs.pointee.xDelete = { _, path, syncs in below.pointee.xDelete(below, path, syncs) }
        vfs.pointee.xAccess = { _, path, flags, result in below.pointee.xAccess(below, path, flags, result) }
        vfs.pointee.xFullPathname = { _, path, count, full in below.pointee.xFullPathname(below, path, count, full) }
        let code = sqlite3_vfs_register(vfs, 0)
        precondition(code == SQLITE_OK, "SQLite takes no VFS")
    }()

    /// Asked for each time: tests put another one under this.
    private static var below: UnsafeMutablePointer<sqlite3_vfs> { sqlite3_vfs_find(nil) }

    private static func open(
        _ path: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        file.pointee.pMethods = nil
        let below = below
        let real = UnsafeMutableRawPointer.allocate(byteCount: Int(below.pointee.szOsFile), alignment: 16)
        memset(real, 0, Int(below.pointee.szOsFile))
        let realFile = real.assumingMemoryBound(to: sqlite3_file.self)
        let code = below.pointee.xOpen(below, path, realFile, flags, outFlags)
        guard realFile.pointee.pMethods != nil else {
            real.deallocate()
            return code
        }
        // Where there are methods it is to be closed, opened or not (sqlite.org/c3ref/io_methods.html).
        VFSFile(realFile, isWAL: flags & SQLITE_OPEN_WAL != 0).attach(to: file)
        return code
    }
}
