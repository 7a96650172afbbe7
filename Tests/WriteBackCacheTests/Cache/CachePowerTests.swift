import CSQLite
import Foundation
import Linux
import Persist
import PersistTestKit
import Testing
import WriteBackCache

@testable import SQLiteStore

/// Loss of power, for what lies beside a cache: the disk has of it what had been synced, and nothing else.
@Suite("Loss of power beside a cache", .serialized)
struct CachePowerTests {
    private static let bytes = 5 << 20

    private func content(_ seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        var bytes = [UInt8](repeating: UInt8(seed), count: Self.bytes)
        for index in stride(from: 0, to: bytes.count, by: 509) {
            bytes[index] = UInt8(truncatingIfNeeded: random.next())
        }
        return bytes
    }

    private func ready(_ bed: CacheBed, at path: String) async throws -> WriteBackCache {
        let cache = try bed.cache(at: path) { options in
            options.freeBytesMin = 0
            options.settleMilliseconds = 0
        }
        try await cache.refresh()
        return cache
    }

    /// Writes the first chunk of a file anew, or a new file, and closes it.
    private func write(_ bytes: [UInt8], _ name: FileName, in store: SQLiteStore) throws {
        let chunk = Int(store.limits.chunkBytes)
        let there = try? store.lookup(name, in: Namespace.blobs.node)
        let id = try there?.id ?? store.reserveNodeID()
        let draft = try store.openDraft(of: id, isNew: there == nil)
        for start in stride(from: 0, to: bytes.count, by: 16 * chunk) {
            let end = min(bytes.count, start + 16 * chunk)
            let chunks = stride(from: start, to: end, by: chunk).map {
                DraftChunk(index: UInt64($0 / chunk), bytes: Array(bytes[$0..<min(end, $0 + chunk)]))
            }
            try store.writeDraft(
                DraftContent(
                    draft: draft, chunks: chunks, size: max(there?.size ?? 0, UInt64(end)), baseLimit: there?.size ?? 0)
            )
        }
        let creation =
            there == nil
            ? Creation(
                id: id, parent: Namespace.blobs.node, name: name, kind: .file, mode: 0o644, uid: 1, gid: 2, time: .now()
            )
            : nil
        let content = DraftContent(
            draft: draft, chunks: [], size: max(there?.size ?? 0, UInt64(bytes.count)), baseLimit: there?.size ?? 0)
        _ = try store.publish(
            Publication(node: id, creation: creation, content: .draft(content), mtime: .now(), base: there?.revision))
    }

    private func run(_ sql: String, on path: String) -> String? {
        var handle: OpaquePointer?
        defer { sqlite3_close(handle) }
        guard sqlite3_open(path, &handle) == SQLITE_OK else { return nil }
        var found: String?
        _ = withUnsafeMutablePointer(to: &found) { found in
            sqlite3_exec(
                handle, sql,
                { place, _, values, _ in
                    if let value = values?[0] {
                        place?.assumingMemoryBound(to: String?.self).pointee = String(cString: value)
                    }
                    return 0
                }, found, nil)
        }
        return found
    }

    @Test(
        "R2 what had not been synced is fetched again; what was changed here, or moved, is whole and reaches the far side"
    )
    func lost() async throws {
        let bed = try CacheBed(partedBytesMin: 1 << 20)
        let (a, c, d, e) = (content(1), content(3), content(4), content(5))
        for (name, bytes) in [("a", a), ("c", c), ("d", d), ("e", e)] {
            await bed.far.put(StoreKey("blobs/\(name)".utf8.map { $0 }), bytes)
        }
        let path = bed.newPath()
        let bodies = path + "-bodies"
        let cut = try await ready(bed, at: path)
        // Nothing is synced for its own sake.
        cut.store.serving.bodies = Ticker(.seconds(3_600))
        // Fetched, and changed at its beginning; new; fetched, and moved.
        #expect(try await cut.store.bytes(of: cut.store.node(.blobs, "c")) == c)
        bed.setDown(true)
        let start = [UInt8](repeating: 77, count: 65_536)
        try write(start, "c", in: cut.store)
        let b = content(2)
        try write(b, "b", in: cut.store)
        bed.setDown(false)
        #expect(try await cut.store.bytes(of: cut.store.node(.blobs, "e")) == e)
        bed.setDown(true)
        _ = try cut.store.rename(
            Rename(
                parent: Namespace.blobs.node, name: "e", newParent: Namespace.blobs.node, newName: "f", mode: .replace))
        // Nothing of these is only in memory: this is what a disk has that writes nothing by itself.
        #expect(cut.store.mount.bodyFiles?.syncing.hasUnsynced == false)
        let manager = FileManager.default
        let disk = bodies + ".disk"
        try manager.copyItem(atPath: bodies, toPath: disk)
        bed.setDown(false)
        // Fetched afterwards: whole, and in part.
        let before = bed.ranges("blobs/a").count
        #expect(try await cut.store.bytes(of: cut.store.node(.blobs, "a")) == a)
        #expect(bed.ranges("blobs/a").count > before)
        _ = try await cut.store.bytes(of: cut.store.node(.blobs, "d"), at: 3 << 20, count: 200_000)
        bed.setDown(true)
        bed.kill(cut)
        #expect(run("SELECT count(*) FROM unsynced", on: path) != "0")
        _ = run("UPDATE meta SET value = 'another' WHERE name = 'boot'", on: path)
        try manager.removeItem(atPath: bodies)
        try manager.moveItem(atPath: disk, toPath: bodies)

        let next = try bed.cache(at: path)
        defer { next.store.close() }
        // The far side is down: this needs nothing of it.
        let changed = start + c[65_536...]
        #expect(try await next.store.bytes(of: next.store.node(.blobs, "c")) == changed)
        #expect(try await next.store.bytes(of: next.store.node(.blobs, "b")) == b)
        #expect(try await next.store.bytes(of: next.store.node(.blobs, "f")) == e)
        bed.setDown(false)
        #expect(try await next.store.bytes(of: next.store.node(.blobs, "a")) == a)
        #expect(try await next.store.bytes(of: next.store.node(.blobs, "d")) == d)
        try await next.sync()
        #expect(await bed.far.get("blobs/c") == changed)
        #expect(await bed.far.get("blobs/b") == b)
        #expect(await bed.far.get("blobs/f") == e)
        #expect(try next.store.check() == [])
        await next.stop()
    }

    @Test("whose files beside it are gone, or cut, the cache fetches again", arguments: [true, false])
    func removed(isGone: Bool) async throws {
        let bed = try CacheBed(partedBytesMin: 1 << 20)
        let a = content(1)
        await bed.far.put("blobs/a", a)
        let path = bed.newPath()
        let cache = try await ready(bed, at: path)
        #expect(try await cache.store.bytes(of: cache.store.node(.blobs, "a")) == a)
        await cache.stop()
        cache.store.close()
        let there = namesIn(path + "-bodies").filter { !$0.hasPrefix(".") }
        #expect(!there.isEmpty)
        if isGone {
            try FileManager.default.removeItem(atPath: path + "-bodies")
        } else {
            for name in there { #expect(truncate(path + "-bodies/" + name, 100_000) == 0) }
        }
        let next = try await ready(bed, at: path)
        #expect(try await next.store.bytes(of: next.store.node(.blobs, "a")) == a)
        await next.stop()
        next.store.close()
    }
}
