import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

@Suite("Content in chunks, and what it costs")
struct ContentTests {
    @Test("R7 writing 4 KiB into a large file writes one chunk, and changes nothing else")
    func smallWriteIntoLarge() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let chunk = Int(store.limits.chunkBytes)
        let creation = try store.creation("blobs/big")
        let new = try store.openDraft(of: creation.id, isNew: true)
        var size: UInt64 = 0
        for index in 0..<256 {
            size += UInt64(chunk)
            let bytes = [UInt8](repeating: UInt8(index % 255 + 1), count: chunk)
            try store.writeDraft(
                DraftContent(
                    draft: new, chunks: [DraftChunk(index: UInt64(index), bytes: bytes)], size: size, baseLimit: 0))
        }
        let all = DraftContent(draft: new, chunks: [], size: size, baseLimit: 0)
        let node = try store.publish(
            Publication(node: creation.id, creation: creation, content: .draft(all), mtime: SQLiteStore.clock)
        ).node
        #expect(node.size == size && node.allocated == size)
        let other = try Foreign(file.path)
        let before = try other.run("SELECT cid FROM extent ORDER BY idx")

        let draft = try store.openDraft(of: node.id, isNew: false)
        var patched = [UInt8](repeating: 101, count: chunk)
        patched.replaceSubrange(4_096..<8_192, with: [UInt8](repeating: 0, count: 4_096))
        let content = DraftContent(
            draft: draft, chunks: [DraftChunk(index: 100, bytes: patched)], size: size, baseLimit: size)
        _ = try store.publish(Publication(node: node.id, content: .draft(content), mtime: SQLiteStore.clock))
        let after = try other.run("SELECT cid FROM extent ORDER BY idx")
        #expect(zip(before, after).filter { $0 != $1 }.count == 1)
        #expect(try store.bytes(of: node.id, at: UInt64(100 * chunk), chunk) == patched)
        #expect(try store.bytes(of: node.id, at: UInt64(255 * chunk), 10) == [UInt8](repeating: 1, count: 10))
        #expect(try store.check() == [])

        _ = try store.remove("blobs/big")
        #expect(try store.check() == [])
    }

    @Test("R7 holes take no room; a file that shrank and grew again shows zeros")
    func holes() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let chunk = store.limits.chunkBytes
        let node = try store.put("blobs/a", [UInt8](repeating: 7, count: Int(chunk) * 3)).node
        let draft = try store.openDraft(of: node.id, isNew: false)
        // Down to 100 bytes, then up to a GiB, with one byte at its end.
        var last = [UInt8](repeating: 0, count: Int(chunk))
        last[Int(chunk) - 1] = 8
        let content = DraftContent(
            draft: draft, chunks: [DraftChunk(index: 16_383, bytes: last)], size: 1 << 30, baseLimit: 100)
        let grown = try store.publish(
            Publication(node: node.id, content: .draft(content), mtime: SQLiteStore.clock)
        ).node
        #expect(grown.size == 1 << 30)
        #expect(grown.allocated <= 2 * chunk)
        #expect(try store.bytes(of: node.id, at: 98, 4) == [7, 7, 0, 0])
        #expect(try store.bytes(of: node.id, at: (1 << 30) - 2, 10) == [0, 8])
        #expect(try store.check() == [])
    }

    @Test("a large file that is removed is collected, and the file shrinks again")
    func collection() async throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("blobs/big", [UInt8](repeating: 3, count: 24 << 20))
        _ = try store.remove("blobs/big")
        let other = try Foreign(file.path)
        try await eventually("the chunks are gone") { try other.run("SELECT count(*) FROM chunk") == ["0"] }
        try await eventually("the pages are given back") {
            try other.run("PRAGMA page_count").compactMap { Int($0) }[0] < 1_500
        }
        #expect(try store.check() == [])
    }

    @Test("R2 a sync asks the disk once, and commits do not")
    func syncs() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        for number in 0..<20 { try store.put("kv/\(number)", "v") }
        #expect(store.syncCount == 0)
        try store.sync()
        #expect(store.syncCount == 1)
        try store.sync()
        #expect(store.syncCount == 2)
    }

    @Test("the WAL does not grow with what is written")
    func walIsBounded() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let bytes = [UInt8](repeating: 1, count: 1 << 20)
        for number in 0..<100 { try store.put("blobs/\(number % 4)", bytes) }
        var found = stat()
        #expect(stat(file.path + "-wal", &found) == 0)
        #expect(found.st_size < 64 << 20)
        #expect(try store.check() == [])
    }

    @Test("names with one hash are all found and listed, each once")
    func collisions() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        // No two names are known to collide: one is moved to where another will be.
        let first = try store.put("blobs/first", "1").node
        let second = try store.put("blobs/second", "2").node
        let other = try Foreign(file.path)
        let cookie = try #require(Int64(try other.run("SELECT cookie FROM node WHERE ino = \(second.id.rawValue)")[0]))
        _ = try store.remove("blobs/second")
        try other.run("UPDATE node SET cookie = \(cookie) WHERE ino = \(first.id.rawValue)")
        try store.put("blobs/second", "again")
        #expect(try store.text("blobs/second") == "again")
        #expect(try store.list(Namespace.blobs.node, after: 0, limit: 1).count == 1)
        #expect(try store.names("blobs") == ["first", "second"])
        #expect(try other.run("SELECT cookie FROM node WHERE name = CAST('second' AS BLOB)") == ["\(cookie + 1)"])
    }

    @Test("check tells what is wrong, and where")
    func checkFinds() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("blobs/a", [UInt8](repeating: 3, count: 100_000))
        _ = try store.addLines("events/l.log", "one\ntwo\nthree\n")
        try store.make("blobs/d", .directory)
        try store.put("blobs/d/lost", "x")
        let other = try Foreign(file.path)
        try other.run("DELETE FROM chunk WHERE cid = (SELECT min(cid) FROM extent)")
        try other.run("DELETE FROM event WHERE line = CAST('two' AS BLOB)")
        try other.run("DELETE FROM node WHERE name = CAST('d' AS BLOB)")
        let found = try store.check()
        #expect(found.contains { $0.path == "blobs/a" && $0.problem.contains("chunk") })
        #expect(found.contains { $0.path == "events/l.log" && $0.problem.contains("event 2") })
        #expect(found.contains { $0.problem.contains("directory is gone") })
    }
}
