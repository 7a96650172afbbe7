import Persist
import SQLiteStore
import Testing
import WriteBackCache

@testable import PersistTestKit

/// What two machines do under one name at one moment. Random steps found these.
@Suite("Two machines under one name", .serialized)
struct MeetingTests {
    private static func pair(_ bed: CacheBed) async throws -> [WriteBackCache] {
        let caches = [try bed.cache(at: bed.newPath()), try bed.cache(at: bed.newPath())]
        for cache in caches { try await cache.refresh() }
        return caches
    }

    private static func close(_ caches: [WriteBackCache]) async {
        for cache in caches {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("R10 a file that was moved to where others made one gives way; the name it was moved from goes all the same")
    func movedAway() async throws {
        let bed = try CacheBed(shows: .fourMethods)
        let caches = try await Self.pair(bed)
        var clients = caches.map { StoreClient($0.store, .memory) }
        try clients[0].put("blobs/old", "mine")
        try await caches[0].sync()
        try await caches[1].refresh()
        bed.setDown(true, for: caches[0])
        try clients[0].rename("blobs/old", to: "blobs/new")
        try clients[1].put("blobs/new", "theirs")
        try await caches[1].sync()
        bed.setDown(false, for: caches[0])
        try await caches[0].sync()
        for cache in caches + caches { try await cache.refresh() }
        for client in clients {
            #expect(try client.names("blobs") == ["new"])
            #expect(try client.text("blobs/new") == "theirs")
        }
        #expect(await bed.far.get("blobs/old") == nil)
        let kept = try clients[0].store.keptVersions(.conflicts)
        #expect(try kept.map { try clients[0].store.keptBytes(.conflicts, $0.path) } == [Array("mine".utf8)])
        await Self.close(caches)
    }

    @Test("R10 a record that was moved onto another's name is not merged with it: they come from no one value")
    func movedRecord() async throws {
        let bed = try CacheBed(shows: .fourMethods)
        let caches = try await Self.pair(bed)
        var clients = caches.map { StoreClient($0.store, .memory) }
        try clients[0].put("records/a.json", #"{"x": 1, "y": 2}"#)
        try await caches[0].sync()
        try await caches[1].refresh()
        bed.setDown(true, for: caches[0])
        try clients[0].put("records/a.json", #"{"x": 3, "y": 2}"#)
        try clients[0].rename("records/a.json", to: "records/b.json")
        try clients[1].put("records/b.json", #"{"x": 1}"#)
        try await caches[1].sync()
        bed.setDown(false, for: caches[0])
        try await caches[0].sync()
        #expect(try clients[0].text("records/b.json") == #"{"x": 1}"#)
        let kept = try clients[0].store.keptVersions(.conflicts)
        #expect(
            try kept.map { try clients[0].store.keptBytes(.conflicts, $0.path) } == [Array(#"{"x": 3, "y": 2}"#.utf8)])
        await Self.close(caches)
    }

    @Test(
        "R4 where the far side has the value of one and the side data of another, or none, the first sends its own again",
        arguments: [#"{"mode":420,"mtime":"1.5","size":1,"sum":"00","v":1}"#, nil])
    func sideDataOfAnother(meta: String?) async throws {
        let bed = try CacheBed(shows: .fourMethods)
        let caches = try await Self.pair(bed)
        var client = StoreClient(caches[0].store, .memory)
        try client.put("kv/a", "mine")
        let id = try client.node("kv/a").id
        _ = try client.store.setAttributes(id, AttributeChange(mode: 0o600, time: client.tick()))
        try await caches[0].sync()
        // The other's came between the two.
        if let meta {
            await bed.far.put(".persist/meta/kv/a", Array(meta.utf8))
        } else {
            await bed.far.delete(".persist/meta/kv/a")
        }
        try await caches[1].refresh()
        try await caches[0].refresh()
        try await caches[0].sync()
        try await caches[1].refresh()
        let (here, there) = (
            try client.node("kv/a"), try StoreClient(caches[1].store, .memory).node("kv/a")
        )
        #expect(here.mode == 0o600 && there.mode == 0o600 && here.mtime == there.mtime)
        // And it is at rest.
        try await caches[0].refresh()
        #expect(try caches[0].store.outboxCount() == 0)
        await Self.close(caches)
    }

    /// Leaves a key out of its listings, and refuses to give it.
    private struct Hiding: PersistAdapter {
        let far: MemoryAdapter
        let key: StoreKey

        func get(_ key: StoreKey) async throws -> [UInt8]? {
            guard key != self.key else { throw StoreError(.io, key: key, hint: "it is no JSON") }
            return await far.get(key)
        }
        func put(_ key: StoreKey, _ value: [UInt8]) async throws { await far.put(key, value) }
        func delete(_ key: StoreKey) async throws { await far.delete(key) }
        func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
            var found: [StoreEntry] = []
            for try await entry in await far.list(prefix) where entry.key != key { found.append(entry) }
            let shown = found
            return AsyncThrowingStream { stream in
                for entry in shown { stream.yield(entry) }
                stream.finish()
            }
        }
    }

    @Test("a value that the far side cannot show is not gone, and spoils no look")
    func cannotBeShown() async throws {
        let bed = try CacheBed(shows: .fourMethods)
        let path = bed.newPath()
        let first = try bed.cache(at: path)
        try await first.refresh()
        var client = StoreClient(first.store, .memory)
        try client.put("kv/a", "a")
        try client.put("kv/b", "b")
        try await first.sync()
        await Self.close([first])
        await bed.far.delete("kv/b")
        await bed.far.put("kv/c", [1])

        var store = SQLiteStoreOptions()
        store.reserveBytes = 0
        let cache = try WriteBackCache(Hiding(far: bed.far, key: "kv/a"), path: path, storeOptions: store)
        cache.run()
        try await cache.refresh()
        #expect(try StoreClient(cache.store, .memory).names("kv") == ["a", "c"])
        await Self.close([cache])
    }
}
