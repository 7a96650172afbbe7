import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import Testing
import WriteBackCache

@Suite("Values that go in parts", .serialized)
struct LongValueTests {
    static let partedBytesMin: UInt64 = 256 << 10
    static let partBytes = 64 << 10

    func bed() throws -> CacheBed { try CacheBed(partedBytesMin: Self.partedBytesMin) }

    func ready(_ bed: CacheBed, at path: String? = nil) async throws -> WriteBackCache {
        let cache = try bed.cache(at: path ?? bed.newPath()) { options in
            options.freeBytesMin = 0
            options.settleMilliseconds = 0
        }
        try await cache.refresh()
        return cache
    }

    func end(_ cache: WriteBackCache) async {
        await cache.stop()
        cache.store.close()
    }

    /// Of five whole parts and a bit.
    func content(_ seed: UInt64) -> String {
        var random = SplitMix64(seed: seed)
        return (0..<(5 * Self.partBytes + 1_000) / 16).map { _ in
            String(random.next() >> 4 | 1 << 59, radix: 16) + "\n"
        }.joined()
    }

    @Test("a long value goes in its parts, each once, and is never put whole; another machine reads it in ranges")
    func parts() async throws {
        let bed = try bed()
        let cache = try await ready(bed)
        let text = content(1)
        let node = try cache.store.put(text, .blobs, "a")
        _ = try cache.store.setAttributes(node.id, AttributeChange(mode: 0o640, time: .now()))
        try await cache.sync()
        #expect(await bed.far.get("blobs/a") == Array(text.utf8))
        #expect(bed.partsSent("blobs/a").sorted() == Array(1...6) && bed.puts("blobs/a") == 0)
        #expect(await bed.far.openUploadCount == 0)
        let other = try await ready(bed)
        let there = try other.store.node(.blobs, "a")
        #expect(there.mode == 0o640 && there.size == node.size)
        #expect(try await other.store.bytes(of: there) == Array(text.utf8))
        #expect(bed.history.lines(with: "get blobs").isEmpty)
        for cache in [cache, other] { await end(cache) }
    }

    @Test("what has been sent is not sent again: after a crash it goes on with the parts that are missing")
    func resumes() async throws {
        let bed = try bed()
        let path = bed.newPath()
        let cut = try await ready(bed, at: path)
        var faults = UnreliableAdapter.Faults()
        // The directory's time is sent too; it is begun, and three parts arrive.
        (faults.cutAt, faults.cutsAfter) = (5, true)
        bed.faults = faults
        let text = content(2)
        try cut.store.put(text, .blobs, "a")
        try cut.hurry()
        try await until { bed.isCut(cut) }
        // Two answers were heard at least, and are put down.
        try await until { (try? cut.store.farUploads().first?.parts.count ?? 0) ?? 0 >= 2 }
        let heard = try #require(cut.store.farUploads().first).parts.count
        bed.kill(cut)
        bed.faults = UnreliableAdapter.Faults()
        let before = bed.history.lines(with: "blobs/a: part ").count
        let next = try await ready(bed, at: path)
        try await next.sync()
        #expect(await bed.far.get("blobs/a") == Array(text.utf8))
        #expect(bed.history.lines(with: "blobs/a: part ").count - before <= 6 - heard)
        #expect(await bed.far.openUploadCount == 0)
        await end(next)
    }

    @Test("an upload that the far side has dropped is begun anew")
    func expires() async throws {
        let bed = try bed()
        let path = bed.newPath()
        let cut = try await ready(bed, at: path)
        var faults = UnreliableAdapter.Faults()
        (faults.cutAt, faults.cutsAfter) = (4, true)
        bed.faults = faults
        let text = content(3)
        try cut.store.put(text, .blobs, "a")
        try cut.hurry()
        try await until { bed.isCut(cut) }
        bed.kill(cut)
        await bed.far.expireUploads()
        bed.faults = UnreliableAdapter.Faults()
        let next = try await ready(bed, at: path)
        try await next.sync()
        #expect(await bed.far.get("blobs/a") == Array(text.utf8))
        await end(next)
    }

    @Test("an answer to the completion that is lost costs no second upload and no conflict")
    func lostAnswer() async throws {
        let bed = try bed()
        let path = bed.newPath()
        let cut = try await ready(bed, at: path)
        var faults = UnreliableAdapter.Faults()
        // The directory's time, the beginning, six parts, the completion.
        (faults.cutAt, faults.cutsAfter) = (9, true)
        bed.faults = faults
        let text = content(4)
        try cut.store.put(text, .blobs, "a")
        try cut.hurry()
        try await until { bed.isCut(cut) }
        bed.kill(cut)
        #expect(await bed.far.get("blobs/a") == Array(text.utf8))
        bed.faults = UnreliableAdapter.Faults()
        let next = try await ready(bed, at: path)
        try await next.sync()
        #expect(bed.partsSent("blobs/a").sorted() == Array(1...6))
        #expect(try next.store.keptVersions(.conflicts).isEmpty)
        #expect(try next.store.outboxCount() == 0)
        await end(next)
    }

