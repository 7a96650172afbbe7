import Persist
import SQLiteStore
import Synchronization
import Testing

@testable import PersistTestKit
@testable import WriteBackCache

/// What is here and the far side does not know yet is nobody's to take away: no look's, no other upload's, and not that of
/// who makes room.
@Suite("What has not been sent", .serialized)
struct UnsentTests {
    private let bed: CacheBed
    let far = HookedFar()

    init() throws { bed = try CacheBed() }

    /// One upload at a time, so that the test says what has been sent.
    func cache(change: (inout WriteBackCacheOptions) -> Void = { _ in }) async throws -> WriteBackCache {
        var store = SQLiteStoreOptions()
        store.reserveBytes = 0
        var options = WriteBackCacheOptions()
        options.refreshMilliseconds = 3_600_000
        options.evictMilliseconds = 3_600_000
        options.freeBytesMin = 0
        options.temporaryMilliseconds = 0
        options.uploadsMax = 1
        change(&options)
        let cache = try WriteBackCache(far, path: bed.newPath(), storeOptions: store, options: options)
        cache.run()
        try await cache.refresh()
        return cache
    }

    func close(_ caches: WriteBackCache...) async {
        for cache in caches {
            await cache.stop()
            cache.store.close()
        }
    }

    private func until(_ what: String, _ isSo: () async throws -> Bool) async throws {
        try await eventually(what, within: .seconds(60)) { try await isSo() }
    }

    @Test("content that moved with a directory, onto a path that another file had, is not let go before it is sent")
    func evictedHeir() async throws {
        let cache = try await cache { $0.cacheBytesMax = 0 }
        var client = StoreClient(cache.store, .memory)
        let (old, new) = (String(repeating: "old", count: 2_000), String(repeating: "new", count: 3_000))
        _ = try client.directory("blobs/build")
        _ = try client.directory("blobs/next")
        try client.put("blobs/build/f", old)
        try client.put("blobs/next/f", new)
        try await cache.sync()
        // They are begun in this order: the removal goes when the move has been made, and the move waits behind `second`.
        let (first, second) = (Gate(), Gate())
        far.before { method, key in
            if method == .put, key == "blobs/first" { await first.pass() }
            if method == .put, key == "blobs/second" { await second.pass() }
        }
        try client.put("blobs/first", "x")
        try await until("an upload is under way") { first.count == 1 }
        for step in 0..<3 {
            switch step {
            case 0:
                _ = try client.unlink("blobs/build/f")
                _ = try client.removeDirectory("blobs/build")
            case 1: try client.put("blobs/second", "x")
            default: _ = try client.rename("blobs/next", to: "blobs/build")
            }
            try await until("the uploader has seen it") {
                try cache.uploader.totals.items == cache.store.outboxCount()
            }
        }
        first.open()
        try await until("the removal has been sent") { second.count == 1 }
        #expect(try cache.store.outboxEntry(of: try client.node("blobs/build/f").id) == nil)
        try await cache.evict()
        let found = try await cache.store.bytes(of: try client.node("blobs/build/f"))
        #expect(String(decoding: found, as: UTF8.self) == new)
        second.open()
        try await cache.sync()
        #expect(await far.values.get("blobs/build/f") == Array(new.utf8))
        await close(cache)
    }

    @Test("R11 what others have put under a record's key, and is none, is named; nothing of either is touched")
    func noRecord() async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        await far.values.put("records/x", Array("not json".utf8))
        try client.put("records/x.json", #"{"mine": 1}"#)
        try cache.hurry()
        try await eventually("it says so", within: .seconds(20)) {
            try cache.status().pending.first?.lastError?.contains("what others have put there is no record") == true
        }
        #expect(await far.values.get("records/x") == Array("not json".utf8))
        #expect(try client.text("records/x.json") == #"{"mine": 1}"#)
        // When they have removed it, ours goes.
        await far.values.delete("records/x")
        try await cache.sync()
        #expect(await far.values.get("records/x") != nil)
        await close(cache)
    }

