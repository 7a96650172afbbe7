import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

/// What is refused is undone, and the numbers that it took must not be given out twice.
@Suite struct RefusedNumberTests {
    @Test(
        "R10 what the far side has and cannot be shown costs no new file its place",
        arguments: CacheBed.Shown.allCases)
    func events(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        // More than a block of numbers.
        for number in 1...1_100 {
            let hex = String(number, radix: 16)
            let stamp = String(repeating: "0", count: 8 - hex.count) + hex
            await bed.far.put(StoreKey(Array("events/orders/019c0f5b\(stamp)-0a0b0c0d".utf8)), Array("no json".utf8))
        }
        await bed.far.put("records/bad", Array("no json".utf8))
        let path = bed.newPath()
        func open() async throws -> WriteBackCache {
            let cache = try bed.cache(at: path)
            try await cache.refresh()
            return cache
        }
        let first = try await open()
        for number in 0..<50 { _ = try first.store.put("a\(number)", .kv, "a\(number)") }
        try await first.sync()
        await first.stop()
        first.store.close()
        let second = try await open()
        for number in 0..<1_200 { _ = try second.store.put("b\(number)", .kv, "b\(number)") }
        var wrong: [String] = []
        for (letter, count) in [("a", 50), ("b", 1_200)] {
            for number in 0..<count {
                let found = (try? await second.store.text(.kv, "\(letter)\(number)")) ?? "none"
                if found != "\(letter)\(number)" { wrong.append("\(letter)\(number) is \(found)") }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(3))")
        await second.stop()
        second.store.close()
        #expect(try SQLiteStore.check(path: path, options: SQLiteStoreOptions()).map(\.problem) == [])
    }
}
