import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

@Suite("A write-back cache", .serialized)
struct CacheRuleTests {
    private func ready(_ bed: CacheBed, _ path: String? = nil) async throws -> WriteBackCache {
        let cache = try bed.cache(at: path ?? bed.newPath())
        try await cache.refresh()
        return cache
    }

    @Test("a plain Persist program finds plain values", arguments: CacheBed.Shown.allCases)
    func plainValues(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let cache = try await ready(bed)
        try cache.store.put("{ \"name\": \"Alice\" }\n", .records, "alice.json")
        try cache.store.put("dark", .kv, "theme")
        try cache.store.put("bytes", .blobs, "cat.jpg")
        try await cache.sync()
        #expect(await bed.far.get("records/alice") == Array("{ \"name\": \"Alice\" }\n".utf8))
        #expect(await bed.far.get("kv/theme") == Array("dark".utf8))
        #expect(await bed.far.get("blobs/cat.jpg") == Array("bytes".utf8))
        await cache.stop()
        cache.store.close()
    }

    @Test(
        "what others put on the far side appears, and what they remove goes, at the next look",
        arguments: CacheBed.Shown.allCases)
    func othersChanges(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let cache = try await ready(bed)
        await bed.far.put("records/users/bob", Array(#"{"a":1}"#.utf8))
        await bed.far.put("kv/theme", Array("light".utf8))
        await bed.far.put("events/orders/01a221b7e1640001-00000001", Array(#"{"n":1}"#.utf8))
        try await cache.refresh()
        #expect(try await cache.store.text(.kv, "theme") == "light")
        #expect(try await cache.store.text(.events, "orders.jsonl") == "{\"n\":1}\n")
        let users = try cache.store.lookup("users", in: Namespace.records.node)
        #expect(try cache.store.lookup("bob.json", in: users.id).size == 7)
        await bed.far.delete("kv/theme")
        await bed.far.put("events/orders/01a221b7e1650001-00000001", Array(#"{"n":2}"#.utf8))
        try await cache.refresh()
        await #expect(throws: StoreError.self) { try await cache.store.text(.kv, "theme") }
        #expect(try await cache.store.text(.events, "orders.jsonl") == "{\"n\":1}\n{\"n\":2}\n")
        // Nothing of it is sent back.
        #expect(try cache.store.outboxCount() == 0)
        await cache.stop()
        cache.store.close()
    }

    @Test(
        "a file that is rewritten many times while the far side is down goes up once",
        arguments: CacheBed.Shown.allCases)
    func coalesces(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let cache = try await ready(bed)
        bed.setDown(true)
        for number in 0..<50 { try cache.store.put("\(number)", .kv, "a") }
        bed.setDown(false)
        try await cache.sync()
        #expect(await bed.far.get("kv/a") == Array("49".utf8))
        #expect(bed.puts("kv/a") <= 2)
        await cache.stop()
        cache.store.close()
    }

    @Test(
        "while the far side is down, a thousand operations finish, and none of them asks it",
        arguments: CacheBed.Shown.allCases)
    func downIsNoMatter(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let path = bed.newPath()
        let first = try await ready(bed, path)
        for number in 0..<100 { try first.store.put("\(number)", .kv, "k\(number)") }
        try await first.sync()
        bed.setDown(true)
        await first.stop()
        first.store.close()
        // It starts with the far side down, too.
        let cache = try bed.cache(at: path)
        let before = bed.gets
        for round in 0..<10 {
            for number in 0..<100 {
                #expect(try await cache.store.text(.kv, "k\(number)").isEmpty == false)
                if number % 10 == 0 { try cache.store.put("\(round)", .kv, "k\(number)") }
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

    @Test("a part of a value that is no whole chunks of the file, which had another size, is not taken")
    func unalignedPart() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        let size: UInt64 = 200_000
        var change = FarChange(
            namespace: .blobs, names: ["a"], content: .absent(size: size, isValue: true),
            key: Array("blobs/a".utf8))
        let revision = Revision(Array("one".utf8))
        change.revision = revision
        #expect(try cache.store.apply([change], asked: .now()) == [.applied])
        let node = try cache.store.lookup("a", in: Namespace.blobs.node)
        func bring(_ count: Int, at offset: UInt64) throws -> SQLiteStore.Brought {
            try cache.store.bring([UInt8](repeating: 1, count: count), at: offset, of: revision, to: node.id)
        }
        #expect(try bring(65_536, at: 5) == .moved)
        #expect(try bring(65_537, at: 0) == .moved)
        #expect(try bring(3_393, at: 196_608) == .moved)
        #expect(try bring(65_536, at: 196_608) == .moved)
        #expect(try bring(3_392, at: 196_608) == .here)
        #expect(try bring(196_608, at: 0) == .here)
        #expect(try cache.store.away(node.id) == nil)
        await cache.stop()
        cache.store.close()
    }

    @Test("one thing that cannot be shown keeps nothing else of a listing from coming")
    func oneRefused() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        func change(_ name: FileName, _ content: FarChange.Content) -> FarChange {
            FarChange(
                namespace: .blobs, names: [name], content: content, mode: 0o600,
                attributes: [(Array("user.a".utf8), Array("b".utf8))], key: Array("blobs/".utf8) + name.bytes,
                sum: Array("sum".utf8))
        }
        let file = FarChange.Content.absent(size: 70_000, isValue: true)
        #expect(try cache.store.apply([change("d", .directory)], asked: .now()) == [.applied])
        var inTheWay = change("d", .symlink(Array("a".utf8)))
        inTheWay.sum = Array("other".utf8)
        let outcomes = try cache.store.apply([change("a", file), inTheWay, change("b", file)], asked: .now())
        #expect(outcomes.count == 3 && outcomes[0] == .applied && outcomes[2] == .applied)
        #expect("\(outcomes[1])".contains("a directory is in the way"), "\(outcomes[1])")
        for name in ["a", "b"] as [FileName] {
            let node = try cache.store.lookup(name, in: Namespace.blobs.node)
            #expect(node.size == 70_000 && node.mode == 0o600 && node.revision == 1)
            #expect(try cache.store.attribute(Array("user.a".utf8), of: node.id) == Array("b".utf8))
            #expect(try cache.store.away(node.id)?.path == Array("blobs/".utf8) + name.bytes)
        }
        #expect(try cache.store.outboxCount() == 0)
        await cache.stop()
        cache.store.close()
    }

    @Test(
        "R10 of two edits of one file the far one gets the name, and the other is kept",
        arguments: CacheBed.Shown.allCases)
    func conflict(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let (one, two) = (try await ready(bed), try await ready(bed))
        try one.store.put("base", .kv, "a")
        try await one.sync()
        try await two.refresh()
        bed.setDown(true)
        try one.store.put("mine", .kv, "a")
        try two.store.put("theirs", .kv, "a")
        // One after the other: with four methods both might look before either puts.
        bed.setDown(false, for: one)
        try await one.sync()
        bed.setDown(false)
        try await two.sync()
        #expect(try await two.store.text(.kv, "a") == "mine")
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

    @Test("R10 edits of different fields of one record merge", arguments: CacheBed.Shown.allCases)
    func merge(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let (one, two) = (try await ready(bed), try await ready(bed))
        try one.store.put(#"{"a": 1, "b": 1}"#, .records, "r.json")
        try await one.sync()
        try await two.refresh()
        // Who has not seen it cannot merge with it.
        _ = try await two.store.text(.records, "r.json")
        bed.setDown(true)
        try one.store.put(#"{"a": 2, "b": 1}"#, .records, "r.json")
        try two.store.put(#"{"a": 1, "b": 3}"#, .records, "r.json")
        bed.setDown(false)
        try await one.sync()
        try await two.sync()
        try await one.refresh()
        #expect(try await two.store.text(.records, "r.json") == #"{"a": 2, "b": 3}"#)
        #expect(try await one.store.text(.records, "r.json") == #"{"a": 2, "b": 3}"#)
        #expect(try two.store.keptVersions(.conflicts).isEmpty)
        for cache in [one, two] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("R8 appends of two machines to one log all arrive at both, each once", arguments: CacheBed.Shown.allCases)
    func logsMerge(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
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
            let lines = try await cache.store.text(.events, "a.jsonl").split(separator: "\n")
            #expect(lines.count == 40)
            #expect(Set(lines).count == 40)
        }
        for cache in [one, two] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test(
        "R4 an edit of a file that another machine removes brings its mode and owner back with it",
        arguments: CacheBed.Shown.allCases)
    func editAgainstRemoval(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let (one, two) = (try await ready(bed), try await ready(bed))
        let made = try one.store.put("base", .blobs, "p")
        _ = try one.store.setAttributes(made.id, AttributeChange(mode: 0o600, uid: 77, time: .now()))
        try await one.sync()
        try await two.refresh()
        bed.setDown(true)
        try one.store.put("edited", .blobs, "p")
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

    @Test("a directory that is here only because of what was in it goes with that", arguments: CacheBed.Shown.allCases)
    func impliedDirectories(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
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
