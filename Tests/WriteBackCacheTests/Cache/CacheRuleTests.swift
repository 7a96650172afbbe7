import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

@Suite("A write-back cache", .serialized)
struct CacheRuleTests {
    /// Put under a path of one name, as a program that writes and closes does.
    @discardableResult
    private func put(
        _ text: String, _ namespace: Namespace, _ name: String, in store: SQLiteStore
    ) throws -> Node {
        let file = FileName(unchecked: Array(name.utf8))
        if let there = try? store.lookup(file, in: namespace.node) {
            return try store.publish(
                Publication(node: there.id, content: .bytes(Array(text.utf8)), mtime: .now(), base: there.revision)
            ).node
        }
        let id = try store.reserveNodeID()
        let creation = Creation(
            id: id, parent: namespace.node, name: file, kind: .file, mode: 0o644, uid: 1, gid: 2, time: .now())
        return try store.publish(
            Publication(node: id, creation: creation, content: .bytes(Array(text.utf8)), mtime: .now())
        ).node
    }

    private func text(_ namespace: Namespace, _ name: String, in store: SQLiteStore) throws -> String {
        let node = try store.lookup(FileName(unchecked: Array(name.utf8)), in: namespace.node)
        let bytes = try [UInt8](capacity: Int(node.size)) { span throws(StoreError) in
            try store.read(node.id, at: 0, into: &span)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func ready(_ bed: CacheBed, _ path: String? = nil) async throws -> WriteBackCache {
        let cache = try bed.cache(at: path ?? bed.newPath())
        try await cache.refresh()
        return cache
    }

    @Test("a plain Persist program finds plain values")
    func plainValues() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        try put("{ \"name\": \"Alice\" }\n", .records, "alice.json", in: cache.store)
        try put("dark", .kv, "theme", in: cache.store)
        try put("bytes", .blobs, "cat.jpg", in: cache.store)
        try await cache.sync()
        #expect(await bed.far.get("records/alice") == Array("{ \"name\": \"Alice\" }\n".utf8))
        #expect(await bed.far.get("kv/theme") == Array("dark".utf8))
        #expect(await bed.far.get("blobs/cat.jpg") == Array("bytes".utf8))
        await cache.stop()
        cache.store.close()
    }

    @Test("what others put on the far side appears, and what they remove goes, at the next look")
    func othersChanges() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        await bed.far.put("records/users/bob", Array(#"{"a":1}"#.utf8))
        await bed.far.put("kv/theme", Array("light".utf8))
        await bed.far.put("events/orders/01a221b7e1640001-00000001", Array(#"{"n":1}"#.utf8))
        try await cache.refresh()
        #expect(try text(.kv, "theme", in: cache.store) == "light")
        #expect(try text(.events, "orders.jsonl", in: cache.store) == "{\"n\":1}\n")
        let users = try cache.store.lookup("users", in: Namespace.records.node)
        #expect(try cache.store.lookup("bob.json", in: users.id).size == 7)
        await bed.far.delete("kv/theme")
        await bed.far.put("events/orders/01a221b7e1650001-00000001", Array(#"{"n":2}"#.utf8))
        try await cache.refresh()
        #expect(throws: StoreError.self) { try text(.kv, "theme", in: cache.store) }
        #expect(try text(.events, "orders.jsonl", in: cache.store) == "{\"n\":1}\n{\"n\":2}\n")
        // Nothing of it is sent back.
        #expect(try cache.store.outboxCount() == 0)
        await cache.stop()
        cache.store.close()
    }

    @Test("a file that is rewritten many times while the far side is down goes up once")
    func coalesces() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        bed.setDown(true)
        for number in 0..<50 { try put("\(number)", .kv, "a", in: cache.store) }
        bed.setDown(false)
        try await cache.sync()
        #expect(await bed.far.get("kv/a") == Array("49".utf8))
        #expect(bed.puts("kv/a") <= 2)
        await cache.stop()
        cache.store.close()
    }

    @Test("while the far side is down, a thousand operations finish, and none of them asks it")
    func downIsNoMatter() async throws {
        let bed = try CacheBed()
        let path = bed.newPath()
        let first = try await ready(bed, path)
        for number in 0..<100 { try put("\(number)", .kv, "k\(number)", in: first.store) }
        try await first.sync()
        bed.setDown(true)
        await first.stop()
        first.store.close()
        // It starts with the far side down, too.
        let cache = try bed.cache(at: path)
        let before = bed.gets
        for round in 0..<10 {
            for number in 0..<100 {
                #expect(try text(.kv, "k\(number)", in: cache.store).isEmpty == false)
                if number % 10 == 0 { try put("\(round)", .kv, "k\(number)", in: cache.store) }
            }
        }
        // Uploads ask before they put; operations ask nothing: 1,000 reads, and at most a probe for each of 10 files.
        #expect(bed.gets - before <= 40)
        #expect(try cache.store.outboxCount() == 10)
        bed.setDown(false)
        try await cache.sync()
        for number in stride(from: 0, to: 100, by: 10) {
            #expect(await bed.far.get(StoreKey(Array("kv/k\(number)".utf8))) == Array("9".utf8))
        }
        await cache.stop()
        cache.store.close()
    }

    @Test("R10 of two edits of one file the far one gets the name, and the other is kept")
    func conflict() async throws {
        let bed = try CacheBed()
        let (one, two) = (try await ready(bed), try await ready(bed))
        try put("base", .kv, "a", in: one.store)
        try await one.sync()
        try await two.refresh()
        bed.setDown(true)
        try put("mine", .kv, "a", in: one.store)
        try put("theirs", .kv, "a", in: two.store)
        bed.setDown(false)
        try await one.sync()
        try await two.sync()
        #expect(try text(.kv, "a", in: two.store) == "mine")
        let kept = try two.store.keptVersions(.conflicts)
        #expect(kept.count == 1)
        let bytes = try two.store.keptBytes(.conflicts, #require(kept.first).path)
        #expect(String(decoding: bytes, as: UTF8.self) == "theirs")
        #expect(await bed.far.get("kv/a") == Array("mine".utf8))
        for cache in [one, two] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("R10 edits of different fields of one record merge")
    func merge() async throws {
        let bed = try CacheBed()
        let (one, two) = (try await ready(bed), try await ready(bed))
        try put(#"{"a": 1, "b": 1}"#, .records, "r.json", in: one.store)
        try await one.sync()
        try await two.refresh()
        bed.setDown(true)
        try put(#"{"a": 2, "b": 1}"#, .records, "r.json", in: one.store)
        try put(#"{"a": 1, "b": 3}"#, .records, "r.json", in: two.store)
        bed.setDown(false)
        try await one.sync()
        try await two.sync()
        try await one.refresh()
        #expect(try text(.records, "r.json", in: two.store) == #"{"a": 2, "b": 3}"#)
        #expect(try text(.records, "r.json", in: one.store) == #"{"a": 2, "b": 3}"#)
        #expect(try two.store.keptVersions(.conflicts).isEmpty)
        for cache in [one, two] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("R8 appends of two machines to one log all arrive at both, each once")
    func logsMerge() async throws {
        let bed = try CacheBed()
        let (one, two) = (try await ready(bed), try await ready(bed))
        for cache in [one, two] {
            for number in 0..<20 {
                let there = try? cache.store.lookup("a.jsonl", in: Namespace.events.node)
                let id = if let there { there.id } else { try cache.store.reserveNodeID() }
                let creation = Creation(
                    id: id, parent: Namespace.events.node, name: "a.jsonl", kind: .file, mode: nil, uid: nil, gid: nil,
                    time: .now())
                let line = "{\"by\":\(cache === one ? 1 : 2),\"n\":\(number)}\n"
                _ = try cache.store.append(
                    Append(
                        stream: id, creation: there == nil ? creation : nil, bytes: Array(line.utf8), start: .newLine,
                        time: .now()))
            }
        }
        try await one.sync()
        try await two.sync()
        for _ in 0..<2 {
            try await one.refresh()
            try await two.refresh()
        }
        for cache in [one, two] {
            let lines = try text(.events, "a.jsonl", in: cache.store).split(separator: "\n")
            #expect(lines.count == 40)
            #expect(Set(lines).count == 40)
        }
        for cache in [one, two] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("R4 an edit of a file that another machine removes brings its mode and owner back with it")
    func editAgainstRemoval() async throws {
        let bed = try CacheBed()
        let (one, two) = (try await ready(bed), try await ready(bed))
        let made = try put("base", .blobs, "p", in: one.store)
        _ = try one.store.setAttributes(made.id, AttributeChange(mode: 0o600, uid: 77, time: .now()))
        try await one.sync()
        try await two.refresh()
        bed.setDown(true)
        try put("edited", .blobs, "p", in: one.store)
        _ = try two.store.unlink("p", in: Namespace.blobs.node)
        bed.setDown(false)
        try await two.sync()
        try await one.sync()
        try await two.refresh()
        let there = try two.store.lookup("p", in: Namespace.blobs.node)
        #expect(there.mode == 0o600)
        #expect(there.uid == 77)
        for cache in [one, two] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("a directory that is here only because of what was in it goes with that")
    func impliedDirectories() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        await bed.far.put("blobs/a/b/c", [1])
        try await cache.refresh()
        let directory = try cache.store.lookup("a", in: Namespace.blobs.node)
        #expect(directory.kind == .directory)
        await bed.far.delete("blobs/a/b/c")
        try await cache.refresh()
        #expect(throws: StoreError.self) { try cache.store.lookup("a", in: Namespace.blobs.node) }
        await cache.stop()
        cache.store.close()
    }
}
