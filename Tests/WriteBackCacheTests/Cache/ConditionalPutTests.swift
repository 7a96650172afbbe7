import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

@Suite("A far side that puts on a condition", .serialized)
struct ConditionalPutTests {
    private func ready(_ bed: CacheBed, _ path: String? = nil) async throws -> WriteBackCache {
        let cache = try bed.cache(at: path ?? bed.newPath())
        try await cache.refresh()
        return cache
    }

    private func close(_ caches: WriteBackCache...) async {
        for cache in caches {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test("R10 what this machine has put before needs no get before it is replaced, over a restart neither")
    func noGets() async throws {
        let bed = try CacheBed()
        let path = bed.newPath()
        var cache = try await ready(bed, path)
        let before = bed.gets
        for round in 0..<4 {
            for number in 0..<5 { try cache.store.put("round \(round)", .kv, "k\(number)") }
            try await cache.sync()
            if round == 1 {
                await close(cache)
                // The first look of the next mount asks for nothing either: it lists.
                cache = try await ready(bed, path)
            }
        }
        #expect(bed.gets == before)
        for number in 0..<5 {
            #expect(await bed.far.get(StoreKey(Array("kv/k\(number)".utf8))) == Array("round 3".utf8))
        }
        await close(cache)
    }

    @Test("R10 of a value that is too long to be looked at first, the edit of others is seen all the same")
    func longValues() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        let long = String(repeating: "long ", count: 300_000)
        try cache.store.put(long, .blobs, "a")
        try await cache.sync()
        await bed.far.put("blobs/a", Array("theirs".utf8))
        try cache.store.put(long + "mine", .blobs, "a")
        try await cache.sync()
        #expect(try await cache.store.text(.blobs, "a") == "theirs")
        #expect(await bed.far.get("blobs/a") == Array("theirs".utf8))
        let kept = try #require(try cache.store.keptVersions(.conflicts).first)
        #expect(try cache.store.keptBytes(.conflicts, kept.path) == Array((long + "mine").utf8))
        // From here on the far side's value is what edits are based on.
        try cache.store.put("again", .blobs, "a")
        try await cache.sync()
        #expect(await bed.far.get("blobs/a") == Array("again".utf8))
        #expect(try cache.store.keptVersions(.conflicts).count == 1)
        await close(cache)
    }

    @Test("R10 a name that others have made meanwhile is theirs, and a value that they have removed comes back")
    func madeAndRemoved() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        await bed.far.put("kv/new", Array("theirs".utf8))
        try cache.store.put("mine", .kv, "new")
        try cache.store.put("1", .kv, "old")
        try await cache.sync()
        #expect(try await cache.store.text(.kv, "new") == "theirs")
        #expect(try cache.store.keptVersions(.conflicts).count == 1)
        await bed.far.delete("kv/old")
        try cache.store.put("2", .kv, "old")
        try await cache.sync()
        #expect(await bed.far.get("kv/old") == Array("2".utf8))
        #expect(try cache.store.keptVersions(.conflicts).count == 1)
        await close(cache)
    }

    @Test("an answer that was lost is found out, and is no conflict with oneself")
    func lostAnswers() async throws {
        let bed = try CacheBed()
        let path = bed.newPath()
        var cache = try await ready(bed, path)
        var faults = UnreliableAdapter.Faults()
        for round in 0..<3 {
            faults.answerLost = 100
            bed.faults = faults
            let before = bed.puts("kv/a")
            try cache.store.put("\(round)", .kv, "a")
            try cache.hurry()
            while bed.puts("kv/a") == before { try await Task.sleep(for: .milliseconds(2)) }
            if round == 1 {
                bed.kill(cache)
                cache = try bed.cache(at: path)
            }
            faults.answerLost = 0
            bed.faults = faults
            try await cache.sync()
            #expect(await bed.far.get("kv/a") == Array("\(round)".utf8))
        }
        #expect(try cache.store.keptVersions(.conflicts).isEmpty)
        await close(cache)
    }

    @Test("one that turns out not to know conditions is looked at before each put, as if it had never said so")
    func unsupported() async throws {
        let bed = try CacheBed(shows: .noAttributes, farHasCapabilities: false)
        let cache = try await ready(bed)
        #expect(try cache.status().putsConditionally)
        try cache.store.put("1", .kv, "a")
        try await cache.sync()
        #expect(try !cache.status().putsConditionally)
        await bed.far.put("kv/a", Array("theirs".utf8))
        let before = bed.gets
        try cache.store.put("2", .kv, "a")
        try await cache.sync()
        #expect(bed.gets > before)
        #expect(try await cache.store.text(.kv, "a") == "theirs")
        #expect(try cache.store.keptVersions(.conflicts).count == 1)
        await close(cache)
    }
}
