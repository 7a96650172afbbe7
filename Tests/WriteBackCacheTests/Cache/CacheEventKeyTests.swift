import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import Testing
import WriteBackCache

@Suite("Events that plain programs put on the far side")
struct CacheEventKeyTests {
    @Test("those in our form are shown; others stay as they are, are not shown, and are counted")
    func forms() async throws {
        let bed = try CacheBed()
        await bed.far.put("events/orders/019c0f5b4c000001-0a0b0c0d", Array("{\"e\":2}".utf8))
        await bed.far.put("events/orders/019c0f5b4c000000-0a0b0c0d", Array("{\"e\":1}".utf8))
        // The last time that a key can name, past those that a file can have.
        await bed.far.put("events/orders/ffffffffffff0000-0a0b0c0d", Array("{\"e\":3}".utf8))
        let odd: [StoreKey] = [
            "events/orders", "events/orders/1", "events/orders/019C0F5B4C000000-0A0B0C0D",
            "events/orders.jsonl/019c0f5b4c000000-0a0b0c0d",
        ]
        for key in odd { await bed.far.put(key, [1]) }
        let lines = Mutex<[String]>([])
        let cache = try bed.cache(at: bed.newPath()) { $0.log = { line in lines.withLock { $0.append(line) } } }
        for _ in 0..<2 { try await cache.refresh() }
        let log = try cache.store.lookup("orders.jsonl", in: Namespace.events.node)
        let bytes = try [UInt8](capacity: Int(log.size)) { span throws(StoreError) in
            try cache.store.read(log.id, at: 0, into: &span)
        }
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"e\":1}\n{\"e\":2}\n{\"e\":3}\n")
        #expect(try cache.status().ignored?.hasPrefix("4 keys in events/") == true)
        // Said once, not at each look.
        #expect(lines.withLock { $0.filter { $0.hasPrefix("4 keys") }.count } == 1)
        for key in odd { #expect(await bed.far.get(key) == [1]) }
        for key in odd { await bed.far.delete(key) }
        try await cache.refresh()
        #expect(try cache.status().ignored == nil)
        await cache.stop()
        cache.store.close()
    }
}
