import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import Testing
import WriteBackCache

/// Waiting for the far side: for what was written (`fsync=remote`), and for room.
@Suite("Programs that wait for the far side", .serialized)
struct FarWaitTests {
    private func ready(
        _ bed: CacheBed, change: (inout WriteBackCacheOptions) -> Void = { _ in }
    ) async throws -> WriteBackCache {
        let cache = try bed.cache(at: bed.newPath(), change: change)
        try await cache.refresh()
        return cache
    }

    private func close(_ cache: WriteBackCache) async {
        await cache.stop()
        cache.store.close()
    }

    /// What fsync(2) answers; nil: it succeeded.
    private func fsync(_ id: NodeID, _ cache: WriteBackCache) async throws -> StoreError? {
        do throws(StoreError) {
            try await cache.settling(of: id)?.bring()
            return nil
        } catch { return error }
    }

    @Test("R2 the far side has the file when the wait is over; one with a temporary name is sent at once, too")
    func settles() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed) { $0.temporaryMilliseconds = 3_600_000 }
        for name in ["a", "b.tmp"] {
            let node = try cache.store.put("1", .blobs, name)
            #expect(try await fsync(node.id, cache) == nil)
            #expect(await bed.far.get(StoreKey(Array("blobs/\(name)".utf8))) == Array("1".utf8))
            #expect(try cache.settling(of: node.id) == nil)
        }
        // Others that wait are not waited for.
        let other = try cache.store.put("2", .blobs, "c.tmp")
        let node = try cache.store.put("2", .blobs, "a")
        #expect(try await fsync(node.id, cache) == nil)
        #expect(try cache.settling(of: other.id) != nil)
        await close(cache)
    }

    @Test("R2 a file that is written on and on does not keep an earlier wait")
    func writtenOn() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        let id = try cache.store.put("0", .blobs, "a").id
        for number in 1...20 {
            async let answer = fsync(id, cache)
            for extra in 0..<5 { try cache.store.put("\(number) \(extra)", .blobs, "a") }
            #expect(try await answer == nil)
        }
        await close(cache)
    }

    @Test("R2 with the far side down the wait ends, and what was written goes when it is up")
    func timesOut() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed) { $0.waitMilliseconds = 300 }
        bed.setDown(true)
        let node = try cache.store.put("1", .blobs, "a")
        #expect(try await fsync(node.id, cache)?.kind == .timedOut)
        #expect(try cache.store.isPending(node.id))
        bed.setDown(false)
        try await cache.sync()
        #expect(await bed.far.get("blobs/a") == Array("1".utf8))
        await close(cache)
    }

    @Test("R2 what the far side will never take, or has something else for, is said at once")
    func refused() async throws {
        // Without parts a value may be too long.
        let bed = try CacheBed(shows: .noAttributes)
        let cache = try await ready(bed) { $0.valueBytesMax = 10 }
        let long = try cache.store.put("longer than that", .blobs, "long")
        #expect(try await fsync(long.id, cache)?.kind == .tooLarge)
        let node = try cache.store.put("base", .blobs, "a")
        #expect(try await fsync(node.id, cache) == nil)
        await bed.far.put("blobs/a", Array("theirs".utf8))
        try cache.store.put("mine", .blobs, "a")
        let error = try #require(try await fsync(node.id, cache))
        #expect(error.kind == .io)
        #expect("\(error)".contains(".persist/conflicts/"))
        await close(cache)
    }

    @Test("at the end of the mount nobody waits any more")
    func ends() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed) { $0.dirtyBytesMax = 1 }
        bed.setDown(true)
        let node = try cache.store.put("1", .blobs, "a")
        async let answer = fsync(node.id, cache)
        async let room = store("2", "b", cache)
        try await Task.sleep(for: .milliseconds(100))
        await close(cache)
        #expect(try await answer?.kind == .io)
        #expect(try await room != nil)
    }

    /// As the filesystem does: put aside until there is room. - Returns: nil: it is stored.
    private func store(_ text: String, _ name: String, _ cache: WriteBackCache) async throws -> StoreError? {
        let there = try? cache.store.lookup(FileName(unchecked: Array(name.utf8)), in: Namespace.blobs.node)
        let id = if let there { there.id } else { try cache.store.reserveNodeID() }
        for _ in 0..<8 {
            do throws(StoreError) {
                try cache.requireRoom(UInt64(text.utf8.count), isMore: false, for: id, waits: true)
                let creation = Creation(
                    id: id, parent: Namespace.blobs.node, name: FileName(unchecked: Array(name.utf8)), kind: .file,
                    mode: nil, uid: nil, gid: nil, time: .now())
                _ = try cache.store.publish(
                    Publication(
                        node: id, creation: there == nil ? creation : nil, content: .bytes(Array(text.utf8)),
                        mtime: .now()))
                return nil
            } catch {
                guard let absence = error.absence else { return error }
                do throws(StoreError) { try await absence.bring() } catch { return error }
            }
        }
        return StoreError(.timedOut)
    }

    /// What was written last, and the most that waited to be sent.
    private final class Seen: Sendable {
        private let state = Mutex<(most: UInt64, texts: [String: String])>((0, [:]))

        func note(_ name: String, _ text: String, unsent: UInt64) {
            state.withLock { state in
                state.most = max(state.most, unsent)
                state.texts[name] = text
            }
        }

        var all: (most: UInt64, texts: [String: String]) { state.withLock { $0 } }
    }

    private func unsent(_ cache: WriteBackCache) throws -> UInt64 {
        try cache.store.outbox(after: nil, limit: 100_000).reduce(0) { $0 + $1.bytes }
    }

    @Test(
        "a full cache and a slow far side: writers wait, no more than the bound waits to be sent, and all of it arrives"
    )
    func bound() async throws {
        let bed = try CacheBed(seed: 7)
        let (most, fileMost) = (UInt64(200_000), 60_000)
        let cache = try await ready(bed) {
            $0.dirtyBytesMax = most
            $0.uploadsMax = 3
        }
        var faults = UnreliableAdapter.Faults()
        (faults.lost, faults.answerLost, faults.latenessMilliseconds) = (3, 3, 15)
        bed.faults = faults
        let seen = Seen()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(writer) + 1)
                    for number in 0..<60 {
                        let name = "w\(writer)-\(random.next() % 12)"
                        let text = String(repeating: "\(number)", count: Int(random.next() % UInt64(fileMost / 2)))
                        let refusal = try await store(text, name, cache)
                        #expect(refusal == nil, "\(refusal.map { "\($0)" } ?? "")")
                        seen.note(name, text, unsent: try unsent(cache))
                    }
                }
            }
            try await group.waitForAll()
        }
        let (top, written) = seen.all
        #expect(top <= most + UInt64(fileMost), "\(top) bytes waited")
        #expect(top > most / 2, "the bound was never near: \(top)")
        bed.faults = UnreliableAdapter.Faults()
        try await cache.sync()
        for (name, text) in written {
            #expect(await bed.far.get(StoreKey(Array("blobs/\(name)".utf8))) == Array(text.utf8), "\(name)")
        }
        // That it has gone is in the store a moment earlier.
        try await eventually("nothing is dirty", within: .seconds(20)) { try cache.status().dirtyBytes == 0 }
        #expect(try cache.status().dirtyBytesMax == most)
        await close(cache)
    }

    @Test("with the far side down a writer waits, then there is no room for any; what was stored stays, and arrives")
    func full() async throws {
        let bed = try CacheBed()
        let path = bed.newPath()
        let cache = try bed.cache(at: path) { ($0.dirtyBytesMax, $0.waitMilliseconds) = (1_000, 300) }
        try await cache.refresh()
        bed.setDown(true)
        let text = String(repeating: "x", count: 400)
        #expect(try await store(text, "a", cache) == nil)
        #expect(try await store(text, "b", cache) == nil)
        let before = ContinuousClock.now
        #expect(try await store(text, "c", cache)?.kind == .full)
        #expect(ContinuousClock.now - before >= .milliseconds(250))
        #expect(throws: StoreError.self) { try cache.store.lookup("c", in: Namespace.blobs.node) }
        // Others are not made to wait for nothing; what fits, goes.
        #expect(throws: StoreError.self) { try cache.requireRoom(400, isMore: false, for: NodeID(77), waits: true) }
        #expect(try await store("small", "d", cache) == nil)
        #expect(try await cache.store.text(.blobs, "a") == text)
        // The next mount knows what waits.
        bed.kill(cache)
        let next = try bed.cache(at: path) { ($0.dirtyBytesMax, $0.waitMilliseconds) = (1_000, 60_000) }
        while try next.status().dirtyBytes < 805 { try await Task.sleep(for: .milliseconds(5)) }
        async let waits = store(text, "c", next)
        try await Task.sleep(for: .milliseconds(100))
        bed.setDown(false)
        #expect(try await waits == nil)
        try await next.sync()
        for name in ["a", "b", "c"] {
            #expect(await bed.far.get(StoreKey(Array("blobs/\(name)".utf8))) == Array(text.utf8))
        }
        await close(next)
    }

    @Test("of a log only what has not been sent waits; attributes alone do not count")
    func logs() async throws {
        let bed = try CacheBed()
        let cache = try await ready(bed)
        let id = try cache.store.reserveNodeID()
        func append(_ text: String) throws {
            let there = try? cache.store.node(id)
            let creation = Creation(
                id: id, parent: Namespace.events.node, name: "a.log", kind: .file, mode: nil, uid: nil, gid: nil,
                time: .now())
            _ = try cache.store.append(
                Append(
                    stream: id, creation: there == nil ? creation : nil, bytes: Array(text.utf8), start: .newLine,
                    time: .now()))
        }
        for number in 0..<100 { try append("line \(number)\n") }
        #expect(try cache.status().dirtyBytes > 500)
        try await cache.sync()
        // That it has gone is in the store a moment earlier.
        try await eventually("nothing is dirty", within: .seconds(20)) { try cache.status().dirtyBytes == 0 }
        bed.setDown(true)
        try append("more\n")
        #expect(try cache.status().dirtyBytes == 5)
        try append("more\n")
        #expect(try cache.status().dirtyBytes == 10)
        let node = try cache.store.put("12345", .blobs, "a")
        #expect(try cache.status().dirtyBytes == 15)
        bed.setDown(false)
        try await cache.sync()
        bed.setDown(true)
        _ = try cache.store.setAttributes(node.id, AttributeChange(mode: 0o600, time: .now()))
        try await eventually("nothing is dirty", within: .seconds(20)) { try cache.status().dirtyBytes == 0 }
        await close(cache)
    }
}
