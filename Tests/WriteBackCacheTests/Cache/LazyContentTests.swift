import Persist
import SQLiteStore
import Testing

@testable import PersistTestKit
@testable import WriteBackCache

/// Adapters that list keys, and read parts of values.
@Suite("Content that is fetched when it is read", .serialized)
struct LazyContentTests {
    private func ready(_ bed: CacheBed) async throws -> WriteBackCache {
        let cache = try bed.cache(at: bed.newPath()) { options in
            options.freeBytesMin = 0
            options.settleMilliseconds = 0
        }
        try await cache.refresh()
        return cache
    }

    private func end(_ cache: WriteBackCache) async {
        await cache.stop()
        cache.store.close()
    }

    private func content(_ number: Int, bytes: Int) -> [UInt8] {
        var state = UInt64(number + 1)
        return (0..<bytes).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    @Test(
        "who reads short files one after the other has the next ones fetched meanwhile, each once",
        arguments: FileOrder.allCases)
    func filesAhead(order: FileOrder) async throws {
        let bed = try CacheBed()
        let count = 60
        for number in 0..<count {
            await bed.far.put(StoreKey(Array("blobs/d/b\(number)".utf8)), content(number, bytes: 3_000))
        }
        let cache = try await ready(bed)
        var files = try StoreClient(cache.store, .memory).list("blobs/d").map(\.node)
        if order == .noted { files.sort { $0.id.rawValue < $1.id.rawValue } }
        let before = bed.gets
        for file in files[..<3] { _ = try await cache.store.bytes(of: file, at: 0, count: 100) }
        try await eventually("what comes next is here", within: .seconds(20)) {
            try cache.store.away(files[4].id) == nil
        }
        #expect(bed.gets <= before + 3 + FilesAhead.most)
        for file in files { _ = try await cache.store.bytes(of: file, at: 0, count: 100) }
        #expect(bed.gets == before + count)
        await end(cache)
    }

    @Test("who jumps from file to file has none fetched that nobody reads")
    func noFilesAhead() async throws {
        let bed = try CacheBed()
        for number in 0..<400 {
            await bed.far.put(StoreKey(Array("blobs/d/b\(number)".utf8)), content(number, bytes: 3_000))
        }
        let cache = try await ready(bed)
        let files = try StoreClient(cache.store, .memory).list("blobs/d", limit: 1_000).map(\.node)
            .sorted { $0.id.rawValue > $1.id.rawValue }
        let before = bed.gets
        for file in files {
            if file.id.rawValue % 25 == 0 { _ = try await cache.store.bytes(of: file, at: 0, count: 100) }
        }
        let read = files.count { $0.id.rawValue % 25 == 0 }
        try await Task.sleep(for: .milliseconds(100))
        #expect(bed.gets == before + read)
        await end(cache)
    }

    @Test("a look at what the far side has fetches no value; a read fetches one, once; nothing is fetched for a name")
    func looksFetchNothing() async throws {
        let bed = try CacheBed()
        for number in 0..<50 {
            await bed.far.put(StoreKey(Array("records/r\(number)".utf8)), Array("{\"n\":\(number)}".utf8))
            await bed.far.put(StoreKey(Array("blobs/d/b\(number)".utf8)), content(number, bytes: 3_000))
            await bed.far.put(StoreKey(Array("kv/k\(number)".utf8)), content(number, bytes: number))
        }
        let cache = try await ready(bed)
        // The empty value of kv/k0 needs asking for: it has no bytes that could be away.
        #expect(bed.gets <= 1)
        let record = try cache.store.node(.records, "r7.json")
        #expect(record.size == 7)
        #expect(try cache.store.node(.kv, "k33").size == 33)
        try await cache.refresh()
        let before = bed.gets
        #expect(before <= 1)
        #expect(try await cache.store.bytes(of: record, at: 0, count: 100) == Array("{\"n\":7}".utf8))
        #expect(try await cache.store.bytes(of: record, at: 0, count: 100) == Array("{\"n\":7}".utf8))
        #expect(bed.gets == before + 1)
        // What others change shows its new size without being fetched, and its new bytes when it is read.
        await bed.far.put("records/r7", Array("{\"n\":1234}".utf8))
        await bed.far.delete("records/r8")
        try await cache.refresh()
        let changed = try cache.store.node(.records, "r7.json")
        #expect(changed.id == record.id && changed.size == 10 && changed.revision > record.revision)
        #expect(throws: StoreError.self) { try cache.store.node(.records, "r8.json") }
        #expect(try await cache.store.bytes(of: changed, at: 0, count: 100) == Array("{\"n\":1234}".utf8))
        #expect(try cache.store.outboxCount() == 0)
        await end(cache)
    }

    @Test("R10 what was never read is replaced and removed without a conflict where nobody else has changed it")
    func overwrites() async throws {
        do {
            let bed = try CacheBed()
            for name in ["a", "b", "c"] { await bed.far.put(StoreKey(Array("kv/\(name)".utf8)), Array("old".utf8)) }
            let cache = try await ready(bed)
            let (a, b) = (try cache.store.node(.kv, "a"), try cache.store.node(.kv, "b"))
            bed.setDown(true)
            for node in [a, b] {
                _ = try cache.store.publish(
                    Publication(node: node.id, content: .bytes(Array("mine".utf8)), mtime: .now(), base: node.revision))
            }
            _ = try cache.store.unlink(FileName(unchecked: Array("c".utf8)), in: Namespace.kv.node)
            await bed.far.put("kv/b", Array("theirs".utf8))
            bed.setDown(false)
            try await cache.sync()
            #expect(await bed.far.get("kv/a") == Array("mine".utf8))
            #expect(await bed.far.get("kv/b") == Array("theirs".utf8))
            #expect(await bed.far.get("kv/c") == nil)
            #expect(try cache.store.keptVersions(.conflicts).count == 1)
            await end(cache)
        }
    }

    @Test("R7 a part of a large file is fetched by itself; who reads on gets more at a time; all of it is what it was")
    func parts() async throws {
        let bed = try CacheBed()
        let size = 12 << 20
        var value = content(1, bytes: 1 << 20)
        // A hole, and zeros at the end.
        value += [UInt8](repeating: 0, count: size - 2 << 20) + content(2, bytes: 1_000_000)
        value += [UInt8](repeating: 0, count: size - value.count)
        await bed.far.put("blobs/large", value)
        let cache = try await ready(bed)
        let file = try cache.store.node(.blobs, "large")
        #expect(file.size == UInt64(size))
        #expect(
            try await cache.store.bytes(of: file, at: 5_000_000, count: 4_096) == Array(value[5_000_000..<5_004_096]))
        let first = try #require(bed.ranges("blobs/large").first)
        #expect(bed.ranges("blobs/large").count == 1 && first.count <= 256 << 10)
        #expect(bed.gets == 0)
        // The last bytes, and across the end.
        #expect(
            try await cache.store.bytes(of: file, at: UInt64(size) - 10, count: 100) == Array(value[(size - 10)...]))
        // From one end to the other: fewer and fewer requests.
        var (position, all): (UInt64, [UInt8]) = (0, [])
        while position < file.size {
            all += try await cache.store.bytes(of: file, at: position, count: 128 << 10)
            position = UInt64(all.count)
        }
        #expect(all == value)
        #expect(bed.ranges("blobs/large").count <= 14)
        #expect(bed.gets == 0)
        #expect(try cache.store.away(file.id) == nil)
        // All of it is here now.
        bed.setDown(true)
        #expect(try await cache.store.bytes(of: file, at: 3_000_000, count: 10) == Array(value[3_000_000..<3_000_010]))
        await end(cache)
    }

    @Test("R7 a read of 1 MiB in a large value asks for less than 2 MiB")
    func oneMebibyte() async throws {
        let bed = try CacheBed()
        await bed.far.put("blobs/large", [UInt8](repeating: 1, count: 24 << 20))
        let cache = try await ready(bed)
        let file = try cache.store.node(.blobs, "large")
        for piece in 0..<8 {
            _ = try await cache.store.bytes(of: file, at: (7 << 20) + UInt64(piece) * (128 << 10), count: 128 << 10)
        }
        #expect(bed.ranges("blobs/large").reduce(0) { $0 + $1.count } < 2 << 20)
        await end(cache)
    }

    @Test("a large file that others change while it is read: the new one, whole; a part is never of another value")
    func changesWhileRead() async throws {
        let bed = try CacheBed()
        let size = 3 << 20
        await bed.far.put("blobs/large", content(1, bytes: size))
        let cache = try await ready(bed)
        let file = try cache.store.node(.blobs, "large")
        _ = try await cache.store.bytes(of: file, at: 0, count: 100)
        let new = content(2, bytes: size + 5)
        await bed.far.put("blobs/large", new)
        _ = try await cache.store.bytes(of: file, at: 2_000_000, count: 100)
        let now = try cache.store.node(.blobs, "large")
        #expect(now.size == UInt64(size + 5) && now.revision > file.revision)
        #expect(try await cache.store.bytes(of: now, at: 0, count: size + 5) == new)
        await end(cache)
    }

    @Test("R7 writing into a large file that is not here fetches all of it first, and sends all of it")
    func writes() async throws {
        let bed = try CacheBed()
        var value = content(1, bytes: 3 << 20)
        await bed.far.put("blobs/large", value)
        let cache = try await ready(bed)
        let file = try cache.store.node(.blobs, "large")
        _ = try await cache.store.bytes(of: file, at: 0, count: 100)
        let draft: Draft
        do throws(StoreError) {
            _ = try cache.store.openDraft(of: file.id, isNew: false)
            Issue.record("a draft over what is not here")
            return
        } catch { try await #require(error.absence).bring() }
        draft = try cache.store.openDraft(of: file.id, isNew: false)
        var changed = DraftContent(draft: draft, chunks: [], size: file.size, baseLimit: file.size)
        let chunk = Array(content(9, bytes: 64 << 10))
        changed.chunks = [DraftChunk(index: 20, bytes: chunk)]
        _ = try cache.store.publish(Publication(node: file.id, content: .draft(changed), mtime: .now()))
        value.replaceSubrange((20 * 65_536)..<(21 * 65_536), with: chunk)
        try await cache.sync()
        #expect(await bed.far.get("blobs/large") == value)
        await end(cache)
    }
}
