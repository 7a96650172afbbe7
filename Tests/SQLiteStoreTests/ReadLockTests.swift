import CSQLite
import Glibc
import Persist
import Testing

@testable import SQLiteStore

/// The read lock that stays behind when its transaction ends.
@Suite struct ReadLockTests {
    private static let shared = SQLITE_SHM_LOCK | SQLITE_SHM_SHARED
    private static let unshared = SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED
    private static let exclusive = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE

    private static func kept(_ slot: Int32) -> ReadLock {
        var lock = ReadLock()
        lock.isKept = true
        #expect(lock.asked(slot, 1, shared) == .pass(releasing: nil))
        #expect(lock.asked(slot, 1, unshared) == .answer(SQLITE_OK))
        return lock
    }

    @Test("the next transaction has it without asking, and moves no place forward")
    func again() {
        var lock = Self.kept(4)
        #expect(lock.asked(4, 1, Self.exclusive) == .answer(SQLITE_BUSY))
        #expect(lock.asked(5, 1, Self.exclusive) == .answer(SQLITE_BUSY))
        #expect(lock.asked(4, 1, Self.shared) == .answer(SQLITE_OK))
        // In use: nothing is to be given back.
        #expect(lock.release() == nil)
        #expect(lock.asked(4, 1, Self.unshared) == .answer(SQLITE_OK))
        #expect(lock.release() == 4)
        #expect(lock.release() == nil)
    }

    @Test("what needs all readers gone, or another place, gets it back first", arguments: [(4, 4), (3, 1), (6, 1)])
    func others(slot: Int32, count: Int32) {
        var lock = Self.kept(slot == 6 ? 3 : 5)
        let flags = slot == 3 ? Self.shared : Self.exclusive
        #expect(lock.asked(slot, count, flags) == .pass(releasing: slot == 6 ? 3 : 5))
        #expect(lock.release() == nil)
    }

    @Test("who finds no place that will do, not even the kept one, is given all of them to try")
    func useless() {
        var lock = Self.kept(4)
        for slot: Int32 in 4...7 { #expect(lock.asked(slot, 1, Self.exclusive) == .answer(SQLITE_BUSY)) }
        #expect(lock.asked(4, 1, Self.exclusive) == .pass(releasing: 4))
        #expect(lock.asked(4, 1, Self.shared) == .pass(releasing: nil))
        // The next time round it is kept again.
        #expect(lock.asked(4, 1, Self.unshared) == .answer(SQLITE_OK))
        #expect(lock.asked(4, 1, Self.exclusive) == .answer(SQLITE_BUSY))
    }

    /// A lock that was taken in the moment in which the WAL began anew, and kept: no reader could begin any more until it was
    /// given back, and SQLite gave up after ten seconds ("locking protocol").
    @Test("R2 a kept lock that stands for what is not in the WAL any more keeps nobody from reading")
    func stale() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("blobs/a", [1, 2, 3])
        for _ in 0..<10 { _ = try store.find("blobs/a") }
        // The marks of the readers (sqlite.org/walformat.html, section 2.1), but for the first.
        let memory = open(file.path + "-shm", O_RDWR)
        try #require(memory >= 0)
        defer { close(memory) }
        let marks: [UInt32] = [1_000_000, 1_000_000, 1_000_000, 1_000_000]
        #expect(marks.withUnsafeBytes { pwrite(memory, $0.baseAddress, $0.count, 104) } == 16)
        #expect(try store.find("blobs/a").size == 3)
        try store.put("blobs/b", [1])
        #expect(try store.find("blobs/b").size == 1)
    }

    @Test("after some use it is given back, so that its place moves on")
    func uses() {
        var lock = Self.kept(4)
        var count = 0
        while lock.asked(4, 1, Self.shared) == .answer(SQLITE_OK),
            lock.asked(4, 1, Self.unshared) == .answer(SQLITE_OK)
        {
            count += 1
            #expect(count < 1_000)
        }
        #expect(count > 10)
        #expect(lock.release() == nil)
    }

    @Test("R13 another connection can empty the WAL soon after the store was read and written")
    func checkpoint() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("blobs/a", [1, 2, 3])
        for _ in 0..<10 { _ = try store.find("blobs/a") }
        var db: OpaquePointer?
        #expect(sqlite3_open(file.path, &db) == SQLITE_OK)
        defer { sqlite3_close(db) }
        sqlite3_busy_timeout(db, 1_000)
        // It has no WAL before it has read.
        #expect(sqlite3_exec(db, "SELECT count(*) FROM meta", nil, nil, nil) == SQLITE_OK)
        var (log, done): (Int32, Int32) = (-1, -1)
        #expect(sqlite3_wal_checkpoint_v2(db, nil, SQLITE_CHECKPOINT_TRUNCATE, &log, &done) == SQLITE_OK)
        #expect(log == 0 && done == 0)
        #expect(try store.find("blobs/a").size == 3)
    }
}