    @Test("what is set on the store's own directory, and on those of the kinds, is sent, and that comes to an end")
    func roots() async throws {
        let cache = try await cache()
        for id in [NodeID.root] + Namespace.allCases.map(\.node) {
            _ = try cache.store.setAttributes(id, AttributeChange(mode: 0o750, time: .now()))
        }
        try await eventually("all is sent", within: .seconds(20)) {
            try cache.hurry()
            return try cache.store.outboxCount() == 0
        }
        await close(cache)
    }

    @Test("R10 a look leaves alone what moved with a directory to where others made something")
    func lookAtMoved() async throws {
        let (here, there) = (try await cache(), try await cache())
        var (client, other) = (StoreClient(here.store, .memory), StoreClient(there.store, .memory))
        _ = try client.directory("blobs/e")
        try client.put("blobs/e/f", "mine")
        try await here.sync()
        let gate = Gate()
        far.before { method, key in if method == .put, key == "blobs/first" { await gate.pass() } }
        try client.put("blobs/first", "x")
        try await until("an upload is under way") { gate.count == 1 }
        _ = try client.rename("blobs/e", to: "blobs/d")
        _ = try other.directory("blobs/d")
        try other.put("blobs/d/f", "theirs")
        try await there.sync()
        try await here.refresh()
        #expect(try client.text("blobs/d/f") == "mine")
        gate.open()
        try await here.sync()
        let kept = try client.store.keptVersions(.conflicts)
        let saved = try kept.map { try client.store.keptBytes(.conflicts, $0.path) }
        #expect(try client.text("blobs/d/f") == "mine" || saved.contains(Array("mine".utf8)))
        await close(here, there)
    }

    @Test("a key keeps its value as long as the file that has nothing else could not be brought")
    func unreadableOnlyCopy() async throws {
        let cache = try await cache { $0.cacheBytesMax = 0 }
        var client = StoreClient(cache.store, .memory)
        let old = String(repeating: "old", count: 2_000)
        try client.put("blobs/a", old)
        try await cache.sync()
        try await cache.evict()
        // Each of the two uploads asks for it once; who looked at it after that would find it.
        let failing = Gate()
        far.before { method, key in
            guard method == .get, key == "blobs/a", failing.takesOne(of: 2) else { return }
            throw StoreError(.io, hint: "it cannot be read now")
        }
        _ = try client.rename("blobs/a", to: "blobs/b")
        try client.put("blobs/a", "new")
        try await until("both have been refused") {
            try cache.status().pending.filter { $0.lastError != nil }.count == 2
        }
        #expect(await far.values.get("blobs/a") == Array(old.utf8))
        far.before { _, _ in }
        try await cache.sync()
        #expect(await far.values.get("blobs/a") == Array("new".utf8))
        #expect(await far.values.get("blobs/b") == Array(old.utf8))
        await close(cache)
    }

    @Test("R3 R10 who writes a file, or reads one whose mode others change, keeps the file that has the name")
    func keepsName() async throws {
        let (here, there) = (try await cache(), try await cache())
        var (client, other) = (StoreClient(here.store, .memory), StoreClient(there.store, .memory))
        try client.put("blobs/x", "first")
        try await here.sync()
        try await there.refresh()
        let node = try client.node("blobs/x")
        here.store.hold(node.id)
        let theirs = try other.node("blobs/x").id
        _ = try there.store.setAttributes(theirs, AttributeChange(mode: 0o600, time: .now()))
        try await there.sync()
        try await here.refresh()
        #expect(try client.node("blobs/x").id == node.id && client.node("blobs/x").mode == 0o600)
        // Sent while it is still open: theirs gets the name, and what is written next must not go where nobody finds it.
        here.store.setWriting(node.id, true)
        _ = try here.store.publish(Publication(node: node.id, content: .bytes(Array("mine".utf8)), mtime: .now()))
        try other.put("blobs/x", "theirs")
        try await there.sync()
        try await here.sync()
        #expect(try client.text("blobs/x") == "theirs" && client.node("blobs/x").id != node.id)
        let beside = try here.store.node(node.id)
        #expect(!beside.isUnlinked && beside.name.bytes.starts(with: Array("x@".utf8)))
        here.store.setWriting(node.id, false)
        here.store.release(node.id)
        await close(here, there)
    }

