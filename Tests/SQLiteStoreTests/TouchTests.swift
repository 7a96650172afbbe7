import Glibc
import Linux
import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import Testing

/// Times of directories that wait in memory for the next transaction.
@Suite("Times of directories")
struct TouchTests {
    private static let clock = Timestamp(seconds: 1_700_000_000, nanoseconds: 0)

    private func creation(
        _ store: SQLiteStore, _ path: String, _ kind: Node.Kind, at seconds: Int
    ) throws -> Creation {
        let place = try store.place(path)
        return Creation(
            id: try store.reserveNodeID(), parent: place.parent, name: place.name, kind: kind, mode: nil, uid: nil,
            gid: nil, time: Self.clock.later(by: seconds))
    }

    private func makeDirectory(_ store: SQLiteStore, _ path: String) throws {
        _ = try store.create(try creation(store, path, .directory, at: -1))
    }

    private func make(_ store: SQLiteStore, _ path: String, at seconds: Int) throws {
        let creation = try creation(store, path, .file, at: seconds)
        let content = Publication.Content.bytes([UInt8](repeating: 7, count: 100))
        _ = try store.publish(
            Publication(node: creation.id, creation: creation, content: content, mtime: creation.time))
    }

    /// Files of 100 B, each a second younger than the one before.
    private func fill(_ store: SQLiteStore, _ directory: String, _ numbers: Range<Int>) throws -> Timestamp {
        for number in numbers { try make(store, "\(directory)/\(number)", at: number) }
        return Self.clock.later(by: numbers.upperBound - 1)
    }

    private func times(_ store: SQLiteStore, _ directory: String) throws -> [Timestamp] {
        let node = try store.find(directory)
        return [node.mtime, node.ctime]
    }

    /// As another program sees it: mtime and ctime of the row.
    private func row(_ file: StoreFile, _ name: String) throws -> [String] {
        try Foreign(file.path).run("SELECT mtime || ' ' || ctime FROM node WHERE CAST(name AS TEXT) = '\(name)'")
    }

