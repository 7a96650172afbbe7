import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

/// Files that somebody has open while the cache is full.
extension EvictionTests {
    @Test("a file that is open, and whose content is away, is brought before it loses its name")
    func openAndRemoved() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        for name in ["a", "b"] { try put(content(1, bytes: 50_000), .blobs, name, in: cache.store) }
        try await cache.sync()
        try await cache.evict()
        let a = try cache.store.node(.blobs, "a")
        cache.store.hold(a.id)
        let name = FileName(unchecked: Array("a".utf8))
        do throws(StoreError) {
            _ = try cache.store.unlink(name, in: Namespace.blobs.node)
            Issue.record("what only the far side has was removed")
        } catch { try await #require(error.absence).bring() }
        _ = try cache.store.unlink(name, in: Namespace.blobs.node)
        // One that nobody has open goes without being brought.
        _ = try cache.store.unlink(FileName(unchecked: Array("b".utf8)), in: Namespace.blobs.node)
        try await cache.sync()
        #expect(await bed.far.get("blobs/a") == nil)
        #expect(try await cache.store.bytes(of: a) == content(1, bytes: 50_000))
        cache.store.release(a.id)
        await end(cache)
    }

    @Test("what somebody has opened since the last time round stays once; what is open stays")
    func sparesUsed() async throws {
        let bed = try CacheBed()
        // Nobody but the test takes anything away.
        let cache = try await ready(bed) { options in
            Self.small(&options)
            options.cacheBytesMax = 1 << 30
        }
        for name in ["a", "b", "c"] { try put(content(1, bytes: 50_000), .blobs, name, in: cache.store) }
        try await cache.sync()
        let all = try ["a", "b", "c"].map { try cache.store.node(.blobs, $0) }
        cache.store.hold(all[0].id)
        cache.store.release(all[0].id)
        cache.store.hold(all[1].id)
        _ = try cache.store.evict(after: nil, bytes: .max)
        #expect(try all.map { try isHere($0, in: cache.store) } == [true, true, false])
        _ = try cache.store.evict(after: nil, bytes: .max)
        #expect(try all.map { try isHere($0, in: cache.store) } == [false, true, false])
        cache.store.release(all[1].id)
        await end(cache)
    }

    @Test("who has a file open that is not here, and that others remove, is told so when it reads; the name goes")
    func removedWhileAway() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        let other = try await ready(bed)
        let names: [(Namespace, String)] = [(.blobs, "b"), (.records, "r.json"), (.kv, "k")]
        for name in names { try put(json(1, bytes: 20_000), name.0, name.1, in: cache.store) }
        try await cache.sync()
        try await other.refresh()
        let open = try names.map { try cache.store.node($0.0, $0.1) }
        for node in open { cache.store.hold(node.id) }
        _ = try cache.store.evict(after: nil, bytes: .max, sparesUsed: false, takesOpen: true)
        for name in names {
            _ = try other.store.unlink(FileName(unchecked: Array(name.1.utf8)), in: name.0.node)
        }
        try await other.sync()
        try await cache.refresh()
        for (name, node) in zip(names, open) {
            #expect(throws: StoreError.self) { try cache.store.node(name.0, name.1) }
            await #expect { try await cache.store.bytes(of: node) } throws: { ($0 as? StoreError)?.kind == .stale }
            cache.store.release(node.id)
        }
        #expect(try cache.store.outboxCount() == 0)
        await end(other)
        await end(cache)
    }

    @Test(
        "who has read a part of a file that went since, and that others replace, gets no mixture of both",
        arguments: [(Namespace.blobs, "b"), (.blobs, "small"), (.records, "r.json"), (.kv, "k")], [true, false])
    func replacedAfterEviction(file: (Namespace, String), looks: Bool) async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        let other = try await ready(bed)
        let bytes = file.1 == "b" ? 300_000 : 20_000
        func version(_ number: Int) -> [UInt8] {
            file.0 == .records ? json(number, bytes: bytes) : content(number, bytes: bytes)
        }
        try put(version(1), file.0, file.1, in: cache.store)
        try await cache.sync()
        try await other.refresh()
        let old = try cache.store.node(file.0, file.1)
        cache.store.hold(old.id)
        #expect(try await cache.store.bytes(of: old, at: 0, count: 100) == Array(version(1).prefix(100)))
        _ = try cache.store.evict(after: nil, bytes: .max, sparesUsed: false, takesOpen: true)
        #expect(try !isHere(old, in: cache.store))
        try put(version(2), file.0, file.1, in: other.store)
        try await other.sync()
        if looks { try await cache.refresh() }
        await #expect {
            try await cache.store.bytes(of: old, at: 100, count: Int(old.size) - 100)
        } throws: { ($0 as? StoreError)?.kind == .stale }
        cache.store.release(old.id)
        try await cache.refresh()
        let new = try cache.store.node(file.0, file.1)
        #expect(try await cache.store.bytes(of: new) == version(2))
        await end(other)
        await end(cache)
    }
}