    @Test(
        "R10 what others do to a file while it is being written here waits, and is a conflict then",
        arguments: [true, false])
    func beingWritten(removes: Bool) async throws {
        let (here, there) = (try await cache(), try await cache())
        var (client, other) = (StoreClient(here.store, .memory), StoreClient(there.store, .memory))
        try client.put("blobs/x", "first")
        try await here.sync()
        try await there.refresh()
        let node = try client.node("blobs/x")
        here.store.hold(node.id)
        here.store.setWriting(node.id, true)
        if removes { _ = try other.unlink("blobs/x") } else { try other.put("blobs/x", "theirs") }
        try await there.sync()
        try await here.refresh()
        #expect(try client.text("blobs/x") == "first")
        _ = try here.store.publish(Publication(node: node.id, content: .bytes(Array("mine".utf8)), mtime: .now()))
        here.store.setWriting(node.id, false)
        here.store.release(node.id)
        try await here.sync()
        let kept = try client.store.keptVersions(.conflicts)
        let saved = try kept.map { try client.store.keptBytes(.conflicts, $0.path) }
        #expect(try client.text("blobs/x") == (removes ? "mine" : "theirs"))
        #expect(saved == (removes ? [] : [Array("mine".utf8)]))
        await close(here, there)
    }

    @Test(
        "R8 who removes or renames an empty log removes no event that others have appended meanwhile",
        arguments: [true, false])
    func unseenEvents(renames: Bool) async throws {
        let (here, there) = (try await cache(), try await cache())
        var (client, other) = (StoreClient(here.store, .memory), StoreClient(there.store, .memory))
        _ = try client.create("events/o.jsonl", .file)
        try await here.sync()
        try await there.refresh()
        try other.append("events/o.jsonl", "{\"n\":1}\n")
        try await there.sync()
        if renames {
            _ = try client.rename("events/o.jsonl", to: "events/p.jsonl")
        } else {
            _ = try client.unlink("events/o.jsonl")
        }
        try await here.sync()
        try await here.refresh()
        #expect(try client.text("events/o.jsonl") == "{\"n\":1}\n")
        await close(here, there)
    }

    @Test("R1 what somebody still writes is not sent before it has settled, and at once when it is closed")
    func settles() async throws {
        let cache = try await cache { $0.settleMilliseconds = 600_000 }
        var client = StoreClient(cache.store, .memory)
        try client.put("blobs/log", "")
        try await cache.sync()
        let node = try client.node("blobs/log")
        cache.store.hold(node.id)
        cache.store.setWriting(node.id, true)
        _ = try cache.store.publish(Publication(node: node.id, content: .bytes([1]), mtime: .now()))
        try client.put("blobs/later", "x")
        try await until("what came later is there") { await far.values.get("blobs/later") != nil }
        #expect(await far.values.get("blobs/log") == [])
        cache.store.setWriting(node.id, false)
        try await until("what was closed is there") { await far.values.get("blobs/log") == [1] }
        cache.store.release(node.id)
        await close(cache)
    }

    @Test("sync waits for what was there when it began, not for what a log gets meanwhile")
    func syncOfGrowingLog() async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        let (there, most) = (300, 3_000)
        try client.append("events/o.jsonl", String(repeating: "{\"n\":1}\n", count: there))
        // With each line that is sent come two more.
        let puts = Mutex(0)
        let isGrowing = Mutex(true)
        far.before { [client] method, key in
            guard method == .put, key.hasPrefix("events/") else { return }
            let count = puts.withLock { puts in
                puts += 1
                return puts
            }
            guard
                isGrowing.withLock({
                    $0 = $0 && count < most; return $0
                })
            else { return }
            var client = client
            try client.append("events/o.jsonl", "{\"n\":2}\n{\"n\":3}\n")
        }
        try await cache.sync()
        #expect((there..<most).contains(puts.withLock { $0 }))
        isGrowing.withLock { $0 = false }
        let lines = try client.text("events/o.jsonl").split(separator: "\n").count
        try await cache.sync()
        #expect(puts.withLock { $0 } >= lines)
        await close(cache)
    }
}
