internal import CSQLite
import Glibc
internal import Persist

/// fsync(2): what has been committed is made to survive loss of power, by xSync of the WAL.
///
/// On a connection kept for that. Calls that come while one runs share the next.
final class WALSync: @unchecked Sendable {  // the state is used with the lock held, the connection by one leader
    private let db: Connection
    /// Opened at the beginning: it may have another name by the time that it is synced.
    private var directory: Int32
    private let lock = Lock()
    private var started = 0
    private var completed = 0
    private var isRunning = false
    private var failure: StoreError?
    private var hasSyncedDirectory = false
    private var hasOpenedWAL = false
    private var syncs = 0

    init(_ db: Connection, directory: String) {
        self.db = db
        self.directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }

    /// How many times the disk was asked. For tests.
    var count: Int {
        lock.lock()
        defer { lock.unlock() }
        return syncs
    }

    /// - Throws: `.io`, and from then on always: after a failed fsync nobody knows what is on the disk. An error
    ///   before the disk was asked to sync is the one caller's: nothing was lost by it.
    func sync() throws(StoreError) {
        lock.lock()
        // The next one to start has everything that was committed before this call.
        let mine = started + 1
        while completed < mine && failure == nil {
            if isRunning {
                lock.wait()
                continue
            }
            isRunning = true
            started += 1
            let number = started
            lock.unlock()
            let outcome = syncNow()
            lock.lock()
            isRunning = false
            lock.wakeAll()
            switch outcome {
            case .synced: completed = number
            case .failed(let error): failure = error
            case .notAsked(let error):
                lock.unlock()
                throw error
            }
            syncs += 1
        }
        let failed = completed < mine ? failure : nil
        lock.unlock()
        if let failed { throw failed }
    }

    private enum Outcome {
        case synced
        case failed(StoreError)
        case notAsked(StoreError)
    }

    private func syncNow() -> Outcome {
        let wal: UnsafeMutablePointer<sqlite3_file>
        do throws(StoreError) { wal = try openWAL() } catch { return .notAsked(error) }
        let result = wal.pointee.pMethods.pointee.xSync(wal, SQLITE_SYNC_NORMAL)
        guard result == SQLITE_OK else {
            return .failed(
                StoreError(
                    .io, code: result,
                    hint: "the disk failed to write the store: what was synced before is safe, the rest may be lost"))
        }
        do throws(StoreError) { try syncDirectory() } catch { return .failed(error) }
        return .synced
    }

    private func openWAL() throws(StoreError) -> UnsafeMutablePointer<sqlite3_file> {
        // A read makes the connection open the WAL. It stays the same one then: only the last connection of all
        // processes takes it away.
        if !hasOpenedWAL { _ = try db.exists("SELECT 1 FROM meta LIMIT 1") }
        var file: UnsafeMutablePointer<sqlite3_file>?
        let code = sqlite3_file_control(db.handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file)
        guard code == SQLITE_OK, let file, file.pointee.pMethods != nil else {
            throw StoreError(.io, code: code, hint: "the store's WAL cannot be reached")
        }
        hasOpenedWAL = true
        return file
    }

    /// Once: the names of the file and of its WAL.
    private func syncDirectory() throws(StoreError) {
        guard !hasSyncedDirectory else { return }
        guard fsync(directory) == 0 else { throw StoreError.system(errno, "cannot sync the store's directory") }
        hasSyncedDirectory = true
    }

    func close() {
        lock.lock()
        while isRunning { lock.wait() }
        failure = failure ?? Writer.closed
        db.close()
        if directory >= 0 { Glibc.close(directory) }
        directory = -1
        lock.unlock()
    }
}
