internal import CSQLite
internal import Persist
import Synchronization

/// Brings the WAL's pages into the file, before it grows past its bound; the file is never truncated while open.
///
/// SQLite up to 3.51.2 can lose committed pages where a checkpoint meets a commit that starts the WAL anew. So no
/// connection checkpoints by itself, and this one does so only while our writer holds the write lock of the file.
///
/// Other programs wait for that lock, so little is done under it, in two rounds. First all pages are written, and
/// nothing is synced under the lock: the WAL was before it, the file is after it. Until that has happened a reader
/// pins the WAL, since a WAL that starts anew is the only other copy of those pages gone. Then the few pages that
/// came meanwhile follow, synced by SQLite itself, and the next writer may start the WAL anew.
final class Checkpointer: @unchecked Sendable {  // the connection is used with the lock held
    private let db: Connection
    /// Keeps the WAL from starting anew, by a read transaction.
    private let pin: Connection
    private let lock = Lock()
    private var isClosed = false
    /// The file could not be synced: nobody knows what of it is on the disk, so the WAL stays as it is.
    private var isBroken = false
    private let writer: Writer
    private let sync: WALSync
    private let log: @Sendable (String) -> Void
    /// Frames that the last checkpoint could not bring over.
    private let pinned = Atomic<Int>(0)
    private let pageBytes: Int
    private let room: DiskRoom

    init(
        _ db: Connection, pin: Connection, writer: Writer, sync: WALSync, room: DiskRoom,
        log: @escaping @Sendable (String) -> Void
    ) throws(StoreError) {
        self.db = db
        self.pin = pin
        self.writer = writer
        self.sync = sync
        self.room = room
        self.log = log
        pageBytes = Int(try db.first("PRAGMA page_size") { $0.int(0) } ?? 8192)
    }

    var walBytes: Int { (writer.index?.frames ?? 0) * pageBytes }
    /// Bytes that no checkpoint could bring over, because somebody reads what was there before them.
    var pinnedBytes: Int { pinned.load(ordering: .relaxed) * pageBytes }

    var isDue: Bool { walBytes - pinnedBytes >= room.walBytesDue }
    /// The next transaction waits for a checkpoint: programs write faster than the disk takes it, or there is not room
    /// for more (R13).
    var isFarBehind: Bool { walBytes - pinnedBytes >= room.walBytesMost }

    /// Where anything has been written since the last, which makes the WAL's blocks free again.
    /// - Returns: whether there was.
    @discardableResult
    func runIfAny() -> Bool {
        guard walBytes > pinnedBytes else { return false }
        run()
        return true
    }

    /// All of the WAL into the file, which may have lost its name, and nothing left in the WAL.
    /// - Returns: whether that is so.
    func finish() -> Bool {
        run()
        lock.lock()
        defer { lock.unlock() }
        guard !isClosed, !isBroken else { return false }
        // SQLite holds the lock of writers for this by itself.
        var (log, done): (Int32, Int32) = (-1, -1)
        let code = sqlite3_wal_checkpoint_v2(db.handle, nil, SQLITE_CHECKPOINT_TRUNCATE, &log, &done)
        return code == SQLITE_OK && log == done
    }

    func run() {
        lock.lock()
        defer { lock.unlock() }
        runAlone()
    }

    /// For who has to wait for one: what another thread has done meanwhile is not done again.
    func runIfFarBehind() {
        lock.lock()
        defer { lock.unlock() }
        if isFarBehind { runAlone() }
    }

    private func runAlone() {
        guard !isClosed, !isBroken else { return }
        do throws(StoreError) {
            try writePages()
            try sync.sync()
            var (log, done): (Int32, Int32) = (0, 0)
            try writer.excludingWriters { () throws(StoreError) in
                try pin.execute("COMMIT")
                (log, done) = try backfill()
            }
            pinned.store(max(0, Int(log - done)), ordering: .relaxed)
            if log == done { writer.index?.frames = 0 }
        } catch {
            log("checkpoint: \(error)")
            pinned.store((writer.index?.frames ?? 0), ordering: .relaxed)
        }
    }

    /// The first round. Ends with the file synced and the WAL still pinned.
    ///
    /// Where the file cannot be synced it stays so: nothing that only the WAL has for certain may be overwritten.
    private func writePages() throws(StoreError) {
        if !pin.isInTransaction {
            try pin.execute("BEGIN")
            _ = try pin.exists("SELECT 1 FROM meta LIMIT 1")
        }
        try sync.sync()
        try writer.excludingWriters { () throws(StoreError) in
            try db.execute("PRAGMA synchronous = OFF")
            defer { _ = try? db.execute("PRAGMA synchronous = NORMAL") }
            _ = try backfill()
        }
        try syncFile()
    }

    /// - Returns: the frames in the WAL, and how many of them are in the file.
    private func backfill() throws(StoreError) -> (Int32, Int32) {
        var (log, done): (Int32, Int32) = (0, 0)
        let code = sqlite3_wal_checkpoint_v2(db.handle, nil, SQLITE_CHECKPOINT_PASSIVE, &log, &done)
        guard code == SQLITE_OK || code & 0xff == SQLITE_BUSY else { throw db.error(code) }
        return (log, done)
    }

    private func syncFile() throws(StoreError) {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(db.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file)
        guard code == SQLITE_OK, let file, let methods = file.pointee.pMethods else { throw db.error(code) }
        let result = methods.pointee.xSync(file, SQLITE_SYNC_NORMAL)
        guard result == SQLITE_OK else {
            isBroken = true
            throw StoreError(.io, code: result, hint: "the disk failed to write the store's file")
        }
    }

    func close() {
        lock.lock()
        defer { lock.unlock() }
        isClosed = true
        pin.close()
        db.close()
    }
}
