import Foundation
@testable import PersistTestKit
import Persist
import SQLiteStore
import Testing
import WriteBackCache

@Suite("Much that is pending", .serialized)
struct ManyPendingTests {
    private static let count = ProcessInfo.processInfo.environment["PERSISTFS_TEST_LONG"] == nil ? 5_000 : 100_000

    @Test("with much that has not been sent a cache can be used at once, the far side being down; then all arrives")
    func start() async throws {
        let bed = try CacheBed(shows: .fourMethods)
        let path = bed.newPath()
        let first = try bed.cache(at: path)
        try await first.refresh()
        bed.setDown(true)
        var client = StoreClient(first.store, .memory)
        for number in 0..<Self.count {
            if number % 1_000 == 0 { try client.directory("blobs/d\(number / 1_000)") }
            try client.put("blobs/d\(number / 1_000)/f\(number)", "\(number)")
        }
        bed.kill(first)

        let start = ContinuousClock.now
        let next = try bed.cache(at: path)
        client = StoreClient(next.store, .memory)
        #expect(try client.text("blobs/d0/f7") == "7")
        #expect(throws: StoreError.self) { try client.text("blobs/d0/none") }
        try client.put("kv/new", "new")
        let status = try next.status()
        let time = ContinuousClock.now - start
        print("usable after \(time) with \(status.pendingCount) pending")
        // Of the machine: what it does not do is read all that is pending. A second is the bar on an idle one.
        #expect(time < .seconds(10))
        #expect(status.pendingCount >= Self.count)
        bed.setDown(false)
        try await next.sync()
        #expect(try next.store.outboxCount() == 0)
        #expect(await bed.far.get("kv/new") == Array("new".utf8))
        #expect(await bed.far.get(StoreKey(Array("blobs/d0/f7".utf8))) == Array("7".utf8))
        #expect(await bed.far.keys.count { $0.hasPrefix("blobs/") } == Self.count)
        await next.stop()
        next.store.close()
    }
}
