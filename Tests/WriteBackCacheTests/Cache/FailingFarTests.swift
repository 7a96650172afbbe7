@testable import PersistTestKit
import Persist
import SQLiteStore
import Testing
import WriteBackCache

@Suite("A far side that fails often", .serialized)
struct FailingFarTests {
    @Test("a log of many lines arrives though no ten requests in a row succeed, each line once")
    func logs() async throws {
        let bed = try CacheBed(seed: 7)
        let cache = try bed.cache(at: bed.newPath())
        try await cache.refresh()
        var faults = UnreliableAdapter.Faults()
        (faults.lost, faults.answerLost) = (25, 15)
        bed.faults = faults
        var client = StoreClient(cache.store, .memory)
        let lines = (0..<20).map { "{\"n\":\($0)}\n" }
        for line in lines { try client.append("events/a.jsonl", line) }
        try client.append("events/a.jsonl", "\"open\"", .newLine, endsUnterminated: true)
        // Failures are waited for: at 40 in 100 each attempt sends a line or two.
        try await cache.sync()
        bed.faults = UnreliableAdapter.Faults()
        let fresh = try bed.cache(at: bed.newPath())
        try await fresh.refresh()
        #expect(try StoreClient(fresh.store, .memory).text("events/a.jsonl") == lines.joined() + "\"open\"\n")
        for cache in [cache, fresh] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("a look comes to its end though four of ten requests of it fail")
    func looks() async throws {
        let bed = try CacheBed(seed: 3)
        let one = try bed.cache(at: bed.newPath())
        let two = try bed.cache(at: bed.newPath())
        for cache in [one, two] { try await cache.refresh() }
        var client = StoreClient(one.store, .memory)
        for number in 0..<30 { try client.put("kv/k\(number)", "\(number)") }
        try await one.sync()
        try await two.refresh()
        for number in 0..<30 { try client.unlink("kv/k\(number)") }
        try await one.sync()
        var faults = UnreliableAdapter.Faults()
        faults.lost = 40
        bed.faults = faults
        // Five lists, and a get of each name that is gone: together they never succeed.
        var looks = 0
        while looks < 20 {
            looks += 1
            if (try? await two.refresh()) != nil { break }
        }
        #expect(looks < 20)
        #expect(try StoreClient(two.store, .memory).names("kv") == [])
        bed.faults = UnreliableAdapter.Faults()
        for cache in [one, two] {
            await cache.stop()
            cache.store.close()
        }
    }
}
