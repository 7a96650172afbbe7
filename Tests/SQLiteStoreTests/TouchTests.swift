import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

/// Times of directories that wait in memory for the next transaction.
@Suite("Times of directories")
struct TouchTests {
    /// `count` files of 100 B, each a second younger than the one before.
    private func fill(_ store: SQLiteStore, _ directory: String, _ numbers: Range<Int>) throws -> Timestamp {
        var time = SQLiteStore.clock
        for number in numbers {
            let place = try store.place("\(directory)/\(number)")
            time = SQLiteStore.clock.later(by: number)
            let creation = Creation(
                id: try store.reserveNodeID(), parent: place.parent, name: place.name, kind: .file, mode: nil, uid: nil,
                gid: nil, time: time)
            _ = try store.publish(
                Publication(
                    node: creation.id, creation: creation, content: .bytes([UInt8](repeating: 7, count: 100)),
                    mtime: time))
        }
        return time
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
        try store.make("blobs/d", .directory)
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
        try store.make("blobs/d", .directory)
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
        try store.make("blobs/d", .directory)
        try store.make("blobs/given", .directory)
        try store.make("kv/k", .directory)
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
        try store.make("blobs/d", .directory)
        _ = try fill(store, "blobs/d", 0..<5)
        let other = try file.open()
        defer { other.close() }
        let last = try fill(store, "blobs/d", 5..<6)
        #expect(try times(other, "blobs/d") == [last, last])
        let more = try fill(other, "blobs/d", 6..<9)
        #expect(try times(store, "blobs/d") == [more, more])
    }
}

extension Timestamp {
    fileprivate func later(by seconds: Int) -> Timestamp {
        Timestamp(nanoseconds: nanoseconds + Int64(seconds) * 1_000_000_000)
    }
}
