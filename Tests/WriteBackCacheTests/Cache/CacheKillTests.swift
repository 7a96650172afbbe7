import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

@Suite("A kill at each point of sending", .serialized)
struct CacheKillTests {
    private func name(_ text: String) -> FileName { FileName(unchecked: Array(text.utf8)) }

    private func put(_ text: String, _ file: String, in parent: NodeID, of store: SQLiteStore) throws {
        let there = try? store.lookup(name(file), in: parent)
        let id = if let there { there.id } else { try store.reserveNodeID() }
        let creation = Creation(
            id: id, parent: parent, name: name(file), kind: .file, mode: 0o640, uid: 3, gid: 4, time: .now())
        _ = try store.publish(
            Publication(
                node: id, creation: there == nil ? creation : nil, content: .bytes(Array(text.utf8)), mtime: .now()))
    }

    private func rename(_ old: String, to new: String, in parent: NodeID, of store: SQLiteStore) throws {
        _ = try store.rename(Rename(parent: parent, name: name(old), newParent: parent, newName: name(new)))
    }

    /// What the far side has, before the part that is cut off.
    private func begin(_ store: SQLiteStore) throws {
        let blobs = Namespace.blobs.node
        for (namespace, file, text) in [
            (Namespace.records, "a.json", "{}"), (.kv, "old", "1"), (.kv, "gone", "2"), (.blobs, "plain", "3"),
            (.blobs, "swap1", "4"), (.blobs, "swap2", "5"),
        ] { try put(text, file, in: namespace.node, of: store) }
        let directory = try store.create(
            Creation(
                id: store.reserveNodeID(), parent: blobs, name: name("d"), kind: .directory, mode: nil, uid: nil,
                gid: nil, time: .now()))
        for number in 0..<3 { try put("in d \(number)", "f\(number)", in: directory.id, of: store) }
    }

    private func change(_ store: SQLiteStore) throws {
        let (records, kv, blobs) = (Namespace.records.node, Namespace.kv.node, Namespace.blobs.node)
        try put(#"{"changed": true}"#, "a.json", in: records, of: store)
        try put("new", "b.json.tmp", in: records, of: store)
        try rename("old", to: "new", in: kv, of: store)
        try put("again", "old", in: kv, of: store)
        _ = try store.unlink(name("gone"), in: kv)
        // In parts, where the far side can do that.
        try put(String(repeating: "long ", count: 1_000), "long", in: blobs, of: store)
        try rename("d", to: "e", in: blobs, of: store)
        try put("over", "tmp", in: blobs, of: store)
        try rename("tmp", to: "plain", in: blobs, of: store)
        _ = try store.rename(
            Rename(parent: blobs, name: name("swap1"), newParent: blobs, newName: name("swap2"), mode: .exchange))
        let id = try store.reserveNodeID()
        let creation = Creation(
            id: id, parent: Namespace.events.node, name: name("a.jsonl"), kind: .file, mode: nil, uid: nil, gid: nil,
            time: .now())
        for number in 0..<3 {
            _ = try store.append(
                Append(
                    stream: id, creation: number == 0 ? creation : nil, bytes: Array("{\"n\":\(number)}\n".utf8),
                    start: .newLine, time: .now()))
        }
    }

    @Test(
        "R2 whatever request it was at, the next mount sends the rest, and a fresh one shows what was closed",
        arguments: [false, true], CacheBed.Shown.allCases)
    func eachRequest(cutsAfter: Bool, shows: CacheBed.Shown) async throws {
        var number = 1
        while true {
            let bed = try CacheBed(seed: UInt64(number), shows: shows, partedBytesMin: 4 << 10)
            let path = bed.newPath()
            let first = try bed.cache(at: path)
            try await first.refresh()
            try begin(first.store)
            try await first.sync()
            await first.stop()
            first.store.close()

            var faults = UnreliableAdapter.Faults()
            (faults.cutAt, faults.cutsAfter) = (number, cutsAfter)
            bed.faults = faults
            let cut = try bed.cache(at: path)
            try change(cut.store)
            try cut.hurry()
            while try !bed.isCut(cut) && cut.store.outboxCount() > 0 { try await Task.sleep(for: .milliseconds(2)) }
            let isOver = !bed.isCut(cut)
            bed.kill(cut)

            bed.faults = UnreliableAdapter.Faults()
            let next = try bed.cache(at: path)
            try await next.sync()
            let here = try await next.keptTree()
            let there = try await bed.freshTree()
            #expect(here == there, "cut off at the change \(number)")
            #expect(await bed.far.openUploadCount == 0, "cut off at the change \(number)")
            #expect(here.contains { $0.hasPrefix("blobs/long:") })
            #expect(here.contains { $0.hasPrefix("blobs/e/f2:") } && here.contains { $0.contains("\\\"n\\\":2") })
            await next.stop()
            next.store.close()
            if isOver { break }
            number += 1
        }
        // More than one request for each of the changes.
        #expect(number > 20)
    }
}