    @Test("a small file's commit writes its own pages and not its directory's, whose times show at once")
    func newFilesLeaveDirectory() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try makeDirectory(store, "blobs/d")
        _ = try fill(store, "blobs/d", 0..<200)
        let before = try size(file)
        let last = try fill(store, "blobs/d", 200..<400)
        // Of the node and of its name; now and then a page splits, and each second a directory is written.
        let frames = Double(try size(file) - before) / (8_192 + 24) / 200
        #expect(frames < 2.4, "\(frames) pages a file")
        #expect(try times(store, "blobs/d") == [last, last])
        // Whoever lists the directory above reads the row elsewhere.
        let blobs = try store.find("blobs")
        let listed = try store.list(blobs.id, after: 0, limit: 10).map(\.node.mtime)
        #expect(listed == [last])
    }

    private func size(_ file: StoreFile) throws -> Int {
        var status = stat()
        try #require(stat(file.path + "-wal", &status) == 0)
        return Int(status.st_size)
    }

    @Test("within a second the row has them, and before any other change")
    func written() async throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try makeDirectory(store, "blobs/d")
        let last = try fill(store, "blobs/d", 0..<3)
        let wanted = ["\(last.nanoseconds) \(last.nanoseconds)"]
        try await eventually("the row has the times") { try row(file, "d") == wanted }
        let next = try fill(store, "blobs/d", 3..<4)
        let old = Timestamp(nanoseconds: 1_000_000_000)
        _ = try store.setAttributes(
            store.find("blobs/d").id, AttributeChange(mtime: old, time: next.later(by: 1)))
        #expect(try times(store, "blobs/d") == [old, next.later(by: 1)])
        #expect(try row(file, "d") == ["\(old.nanoseconds) \(next.later(by: 1).nanoseconds)"])
    }

    @Test("R2 a mount that was killed before it wrote them leaves the files, which say what they were")
    func recovered() throws {
        let file = try StoreFile()
        let store = try file.open()
        try makeDirectory(store, "blobs/d")
        try makeDirectory(store, "blobs/given")
        try makeDirectory(store, "kv/k")
        let given = try fill(store, "blobs/given", 0..<9)
        // As tar and rsync do when a directory is done: it is to stay.
        let old = Timestamp(nanoseconds: 1_000_000_000)
        _ = try store.setAttributes(
            store.find("blobs/given").id, AttributeChange(mtime: old, time: given.later(by: 1)))
        let last = try fill(store, "blobs/d", 0..<1_500)
        let lastValue = try fill(store, "kv/k", 0..<7)
        store.abandon()
        let next = try file.open()
        defer { next.close() }
        #expect(try times(next, "blobs/d") == [last, last])
        #expect(try times(next, "kv/k") == [lastValue, lastValue])
        #expect(try times(next, "blobs/given") == [old, given.later(by: 1)])
        #expect(try next.check() == [])
    }

    @Test("R9 another mount that comes reads them in the row, and so from then on")
    func shared() async throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try makeDirectory(store, "blobs/d")
        _ = try fill(store, "blobs/d", 0..<5)
        let other = try file.open()
        defer { other.close() }
        let last = try fill(store, "blobs/d", 5..<6)
        #expect(try times(other, "blobs/d") == [last, last])
        let more = try fill(other, "blobs/d", 6..<9)
        #expect(try times(store, "blobs/d") == [more, more])
    }

    @Test("R9 a mount that has read a directory's row is told when times that waited are written")
    func peerIsTold() async throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try makeDirectory(store, "blobs/d")
        let last = try fill(store, "blobs/d", 0..<5)
        let other = try file.open()
        defer { other.close() }
        let observed = Observed()
        other.observe(observed)
        let node = try other.find("blobs/d")
        guard node.mtime != last else { return }
        try await eventually("it is told") { observed.changes.contains(.attributes(node.id)) }
        #expect(try times(other, "blobs/d") == [last, last])
    }

    @Test("a file that was made before another, and is published after it, moves the times back for everybody alike")
    func outOfOrder() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try makeDirectory(store, "blobs/d")
        try make(store, "blobs/d/b", at: 10)
        try make(store, "blobs/d/a", at: 5)
        let shown = Self.clock.later(by: 5)
        #expect(try times(store, "blobs/d") == [shown, shown])
        #expect(try store.list(store.find("blobs").id, after: 0, limit: 9).map(\.node.mtime) == [shown])
        #expect(try row(file, "d") == ["\(shown.nanoseconds) \(shown.nanoseconds)"])
    }

    @Test("whoever reads while the times are written never sees older ones")
    func neverOlder() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        defer { store.close() }
        try makeDirectory(store, "blobs/d")
        let kv = try store.find("kv").id
        let (blobs, d) = (try store.find("blobs").id, try store.find("blobs/d").id)
        let state = Reading()
        func read(_ time: @escaping @Sendable () throws -> Timestamp?) -> OwnThread {
            OwnThread.start("reader") {
                while !state.isDone.load(ordering: .acquiring) {
                    let least = state.published.load(ordering: .acquiring)
                    if let found = try? time(), found.nanoseconds < least { state.older.add(1, ordering: .relaxed) }
                }
            }
        }
        let first = read { try store.node(d).mtime }
        let second = read { try store.list(blobs, after: 0, limit: 9).first?.node.mtime }
        let third = read { try store.list(blobs, after: 0, limit: 9).first?.node.mtime }
        for number in 0..<800 {
            try make(store, "blobs/d/\(number)", at: number)
            state.published.store(Self.clock.later(by: number).nanoseconds, ordering: .releasing)
            // Of another directory: it has what waits written.
            _ = try store.setAttributes(kv, AttributeChange(mtime: Self.clock, time: Self.clock.later(by: number)))
            try store.put("kv/\(number)", "1")
        }
        state.isDone.store(true, ordering: .releasing)
        first.join()
        second.join()
        third.join()
        #expect(state.older.load(ordering: .relaxed) == 0)
    }
}

/// What a thread that writes and some that read have in common.
private final class Reading: Sendable {
    let published = Atomic<Int64>(0)
    let isDone = Atomic(false)
    let older = Atomic(0)
}

extension Timestamp {
    fileprivate func later(by seconds: Int) -> Timestamp {
        Timestamp(nanoseconds: nanoseconds + Int64(seconds) * 1_000_000_000)
    }
}
