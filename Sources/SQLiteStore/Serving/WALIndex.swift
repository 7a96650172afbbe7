internal import CSQLite
import Synchronization

internal import Persist

/// Tells commits of others from ours: by the header of the WAL-index, which all processes share
/// (sqlite.org/walformat.html, section 2.1), and by what SQLite tells of this connection's commits.
final class WALIndex: @unchecked Sendable {  // `folded` is used by whoever has the connection, with the lock held
    /// Of `iChange` in the header.
    private static let changeOffset = 8
    private static let regionBytes: Int32 = 32 << 10

    private let header: UInt
    private let committed = Atomic<Int>(0)
    private let counted = Atomic<Int>(0)
    /// What `change` was when everything of others had been folded in. nil: never yet.
    private var folded: UInt32?

    /// - Returns: nil where the connection has none: a file that is opened as one that nobody changes.
    init?(_ db: Connection) {
        var file: UnsafeMutablePointer<sqlite3_file>?
        // A transaction makes it open the index.
        guard (try? db.exists("SELECT 1 FROM sqlite_schema LIMIT 1")) != nil,
            sqlite3_file_control(db.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK,
            let file, let methods = file.pointee.pMethods, methods.pointee.iVersion >= 2,
            let map = methods.pointee.xShmMap
        else { return nil }
        var region: UnsafeMutableRawPointer?
        guard map(file, 0, Self.regionBytes, 0, &region) == SQLITE_OK, let region else { return nil }
        header = UInt(bitPattern: region)
        sqlite3_wal_hook(
            db.handle,
            { context, _, _, frames in
                Unmanaged<WALIndex>.fromOpaque(context!).takeUnretainedValue().committed(Int(frames))
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Counts the commits of all processes. Costs one load; until the connection is closed.
    private var change: UInt32 { csqlite_load_u32(UnsafeRawPointer(bitPattern: header)! + Self.changeOffset) }

    /// Nobody else has committed anything that has not been folded in.
    var isCurrent: Bool { change == folded }

    /// Runs `commit` while this connection has the write lock: nobody else commits meanwhile, so that what moves the
    /// count is ours, if it writes anything.
    ///
    /// - Parameter foldsIn: with this commit everything of others has been folded in.
    func committing(foldsIn: Bool, _ commit: () throws(StoreError) -> Void) throws(StoreError) {
        let before = change
        let isFolded = foldsIn || before == folded
        let commits = committed.load(ordering: .relaxed)
        try commit()
        let isWritten = commits != committed.load(ordering: .relaxed)
        if isFolded { folded = isWritten ? before &+ 1 : before }
    }

    /// There was nothing of others to fold in; with the write lock held.
    func foundNothing() { folded = change }

    /// Frames in the WAL after the last commit of this connection, or since somebody has set them.
    var frames: Int {
        get { counted.load(ordering: .relaxed) }
        set { counted.store(newValue, ordering: .relaxed) }
    }

    private func committed(_ frames: Int) {
        committed.add(1, ordering: .relaxed)
        counted.store(frames, ordering: .relaxed)
    }
}
