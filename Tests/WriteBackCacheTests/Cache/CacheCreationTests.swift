import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

/// Rows of the outbox that a new file does without at first.
@Suite("Creations in a write-back cache", .serialized)
struct CacheCreationTests {
    private func ready(_ bed: CacheBed, _ path: String) async throws -> WriteBackCache {
        let cache = try bed.cache(at: path)
        try await cache.refresh()
        return cache
    }

    @Test("R2 what was created right before a kill is sent by the next mount, and nothing is sent twice")
    func createdBeforeKill() async throws {
        let bed = try CacheBed()
        let path = bed.newPath()
        let killed = try await ready(bed, path)
        try killed.store.put("1", .kv, "sent")
        try await killed.sync()
        bed.setDown(true)
        for number in 0..<20 { try killed.store.put("\(number)", .kv, "k\(number)") }
        bed.kill(killed)
        bed.setDown(false)
        let next = try bed.cache(at: path)
        // With the times of their directory.
        #expect(try next.store.outboxCount() == 21)
        try await next.sync()
        for number in 0..<20 {
            #expect(await bed.far.get(StoreKey(Array("kv/k\(number)".utf8))) == Array("\(number)".utf8))
        }
        #expect(bed.puts("kv/sent") == 1)
        await next.stop()
        next.store.close()
        let last = try bed.cache(at: path)
        #expect(try last.store.outboxCount() == 0)
        await last.stop()
        last.store.close()
    }

    @Test("a log whose events others have removed is not sent again after a kill")
    func removedLogAfterKill() async throws {
        let bed = try CacheBed()
        let path = bed.newPath()
        let killed = try await ready(bed, path)
        let id = try killed.store.reserveNodeID()
        let creation = Creation(
            id: id, parent: Namespace.events.node, name: "a.jsonl", kind: .file, mode: nil, uid: nil, gid: nil,
            time: .now())
        _ = try killed.store.append(
            Append(stream: id, creation: creation, bytes: Array("{}\n".utf8), start: .newLine, time: .now()))
        try await killed.sync()
        for key in await bed.far.keys { await bed.far.delete(key) }
        try await killed.refresh()
        #expect(try killed.store.outboxCount() == 0)
        bed.kill(killed)
        let next = try bed.cache(at: path)
        #expect(try next.store.outboxCount() == 0)
        try await next.sync()
        #expect(await bed.far.keys.isEmpty)
        await next.stop()
        next.store.close()
    }

    private func walBytes(_ path: String) -> Int {
        var found = stat()
        return stat(path + "-wal", &found) == 0 ? Int(found.st_size) : 0
    }

    @Test("R14 a creation writes no more to the log of a cache than to that of a store")
    func bytesOfCreations() async throws {
        let bed = try CacheBed()
        let path = bed.newPath()
        let first = try await ready(bed, path)
        await first.stop()
        first.store.close()
        var options = SQLiteStoreOptions()
        options.reserveBytes = 0
        // One that sends nothing meanwhile: what is sent is written too.
        let cache = try WriteBackCache(bed.far, path: path, storeOptions: options, options: WriteBackCacheOptions())
        let storePath = bed.newPath()
        let store = try SQLiteStore.open(path: storePath, options: options)
        func bytes(_ store: SQLiteStore, _ path: String) throws -> Int {
            // The first of all makes what each of them needs once.
            try store.put("0", .blobs, "first")
            let before = walBytes(path)
            for number in 0..<100 { try store.put("\(number)", .blobs, "b\(number)") }
            return walBytes(path) - before
        }
        let (ofCache, ofStore) = (try bytes(cache.store, path), try bytes(store, storePath))
        #expect(ofStore > 0 && ofCache <= ofStore + ofStore / 50, "\(ofCache) \(ofStore)")
        #expect(try cache.store.outboxCount() == 102)
        await cache.stop()
        cache.store.close()
        store.close()
    }
}
