import Persist
import PersistTestKit
import SQLiteStore
import Testing

@Suite("Two mounts of one store")
struct SharingTests {
    @Test("R9 each sees what the other does, and is told; nobody is told of his own")
    func changesAreTold() throws {
        let file = try StoreFile()
        let (one, two) = (try file.open(), try file.open())
        defer {
            one.close()
            two.close()
        }
        let (seenByOne, seenByTwo) = (Observed(), Observed())
        one.observe(seenByOne)
        two.observe(seenByTwo)
        let node = try one.put("blobs/a", "1").node
        try two.refresh()
        #expect(seenByTwo.changes.contains(.entry(parent: Namespace.blobs.node, name: "a")))
        // A new name has no content that anybody could have kept.
        #expect(!seenByTwo.changes.contains(.content(node.id)))
        #expect(try two.text("blobs/a") == "1")
        _ = try one.publish(Publication(node: node.id, content: .bytes(Array("2".utf8)), mtime: .now()))
        try two.refresh()
        #expect(seenByTwo.changes.contains(.content(node.id)))
        #expect(try two.text("blobs/a") == "2")
        _ = try two.move("blobs/a", "blobs/b")
        try one.refresh()
        #expect(seenByOne.changes.contains(.entry(parent: Namespace.blobs.node, name: "b")))
        #expect(try one.names("blobs") == ["b"])
        #expect(!seenByOne.changes.contains(.content(node.id)))
        #expect(try one.mounts().count == 2)
        #expect(try one.mounts().filter(\.isSelf).count == 1)
    }

