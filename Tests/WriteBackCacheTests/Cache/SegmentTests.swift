import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

/// Adapters whose events lie many to a key (`EventSegments`).
@Suite("Segments of logs", .serialized)
struct SegmentTests {
    private func append(_ text: String, to name: String, of store: SQLiteStore, endsUnterminated: Bool = false) throws {
        let file = FileName(unchecked: Array(name.utf8))
        let there = try? store.lookup(file, in: Namespace.events.node)
        let id = if let there { there.id } else { try store.reserveNodeID() }
        let creation = Creation(
            id: id, parent: Namespace.events.node, name: file, kind: .file, mode: nil, uid: nil, gid: nil, time: .now())
        _ = try store.append(
            Append(
                stream: id, creation: there == nil ? creation : nil, bytes: Array(text.utf8), start: .continuing,
                endsUnterminated: endsUnterminated, time: .now()))
    }

    private func keys(_ bed: CacheBed) async -> [StoreKey] { await bed.far.keys.filter { $0.hasPrefix("events/") } }

    @Test("R8 a thousand lines are some few values, and another machine has them in order, empty ones too")
    func few() async throws {
        let bed = try CacheBed()
        let cache = try bed.cache(at: bed.newPath())
        try await cache.refresh()
        bed.setDown(true)
        for number in 0..<1_000 { try append("line \(number)\n\n", to: "app.log", of: cache.store) }
        try append("not yet", to: "app.log", of: cache.store, endsUnterminated: true)
        bed.setDown(false)
        try await cache.sync()
        #expect(await keys(bed).count <= 10)
        let other = try bed.cache(at: bed.newPath())
        try await other.refresh()
        let lines = (0..<1_000).map { "line \($0)\n\n" }.joined()
        #expect(try await other.store.text(.events, "app.log") == lines + "not yet\n")
        // It is continued, and more comes.
        try append(" at last\nnext\nend\n", to: "app.log", of: cache.store)
        try await cache.sync()
        // Who has the beginning of a line gets the rest as one of its own.
        let third = try bed.cache(at: bed.newPath())
        for cache in [other, third] {
            try await cache.refresh()
            #expect(try await cache.store.text(.events, "app.log") == lines + "not yet\n at last\nnext\nend\n")
        }
        for cache in [cache, other, third] {
            await cache.stop()
            cache.store.close()
        }
    }

    @Test(
        "R2, R8 a line that is continued, cut off at any request, and continued again: no byte is lost or doubled",
        arguments: CacheBed.Shown.allCases, [false, true])
    func continued(shows: CacheBed.Shown, cutsAfter: Bool) async throws {
        for number in 1...4 {
            let bed = try CacheBed(seed: UInt64(number), shows: shows)
            let path = bed.newPath()
            let cut = try bed.cache(at: path)
            try await cut.refresh()
            try append("one\nha", to: "app.log", of: cut.store, endsUnterminated: true)
            try await cut.sync()
            let other = try bed.cache(at: bed.newPath())
            try await other.refresh()
            var faults = UnreliableAdapter.Faults()
            (faults.cutAt, faults.cutsAfter) = (number, cutsAfter)
            bed.faults = faults
            try append("lf", to: "app.log", of: cut.store, endsUnterminated: true)
            _ = try cut.hurry()
            while try !bed.isCut(cut) && cut.store.outboxCount() > 0 { try await Task.sleep(for: .milliseconds(2)) }
            bed.kill(cut)
            bed.faults = UnreliableAdapter.Faults()
            try await other.refresh()
            let next = try bed.cache(at: path)
            try append("way\ntwo\n", to: "app.log", of: next.store)
            try await next.sync()
            try await other.refresh()
            let there = try await other.store.text(.events, "app.log")
            #expect(there == "one\nha\nlf\nway\ntwo\n" || there == "one\nha\nlfway\ntwo\n", "\(number)")
            #expect(try await next.store.text(.events, "app.log") == "one\nhalfway\ntwo\n")
            for cache in [other, next] {
                await cache.stop()
                cache.store.close()
            }
        }
    }

    @Test(
        "R8 an event of another program that has several lines is sent by nobody again",
        arguments: CacheBed.Shown.allCases)
    func ofOthers(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        await bed.far.put("events/app.log/019c0f5b4c000000-0a0b0c0d", Array("error\n  at foo".utf8))
        await bed.far.put("events/app.log/019c0f5b4c000001-0a0b0c0d", Array("hi\n".utf8))
        let caches = try (0..<2).map { _ in try bed.cache(at: bed.newPath()) }
        for cache in caches { try await cache.refresh() }
        for (number, cache) in caches.enumerated() {
            try append("own \(number)\n", to: "app.log", of: cache.store)
            try await cache.sync()
        }
        let fresh = try bed.cache(at: bed.newPath())
        for cache in caches + [fresh] {
            try await cache.refresh()
            let lines = try await cache.store.text(.events, "app.log").split(separator: "\n").sorted()
            #expect(lines == ["  at foo", "error", "hi", "own 0", "own 1"])
            await cache.stop()
            cache.store.close()
        }
    }

    @Test(
        "R2, R8 cut off at any request and sent again with more lines behind them: each line is there once",
        arguments: [false, true])
    func cuts(cutsAfter: Bool) async throws {
        for number in 1...4 {
            let bed = try CacheBed(seed: UInt64(number))
            let path = bed.newPath()
            let cut = try bed.cache(at: path)
            try await cut.refresh()
            var faults = UnreliableAdapter.Faults()
            (faults.cutAt, faults.cutsAfter) = (number, cutsAfter)
            bed.faults = faults
            try append((0..<300).map { "{\"n\":\($0)}\n" }.joined(), to: "a.jsonl", of: cut.store)
            try cut.hurry()
            while try !bed.isCut(cut) && cut.store.outboxCount() > 0 { try await Task.sleep(for: .milliseconds(2)) }
            #expect(bed.isCut(cut))
            bed.kill(cut)
            bed.faults = UnreliableAdapter.Faults()
            // Whoever looks now has what has arrived.
            let other = try bed.cache(at: bed.newPath())
            try await other.refresh()
            bed.setDown(true)
            let next = try bed.cache(at: path)
            try append((300..<350).map { "{\"n\":\($0)}\n" }.joined(), to: "a.jsonl", of: next.store)
            bed.setDown(false)
            try await next.sync()
            try await other.refresh()
            let all = (0..<350).map { "{\"n\":\($0)}\n" }.joined()
            #expect(try await other.store.text(.events, "a.jsonl") == all, "cut off at the change \(number)")
            #expect(try await next.store.text(.events, "a.jsonl") == all)
            for cache in [other, next] {
                await cache.stop()
                cache.store.close()
            }
        }
    }
}
