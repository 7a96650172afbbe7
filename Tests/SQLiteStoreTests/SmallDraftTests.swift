import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

/// What fsync(2) makes last of a small file: all of it in one row.
@Suite("Small files that are synced before they are closed")
struct SmallDraftTests {
    private func content(_ draft: Draft, _ bytes: [UInt8]) -> DraftContent {
        DraftContent(
            draft: draft, chunks: [DraftChunk(index: 0, bytes: bytes)], size: UInt64(bytes.count), baseLimit: 0)
    }

    private func frames(_ file: StoreFile) throws -> Int {
        var status = stat()
        try #require(stat(file.path + "-wal", &status) == 0)
        return Int(status.st_size) / (8_192 + 24)
    }

    @Test("a new file costs three pages at fsync and two at close", arguments: ["blobs", "records"])
    func pages(namespace: String) throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let files = 40
        var (kept, published) = (0, 0)
        for number in 0..<(2 * files) {
            let creation = try store.creation("\(namespace)/\(number).json")
            let bytes = Array("{\"n\": \(number)}".utf8)
            let draft = try store.openDraft(of: creation.id, isNew: true)
            let before = try frames(file)
            try store.keepDraft(content(draft, bytes), creation: creation, mtime: SQLiteStore.clock)
            let between = try frames(file)
            var publication = Publication(node: creation.id, content: .bytes(bytes), mtime: SQLiteStore.clock)
            publication.draft = draft
            _ = try store.publish(publication)
            guard number >= files else { continue }
            kept += between - before
            published += try frames(file) - between
        }
        // Now and then a page splits, and each second a directory is written.
        #expect(Double(kept) / Double(files) < 3.3)
        // A record has its row and its key besides.
        #expect(Double(published) / Double(files) < (namespace == "blobs" ? 2.3 : 4.3))
        #expect(try Foreign(file.path).run("SELECT count(*) FROM extent") == ["0"])
        #expect(try store.check() == [])
    }

    @Test("R2 is recovered after a crash", arguments: ["blobs/a", "kv/a", "records/a.json"], [true, false])
    func recovered(path: String, isNew: Bool) throws {
        let file = try StoreFile()
        let store = try file.open()
        let bytes = Array("[1, 2]".utf8)
        if isNew {
            let creation = try store.creation(path)
            let draft = try store.openDraft(of: creation.id, isNew: true)
            try store.keepDraft(content(draft, bytes), creation: creation, mtime: SQLiteStore.clock)
        } else {
            let node = try store.put(path, "[3]").node
            let draft = try store.openDraft(of: node.id, isNew: false)
            try store.keepDraft(content(draft, bytes), creation: nil, mtime: SQLiteStore.clock)
            #expect(try store.text(path) == "[3]")
        }
        store.abandon()
        let next = try file.open()
        defer { next.close() }
        #expect(try next.text(path) == "[1, 2]")
        #expect(try Foreign(file.path).run("SELECT count(*) FROM work") == ["0"])
        #expect(try next.check() == [])
    }

    @Test("goes on as any other draft: it grows into chunks, is cut, patched, read, and recovered as it was kept last")
    func goesOn() throws {
        let file = try StoreFile()
        let store = try file.open()
        let chunk = store.limits.chunkBytes
        let node = try store.put("blobs/a", "old").node
        let draft = try store.openDraft(of: node.id, isNew: false)
        func keep(_ content: DraftContent) throws {
            try store.keepDraft(content, creation: nil, mtime: SQLiteStore.clock)
        }
        func shown(_ count: Int, at offset: UInt64 = 0) throws -> [UInt8] {
            try [UInt8](capacity: count) { span in try store.readDraft(draft, at: offset, into: &span) }
        }
        try keep(
            DraftContent(
                draft: draft, chunks: [DraftChunk(index: 0, bytes: Array("hello".utf8))], size: 5, baseLimit: 3))
        #expect(try shown(9) == Array("hello".utf8))
        // Cut, and longer again: zeros.
        try keep(DraftContent(draft: draft, chunks: [], size: 8, baseLimit: 2))
        #expect(try shown(9) == Array("he\0\0\0\0\0\0".utf8))
        var patched = DraftContent(draft: draft, chunks: [], size: 8, baseLimit: 2)
        var bytes = ScatteredBytes()
        let letters = Array("LL".utf8)
        bytes.write(letters.span.bytes, at: 2)
        patched.patches = [DraftPatch(index: 0, bytes: bytes)]
        try keep(patched)
        #expect(try shown(9) == Array("heLL\0\0\0\0".utf8))
        // Far behind it, another chunk.
        try store.writeDraft(
            DraftContent(
                draft: draft, chunks: [DraftChunk(index: 3, bytes: [9])], size: 3 * chunk + 1, baseLimit: 2))
        #expect(try shown(4) == Array("heLL".utf8))
        #expect(try shown(2, at: 3 * chunk) == [9])
        try keep(DraftContent(draft: draft, chunks: [], size: 3 * chunk + 1, baseLimit: 2))
        #expect(try store.text("blobs/a") == "old")
        store.abandon()
        let next = try file.open()
        defer { next.close() }
        #expect(try next.find("blobs/a").size == 3 * chunk + 1)
        #expect(try next.bytes(of: node.id, 6) == Array("heLL\0\0".utf8))
        #expect(try next.bytes(of: node.id, at: 3 * chunk, 1) == [9])
        #expect(try next.check() == [])
    }
}
