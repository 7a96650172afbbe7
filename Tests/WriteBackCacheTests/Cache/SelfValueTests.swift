@testable import PersistTestKit
import Persist
import SQLiteStore
import Testing
import WriteBackCache

@Suite("The value of a key that is also the prefix of others, on two machines", .serialized)
struct SelfValueTests {
    /// A directory, its `%self`, another file in it, and what a program knows the value by.
    static let places = [
        ("kv/a", "kv/a/%self", "kv/a/b", "kv/a"), ("blobs/a", "blobs/a/%self", "blobs/a/b", "blobs/a"),
        ("records/a.json", "records/a.json/%self", "records/a.json/b.json", "records/a"),
    ]

    private func text(_ place: String) -> String { place.hasPrefix("records/") ? #"{"n": 1}"# : "1" }
    private func changed(_ place: String) -> String { place.hasPrefix("records/") ? #"{"n": 2}"# : "2" }

    private func setMode(_ client: inout StoreClient, _ path: String, _ mode: UInt16) throws {
        _ = try client.store.setAttributes(client.node(path).id, AttributeChange(mode: mode, time: client.tick()))
    }

    private func expectSame(_ caches: [WriteBackCache], _ round: String) async throws {
        let trees = try await (caches[0].keptTree(), caches[1].keptTree())
        #expect(trees.0 == trees.1, "\(round)")
    }

    @Test(
        "R4 it and its directory have their own mode and time on each machine", arguments: places,
        CacheBed.Shown.allCases)
    func attributes(place: (String, String, String, String), shows: CacheBed.Shown) async throws {
        let (directory, own, other, key) = place
        let bed = try CacheBed(shows: shows)
        let caches = try (0..<2).map { _ in try bed.cache(at: bed.newPath()) }
        for cache in caches { try await cache.refresh() }
        var clients = caches.map { StoreClient($0.store, .memory) }
        clients[1].setClock(1_000)
        try clients[0].directory(directory)
        try clients[0].put(own, text(own))
        try clients[0].put(other, text(own))
        try setMode(&clients[0], own, 0o600)
        try setMode(&clients[0], other, 0o640)
        try setMode(&clients[0], directory, 0o750)
        try await caches[0].sync()
        #expect(await bed.far.get(StoreKey(Array(key.utf8))) == Array(text(own).utf8))
        for round in ["the first look", "the second look"] {
            try await caches[1].refresh()
            let (there, here) = (try clients[1].node(own), try clients[0].node(own))
            #expect(there.mode == 0o600 && there.mtime == here.mtime, "\(round): \(there)")
            try await expectSame(caches, round)
        }
        // Each changes something of it, and the other sees that.
        for (side, mode) in [(0, UInt16(0o604)), (1, 0o400)] {
            try setMode(&clients[side], own, mode)
            try await caches[side].sync()
            try await caches[1 - side].refresh()
            #expect(try clients[1 - side].node(own).mode == mode)
            try await expectSame(caches, "the mode, by \(side)")
            try setMode(&clients[side], directory, mode | 0o100)
            try await caches[side].sync()
            try await caches[1 - side].refresh()
            #expect(try clients[1 - side].node(directory).mode == mode | 0o100)
            try await expectSame(caches, "the directory's mode, by \(side)")
        }
        for side in [0, 1] {
            try clients[side].put(own, side == 0 ? changed(own) : text(own))
            try await caches[side].sync()
            try await caches[1 - side].refresh()
            try await expectSame(caches, "the value, by \(side)")
        }
        #expect(try await bed.freshTree() == caches[0].keptTree())
        try clients[1].unlink(own)
        try await caches[1].sync()
        try await caches[0].refresh()
        #expect(try !clients[0].has(own) && clients[0].has(other))
        #expect(try clients[0].node(directory).mode == 0o500)
        for cache in caches {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test(
        "what was a value at the first look is %self once others are below it, and follows changes from then on",
        arguments: CacheBed.Shown.allCases)
    func becomesPrefix(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let cache = try bed.cache(at: bed.newPath())
        await bed.far.put("kv/a", Array("1".utf8))
        try await cache.refresh()
        let client = StoreClient(cache.store, .memory)
        await bed.far.put("kv/a/b", Array("2".utf8))
        for _ in 0..<2 {
            try await cache.refresh()
            let (here, there) = try await (cache.keptTree(), bed.freshTree())
            #expect(here.map { $0.prefix { $0 != ":" } } == there.map { $0.prefix { $0 != ":" } })
        }
        await bed.far.put("kv/a", Array("3".utf8))
        try await cache.refresh()
        #expect(try await cache.keptTree().contains { $0.hasPrefix("kv/a/%self:") && $0.contains("3") })
        #expect(try cache.store.outboxCount() == 0)
        await bed.far.delete("kv/a")
        try await cache.refresh()
        #expect(try !client.has("kv/a/%self") && client.has("kv/a/b"))
        await cache.stop()
        cache.store.close()
    }

    /// Names that nothing else has in between.
    private func moveIntoOwnDirectory(_ client: inout StoreClient) throws {
        try client.rename("kv/a", to: "kv/t")
        try client.directory("kv/a")
        try client.rename("kv/t", to: "kv/a/%self")
        try client.put("kv/a/b", "2")
    }

    @Test(
        "a value that is moved into a directory of its name stays on the far side", arguments: CacheBed.Shown.allCases)
    func moves(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let cache = try bed.cache(at: bed.newPath())
        try await cache.refresh()
        var client = StoreClient(cache.store, .memory)
        try client.put("kv/a", "1")
        try setMode(&client, "kv/a", 0o600)
        try await cache.sync()
        try moveIntoOwnDirectory(&client)
        try await cache.sync()
        #expect(await bed.far.get("kv/a") == Array("1".utf8))
        #expect(try await bed.freshTree() == cache.keptTree())
        try await cache.refresh()
        #expect(try await bed.freshTree() == cache.keptTree())
        // And back.
        try client.rename("kv/a/%self", to: "kv/t")
        try client.unlink("kv/a/b")
        try client.removeDirectory("kv/a")
        try client.rename("kv/t", to: "kv/a")
        try await cache.sync()
        #expect(await bed.far.get("kv/a") == Array("1".utf8))
        #expect(try await bed.freshTree() == cache.keptTree())
        await cache.stop()
        cache.store.close()
    }

    @Test(
        "an edit that is still to be sent when its name becomes a directory is sent, as no conflict",
        arguments: CacheBed.Shown.allCases)
    func pending(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let caches = try (0..<2).map { _ in try bed.cache(at: bed.newPath()) }
        var clients = caches.map { StoreClient($0.store, .memory) }
        for cache in caches { try await cache.refresh() }
        try clients[0].put("kv/a", "1")
        try await caches[0].sync()
        try await caches[1].refresh()
        await bed.far.put("kv/a/b", Array("2".utf8))
        try clients[1].put("kv/a", "3")
        // Before it is sent: what changes is gathered for a while.
        try await caches[1].refresh()
        #expect(try clients[1].has("kv/a/%self"))
        try await caches[1].sync()
        #expect(await bed.far.get("kv/a") == Array("3".utf8))
        #expect(try caches[1].store.keptVersions(.conflicts).isEmpty)
        try await caches[0].refresh()
        #expect(try await caches[0].keptTree().contains { $0.hasPrefix("kv/a/%self:") && $0.contains("3") })
        for cache in caches {
            await cache.stop()
            cache.store.close()
        }
    }
}
