internal import CSQLite
import Glibc
internal import Persist

/// A copy of the store's file, page by page, whatever is on the pages.
///
/// By SQLite, over the connection that holds the file: a descriptor of our own would, when it is closed, let go of all
/// locks that this process has on it (fcntl(2)).
struct StoreBackup {
    let target: String

    /// The first free one of `STORE.before-repair`, `STORE.before-repair-2`, …
    static func path(beside store: String) -> String {
        let stem = store + ".before-repair"
        var path = stem
        var number = 1
        while access(path, F_OK) == 0 {
            number += 1
            path = "\(stem)-\(number)"
        }
        return path
    }

    /// Complete on the disk, under its name, when this returns.
    ///
    /// - Throws: `.exists`; `.full` before anything is written where there is no room for it.
    func make(from db: Connection) throws(StoreError) {
        guard access(target, F_OK) != 0 else { throw StoreError(.exists, hint: "\(target) is there already") }
        try requireRoom(for: db)
        let partial = target + ".part"
        unlink(partial)
        defer { unlink(partial) }
        try copy(db, to: partial)
        try SQLiteStore.syncFile(partial, O_RDONLY)
        guard rename(partial, target) == 0 else { throw StoreError.system(errno, "cannot make \(target)") }
        try SQLiteStore.syncFile(Location.split(target).directory, O_RDONLY | O_DIRECTORY)
    }

    private func requireRoom(for db: Connection) throws(StoreError) {
        let pages = try db.first("PRAGMA page_count") { $0.int(0) } ?? 0
        let bytes = UInt64(pages * (try db.first("PRAGMA page_size") { $0.int(0) } ?? 0))
        var disk = statvfs()
        guard statvfs(Location.split(target).directory, &disk) == 0 else {
            throw StoreError.system(errno, "cannot make \(target)")
        }
        guard UInt64(disk.f_bavail) * UInt64(disk.f_frsize) > bytes else {
            throw StoreError(
                .full,
                hint: "no room for a copy of \(bytes >> 20) MiB at \(target): --backup FILE puts it elsewhere, "
                    + "--no-backup goes without")
        }
    }

    private func copy(_ db: Connection, to path: String) throws(StoreError) {
        let copy = try Connection(
            path: path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
            patience: Patience(PatientWaiting(), milliseconds: 0))
        defer { copy.close() }
        guard let backup = sqlite3_backup_init(copy.handle, "main", db.handle, "main") else {
            throw copy.error(sqlite3_errcode(copy.handle))
        }
        let code = sqlite3_backup_step(backup, -1)
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw copy.error(code) }
    }
}