    @Test("what is removed or replaced before all of it was sent leaves no upload open")
    func givenUp() async throws {
        for isRemoved in [true, false] {
            let bed = try bed()
            let path = bed.newPath()
            let cut = try await ready(bed, at: path)
            var faults = UnreliableAdapter.Faults()
            (faults.cutAt, faults.cutsAfter) = (3, true)
            bed.faults = faults
            try cut.store.put(content(5), .blobs, "a")
            try cut.hurry()
            try await until { bed.isCut(cut) }
            bed.kill(cut)
            bed.faults = UnreliableAdapter.Faults()
            #expect(await bed.far.openUploadCount == 1)
            bed.setDown(true)
            let next = try bed.cache(at: path)
            if isRemoved {
                _ = try next.store.unlink(FileName(unchecked: Array("a".utf8)), in: Namespace.blobs.node)
            } else {
                try next.store.put("short", .blobs, "a")
            }
            bed.setDown(false)
            try await next.sync()
            #expect(await bed.far.get("blobs/a") == (isRemoved ? nil : Array("short".utf8)))
            #expect(await bed.far.openUploadCount == 0)
            await end(next)
        }
    }

    @Test("what is removed while its parts are on their way is no failure, and leaves nothing there")
    func removedMeanwhile() async throws {
        let bed = try bed()
        let lines = Mutex<[String]>([])
        let cache = try bed.cache(at: bed.newPath()) { options in
            options.freeBytesMin = 0
            options.settleMilliseconds = 0
            options.log = { line in lines.withLock { $0.append(line) } }
        }
        try await cache.refresh()
        for round in 0..<20 {
            try cache.store.put(content(UInt64(round)), .blobs, "a\(round)")
            try cache.hurry()
            try await until { !bed.partsSent(StoreKey(stringLiteral: "blobs/a\(round)")).isEmpty }
            let name = FileName(unchecked: Array("a\(round)".utf8))
            _ = try cache.store.unlink(name, in: Namespace.blobs.node)
        }
        try await cache.sync()
        #expect(await bed.far.openUploadCount == 0)
        #expect(lines.withLock { $0 } == [])
        await end(cache)
    }

    @Test("a file that is written while it is sent is sent as it is in the end, and never as a mixture")
    func changes() async throws {
        let bed = try bed()
        let cache = try await ready(bed)
        var faults = UnreliableAdapter.Faults()
        faults.latenessMilliseconds = 40
        bed.faults = faults
        var last = ""
        for round in 0..<4 {
            last = content(UInt64(10 + round))
            try cache.store.put(last, .blobs, "a")
            try cache.hurry()
            try await Task.sleep(for: .milliseconds(60))
            if let found = await bed.far.get("blobs/a") {
                let known = (0...round).map { Array(content(UInt64(10 + $0)).utf8) }
                #expect(known.contains(found))
            }
        }
        bed.faults = UnreliableAdapter.Faults()
        try await cache.sync()
        #expect(await bed.far.get("blobs/a") == Array(last.utf8))
        #expect(await bed.far.openUploadCount == 0)
        await end(cache)
    }

    @Test("chmod, times and names of a long value send no part of it again where the far side has it")
    func attributes() async throws {
        let bed = try bed()
        let cache = try await ready(bed)
        let node = try cache.store.put(content(6), .blobs, "a")
        try await cache.sync()
        _ = try cache.store.setAttributes(node.id, AttributeChange(mode: 0o600, time: .now()))
        try await cache.sync()
        #expect(bed.partsSent("blobs/a").count == 6 && bed.attributeChanges == 1)
        // And where it is not on this machine.
        #expect(try await cache.evictAll() > 0)
        _ = try cache.store.setAttributes(node.id, AttributeChange(mode: 0o644, time: .now()))
        try await cache.sync()
        #expect(bed.partsSent("blobs/a").count == 6 && bed.attributeChanges == 2)
        #expect(try cache.store.away(node.id) != nil)
        let other = try await ready(bed)
        #expect(try other.store.node(.blobs, "a").mode == 0o644)
        for cache in [cache, other] { await end(cache) }
    }

    @Test("R10 what is being brought does not go again before all of it is here")
    func pinned() async throws {
        let bed = try bed()
        let cache = try await ready(bed)
        let text = content(41)
        let node = try cache.store.put(text, .blobs, "a")
        try await cache.sync()
        #expect(try await cache.evictAll() > 0)
        #expect(try await cache.store.bytes(of: node, at: 0, count: 100) == Array(text.utf8.prefix(100)))
        for _ in 0..<2 { cache.store.pin(node.id) }
        cache.store.unpin(node.id)
        #expect(try await cache.evictAll() == 0)
        cache.store.unpin(node.id)
        #expect(try await cache.evictAll() > 0)
        #expect(try await cache.text(cache.store, "a") == text)
        await end(cache)
    }

    func until(_ isSo: () -> Bool) async throws {
        for _ in 0..<5_000 {
            if isSo() { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        Issue.record("it did not come")
    }
}

extension WriteBackCache {
    func text(_ store: SQLiteStore, _ name: String) async throws -> String {
        try await store.text(.blobs, name)
    }

    /// All content that the far side has goes.
    func evictAll() async throws -> UInt64 {
        var (last, bytes): (NodeID?, UInt64) = (nil, 0)
        repeat {
            let step = try store.evict(after: last, bytes: .max, min: 1, sparesUsed: false)
            (last, bytes) = (step.last, bytes + step.bytes)
        } while last != nil
        return bytes
    }
}
