import Persist
import SQLiteStore
import Testing

@testable import PersistTestKit
@testable import WriteBackCache

@Suite("A far side that holds no value beside those below its key", .serialized)
struct DirectoryFarTests {
    @Test("what it refused for a value that has gone when the refusal arrives is sent again at once")
    func refusedMeanwhile() async throws {
        let bed = try CacheBed()
        let far = HookedFar()
        var store = SQLiteStoreOptions()
        store.reserveBytes = 0
        var options = WriteBackCacheOptions()
        options.refreshMilliseconds = 3_600_000
        let cache = try WriteBackCache(far, path: bed.newPath(), storeOptions: store, options: options)
        cache.run()
        try await cache.refresh()
        var client = StoreClient(cache.store, .memory)
        try client.put("blobs/f", "old")
        try await cache.sync()

        let (tries, removal) = (Gate(), Gate())
        tries.open()
        far.before { [far, cache] method, key in
            if method == .delete, key == "blobs/f" { await removal.pass() }
            guard method == .put, key == "blobs/f/in", await far.values.get("blobs/f") != nil else { return }
            await tries.pass()
            // The first ones are refused while the file is there: no news of this one is left that would send it again.
            if tries.count == 3 {
                removal.open()
                try await eventually("the file goes, and the directory is sent: only this one is left") {
                    try cache.store.outbox(after: nil, limit: 2).count == 1
                }
            }
            throw StoreError(.notDirectory, key: key)
        }
        try client.unlink("blobs/f")
        _ = try client.directory("blobs/f")
        try client.put("blobs/f/in", "new")
        _ = try cache.hurry()
        try await eventually("it arrives") { await far.values.get("blobs/f/in") != nil }
        #expect(await far.values.get("blobs/f") == nil)
        await cache.stop()
        cache.store.close()
    }
}
