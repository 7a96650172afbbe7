internal import CSQLite
internal import Persist
import Synchronization

/// Brings the WAL's pages into the file, before it grows past its bound; the file is never truncated while open.
///
/// SQLite up to 3.51.2 can lose committed pages where a checkpoint meets a commit that starts the WAL anew. So no
/// connection checkpoints by itself, and this one does so only while our writer holds the write lock of the file.
/// The WAL is synced before that lock is taken: it is held 2 ms instead of 8.
final class Checkpointer: @unchecked Sendable {  // the connection is used with the lock held
    private let walBytesMax: Int
    private let db: Connection
    private let lock = Lock()
    private var isClosed = false
    private let writer: Writer
    private let sync: WALSync
    private let log: @Sendable (String) -> Void
    /// Frames in the WAL after the last commit here, and after the last checkpoint.
    private let frames = Atomic<Int>(0)
    private let pinned = Atomic<Int>(0)
    private let pageBytes: Int

    init(
        _ db: Connection, writer: Writer, sync: WALSync, walBytesMax: Int,
        log: @escaping @Sendable (String) -> Void
    ) throws(StoreError) {
        self.db = db
        self.writer = writer
        self.sync = sync
        self.walBytesMax = walBytesMax
        self.log = log
        pageBytes = Int(try db.first("PRAGMA page_size") { $0.int(0) } ?? 8192)
    }

    /// SQLite calls back after each commit of the writer's connection.
    func watch() {
        sqlite3_wal_hook(
            writer.db.handle,
            { context, _, _, frames in
                Unmanaged<Checkpointer>.fromOpaque(context!).takeUnretainedValue()
                    .frames.store(Int(frames), ordering: .relaxed)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    var walBytes: Int { frames.load(ordering: .relaxed) * pageBytes }
    /// Bytes that no checkpoint could bring over, because somebody reads what was there before them.
    var pinnedBytes: Int { pinned.load(ordering: .relaxed) * pageBytes }

    var isDue: Bool { walBytes - pinnedBytes >= walBytesMax }

    func run() {
        lock.lock()
        defer { lock.unlock() }
        guard !isClosed else { return }
        do throws(StoreError) {
            try sync.sync()
            var (log, done): (Int32, Int32) = (0, 0)
            var code = SQLITE_OK
            try writer.excludingWriters { () throws(StoreError) in
                code = sqlite3_wal_checkpoint_v2(db.handle, nil, SQLITE_CHECKPOINT_PASSIVE, &log, &done)
            }
            guard code == SQLITE_OK || code & 0xff == SQLITE_BUSY else { throw db.error(code) }
            pinned.store(max(0, Int(log - done)), ordering: .relaxed)
            if log == done { frames.store(0, ordering: .relaxed) }
        } catch {
            log("checkpoint: \(error)")
            pinned.store(frames.load(ordering: .relaxed), ordering: .relaxed)
        }
    }

    func close() {
        lock.lock()
        defer { lock.unlock() }
        isClosed = true
        db.close()
    }
}