    @Test("R9 nothing that is remembered is believed once another process has committed")
    func memoryIsNotBelieved() throws {
        let file = try StoreFile()
        let (one, two) = (try file.open(), try file.open())
        defer {
            one.close()
            two.close()
        }
        // Without a refresh in between: what one remembers of a directory that it made, of a file and of a log.
        try one.make("blobs/d", .directory)
        for round in 0..<20 {
            let names = (0..<3).map { "blobs/d/\(round)-\($0)" }
            for name in names { #expect((try? one.find(name)) == nil, "\(name)") }
            try two.put(names[0], "from two")
            #expect(try one.text(names[0]) == "from two")
            #expect(try one.preview(try one.creation(names[0])).existing != nil)
            try one.put(names[1], "1")
            #expect(try one.text(names[1]) == "1")
            try two.put(names[1], "changed")
            #expect(try one.text(names[1]) == "changed")
            _ = try two.move(names[1], names[2])
            #expect((try? one.find(names[1])) == nil)
            #expect(try one.find("blobs/d").mtime == two.find("blobs/d").mtime)
            _ = try one.addLines("events/a.log", "\(round)a\n")
            _ = try two.addLines("events/a.log", "\(round)b\n")
        }
        let lines = (0..<20).map { "\($0)a\n\($0)b\n" }.joined()
        #expect(try one.text("events/a.log") == lines)
        #expect(try one.check().isEmpty)
    }

    @Test("R10 of a document the other mount changed, the later publication goes to conflicts")
    func documentsConflict() throws {
        let file = try StoreFile()
        let (one, two) = (try file.open(), try file.open())
        defer {
            one.close()
            two.close()
        }
        let base = try one.put("records/a.json", "1").node.revision
        try two.put("records/a.json", "2", base: base)
        #expect(try one.put("records/a.json", "3", base: base).conflict != nil)
        #expect(try one.text("records/a.json") == "2")
    }

    @Test("a draft keeps its base while the other mount publishes over it; the later publication stands, whole")
    func draftsKeepTheirBase() throws {
        let file = try StoreFile()
        let one = try file.open()
        defer { one.close() }
        let chunk = Int(one.limits.chunkBytes)
        let old = (0..<(chunk * 3 + 100)).map { UInt8(truncatingIfNeeded: $0 / 7 + 1) }
        let node = try one.put("blobs/big", old).node
        // In memory only: the other mount is not there yet.
        let draft = try one.openDraft(of: node.id, isNew: false)
        let two = try file.open()
        defer { two.close() }
        try two.put("blobs/big", [UInt8](repeating: 9, count: chunk * 2))
        try one.refresh()
        func shown() throws -> [UInt8] {
            try [UInt8](capacity: old.count) { span in try one.readDraft(draft, at: 0, into: &span) }
        }
        #expect(try shown() == old)
        let patch = [UInt8](repeating: 77, count: chunk)
        let content = DraftContent(
            draft: draft, chunks: [DraftChunk(index: 1, bytes: patch)], size: UInt64(old.count),
            baseLimit: UInt64(old.count))
        try one.writeDraft(content)
        var expected = old
        expected.replaceSubrange(chunk..<(2 * chunk), with: patch)
        #expect(try shown() == expected)
        _ = try one.publish(Publication(node: node.id, content: .draft(content), mtime: SQLiteStore.clock))
        #expect(try one.bytes(of: node.id) == expected)
        #expect(try two.bytes(of: node.id) == expected)
        #expect(try one.check() == [])
    }

    @Test("what is open in one mount stays readable when the other removes it, and is collected at the end")
    func heldNodesStay() async throws {
        let file = try StoreFile()
        let (one, two) = (try file.open(), try file.open())
        defer {
            one.close()
            two.close()
        }
        let blob = try one.put("blobs/a", "kept").node
        let record = try one.put("records/a.json", "[1]").node
        for node in [blob, record] { two.hold(node.id) }
        _ = try one.remove("blobs/a")
        _ = try one.remove("records/a.json")
        try two.refresh()
        // Longer than the first mount waits for others to say that they have it open.
        try await Task.sleep(for: .milliseconds(2_500))
        #expect(try two.bytes(of: blob.id) == Array("kept".utf8))
        #expect(try two.bytes(of: record.id) == Array("[1]".utf8))
        for node in [blob, record] { two.release(node.id) }
        try await eventually("they are collected") {
            kind { try two.node(blob.id) } == .notFound && kind { try one.node(record.id) } == .notFound
        }
        _ = try one.put("blobs/b", "lingers")
        let lingering = try one.remove("blobs/b").id
        try await eventually("nobody claims it") { kind { try one.node(lingering) } == .notFound }
        #expect(try one.check() == [])
    }

    @Test("what both mounts have open stays until both have let it go")
    func heldTwice() async throws {
        let file = try StoreFile()
        let (one, two) = (try file.open(), try file.open())
        defer {
            one.close()
            two.close()
        }
        let node = try one.put("blobs/a", "kept").node
        for store in [one, two] { store.hold(node.id) }
        _ = try one.remove("blobs/a")
        one.release(node.id)
        #expect(try two.bytes(of: node.id) == Array("kept".utf8))
        try two.refresh()
        two.release(node.id)
        try await eventually("it is collected") { kind { try two.node(node.id) } == .notFound }
        #expect(try two.check() == [])
    }

    @Test("R1 a mount that dies leaves what it had kept: the other one publishes it")
    func deathIsSeen() async throws {
        let file = try StoreFile()
        let (one, two) = (try file.open(), try file.open())
        defer { two.close() }
        let creation = try one.creation("records/a.json")
        let draft = try one.openDraft(of: creation.id, isNew: true)
        let bytes = Array(#"{"kept":true}"#.utf8)
        let content = DraftContent(
            draft: draft, chunks: [DraftChunk(index: 0, bytes: bytes)], size: UInt64(bytes.count), baseLimit: 0)
        try one.keepDraft(content, creation: creation, mtime: SQLiteStore.clock)
        let bad = try one.creation("records/bad.json")
        let badDraft = try one.openDraft(of: bad.id, isNew: true)
        let badContent = DraftContent(
            draft: badDraft, chunks: [DraftChunk(index: 0, bytes: Array("{oops".utf8))], size: 5, baseLimit: 0)
        try one.keepDraft(badContent, creation: bad, mtime: SQLiteStore.clock)
        let log = try one.addLines("events/l.log", "whole\n").node
        _ = try one.keepTail(nil, of: log.id, bytes: Array("half".utf8))
        let seen = Observed()
        two.observe(seen)
        one.abandon()
        try await eventually("the dead mount is recovered") { try two.find("records/a.json").revision > 0 }
        try await eventually("the observer is told") { seen.changes.contains(.content(creation.id)) }
        #expect(try two.mounts().count == 1)
        // Alone again: nothing is left of the other, not in the warnings either.
        #expect(try two.statistics(countsNodes: true).notes == [])
        #expect(try two.text("records/a.json") == #"{"kept":true}"#)
        #expect(try two.names("records") == ["a.json"])
        #expect(try two.keptBytes(.rejected, Array("records/bad.json".utf8)) == Array("{oops".utf8))
        #expect(try two.text("events/l.log") == "whole\nhalf")
        #expect(try two.check() == [])
    }

    @Test("R13 the last to leave leaves one file")
    func oneFileRemains() throws {
        let file = try StoreFile()
        let (one, two) = (try file.open { $0.reserveBytes = 1 << 20 }, try file.open())
        try one.put("kv/a", "1")
        #expect(file.names.contains("store.db-reserve"))
        one.close()
        #expect(file.names.contains("store.db-lock"))
        try two.put("kv/b", "2")
        two.close()
        #expect(file.names == ["store.db"])
        let three = try file.open()
        defer { three.close() }
        #expect(try three.names("kv") == ["a", "b"])
    }

    @Test("two threads and two mounts create names side by side: none is lost, none is there twice")
    func manyWriters() async throws {
        let file = try StoreFile()
        let stores = [try file.open(), try file.open()]
        defer { for store in stores { store.close() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<50 {
                        let store = stores[writer % 2]
                        try store.put("records/\(writer)-\(number).json", "\(number)")
                        _ = try store.addLines("events/all.log", "\(writer) \(number)\n")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try stores[0].names("records").count == 200)
        #expect(try stores[1].text("events/all.log").split(separator: "\n").count == 200)
        #expect(try stores[0].check() == [])
    }
}
