import Persist
import SQLiteStore
import Testing
import WriteBackCache

@testable import PersistTestKit

@Suite("A far side whose values have their attributes with them", .serialized)
struct CarriedAttributesTests {
    private let bed: CacheBed

    init() throws { bed = try CacheBed() }

    private func ready(_ path: String? = nil) async throws -> WriteBackCache {
        let cache = try bed.cache(at: path ?? bed.newPath())
        try await cache.refresh()
        return cache
    }

    private func close(_ caches: WriteBackCache...) async {
        for cache in caches {
            await cache.stop()
            cache.store.close()
        }
    }

    private func change(_ cache: WriteBackCache, _ name: String, mode: UInt16) throws {
        let node = try cache.store.node(.blobs, name)
        _ = try cache.store.setAttributes(node.id, AttributeChange(mode: mode, time: .now()))
    }

    @Test("a created file is one put, and a chmod one or none; another machine sees mode, owner and times")
    func onePut() async throws {
        let cache = try await ready()
        for number in 0..<20 { try cache.store.put("value \(number)", .blobs, "f\(number)") }
        try await cache.sync()
        // Its directory has a new time, which is sent once.
        #expect(bed.putsInAll == 21)
        #expect(await bed.far.keys.filter { $0 != ".persist/meta/blobs/" }.allSatisfy { $0.hasPrefix("blobs/") })
        try change(cache, "f7", mode: 0o600)
        try await cache.sync()
        // What is short is put again, which compares and writes in one step; what is long stays where it is.
        #expect(bed.putsInAll == 22 && bed.attributeChanges == 0)
        try cache.store.put(String(repeating: "long", count: 300_000), .blobs, "long")
        try await cache.sync()
        let before = bed.puts("blobs/long")
        try change(cache, "long", mode: 0o600)
        try await cache.sync()
        #expect(bed.puts("blobs/long") == before && bed.attributeChanges == 1)
        #expect(try await bed.freshTree() == cache.keptTree())
        await close(cache)
    }

    @Test("R2 a file is gone there when it is removed here, also where the answer to a chmod of it was lost before")
    func lostAnswer() async throws {
        let path = bed.newPath()
        let cut = try await ready(path)
        try cut.store.put("x", .blobs, "x")
        try await cut.sync()
        var faults = UnreliableAdapter.Faults()
        (faults.cutAt, faults.cutsAfter) = (bed.putsInAll + 1, true)
        bed.faults = faults
        try change(cut, "x", mode: 0o600)
        try cut.hurry()
        while !bed.isCut(cut) { try await Task.sleep(for: .milliseconds(2)) }
        bed.kill(cut)
        bed.faults = UnreliableAdapter.Faults()
        bed.setDown(true)
        let next = try bed.cache(at: path)
        _ = try next.store.unlink(FileName(unchecked: Array("x".utf8)), in: Namespace.blobs.node)
        bed.setDown(false)
        try await next.sync()
        #expect(await bed.far.get("blobs/x") == nil)
        await close(next)
    }

    @Test("R5 a record that differs in spaces alone is sent: whoever keeps attributes with values keeps their bytes")
    func spaces() async throws {
        let cache = try await ready()
        func put(_ text: String, _ name: String) async throws {
            let node = try cache.store.put(text, .records, name)
            // The same time each time: attributes alone send nothing.
            _ = try cache.store.setAttributes(
                node.id, AttributeChange(mtime: Timestamp(nanoseconds: 5), time: .now()))
            try await cache.sync()
        }
        let long = String(repeating: " ", count: 1_200_000)
        for text in [#"{"i":1}"#, #"{ "i":1}"#, #"{"i":1}"# + "\n", #"{"i":1}"# + long, long + #"{"i":1}"#] {
            try await put(text, "a.json")
            #expect(await bed.far.get("records/a") == Array(text.utf8))
        }
        try await put(#"{"i": 1}"#, "b.json")
        let (a, b) = (FileName(unchecked: Array("a.json".utf8)), FileName(unchecked: Array("b.json".utf8)))
        let records = Namespace.records.node
        _ = try cache.store.rename(Rename(parent: records, name: b, newParent: records, newName: a))
        try await cache.sync()
        #expect(await bed.far.get("records/a") == Array(#"{"i": 1}"#.utf8))
        #expect(await bed.far.get("records/b") == nil)
        #expect(try await bed.freshTree() == cache.keptTree())
        await close(cache)
    }

    @Test("what others have set of attributes alone is seen: the value has the revision that it had")
    func othersAttributes() async throws {
        let (here, there) = (try await ready(), try await ready())
        try here.store.put("x", .blobs, "x")
        try await here.sync()
        // Their time is known from here on.
        for cache in [here, there] { try await cache.refresh() }
        try change(there, "x", mode: 0o711)
        try await there.sync()
        try await here.refresh()
        #expect(try here.store.node(.blobs, "x").mode == 0o711)
        #expect(try await here.keptTree() == there.keptTree())
        await close(here, there)
    }

    @Test("a change of attributes in the second of the put is seen, where the far side tells seconds")
    func sameSecond() async throws {
        await bed.far.tellSeconds()
        let here = try await ready()
        for mode in [0o600, 0o640, 0o644] as [UInt16] {
            let attributes = ValueAttributes(mode: mode)
            if mode == 0o600 {
                _ = try await bed.far.put("blobs/x", [1], attributes, on: .none)
            } else {
                _ = try await bed.far.setAttributes(attributes, of: "blobs/x", on: .none)
            }
            try await here.refresh()
            #expect(try here.store.node(.blobs, "x").mode == mode)
        }
        await close(here)
    }

    @Test("a look asks only for the attributes of what is new or has changed")
    func asksOnce() async throws {
        let (here, there) = (try await ready(), try await ready())
        for number in 0..<20 { try here.store.put("value \(number)", .blobs, "f\(number)") }
        try await here.sync()
        try await here.refresh()
        #expect(bed.attributesAsked == 0)
        try await there.refresh()
        #expect(bed.attributesAsked == 20)
        try change(here, "f7", mode: 0o600)
        try here.store.put("another", .blobs, "f8")
        try await here.sync()
        for cache in [here, there] {
            try await cache.refresh()
            try await cache.refresh()
        }
        #expect(bed.attributesAsked == 22)
        await close(here, there)
    }

    @Test("a look asks for each segment of others once, and for none of its own")
    func eventsOnce() async throws {
        let (here, there) = (try await ready(), try await ready())
        var client = StoreClient(here.store, .memory)
        for number in 0..<30 { _ = try client.append("events/a.jsonl", "{\"n\":\(number)}\n") }
        try await here.sync()
        let before = bed.gets
        try await there.refresh()
        // And for the side data of two directories.
        #expect((1...4).contains(bed.gets - before))
        let after = bed.gets
        for cache in [here, there, here, there] { try await cache.refresh() }
        #expect(bed.gets - after <= 2)
        #expect(try StoreClient(there.store, .memory).text("events/a.jsonl").split(separator: "\n").count == 30)
        await close(here, there)
    }

    @Test("attributes that are too many for a value have a key of their own, until they fit again")
    func tooMany() async throws {
        let (here, there) = (try await ready(), try await ready())
        try here.store.put("x", .blobs, "x")
        let node = try here.store.node(.blobs, "x")
        for number in 0..<4 {
            try here.store.setAttribute(
                Array("user.n\(number)".utf8), to: [UInt8](repeating: UInt8(number), count: 100), mode: .set,
                of: node.id)
        }
        try await here.sync()
        #expect(await bed.far.keys == [".persist/meta/blobs/", ".persist/meta/blobs/x", "blobs/x"])
        try await there.refresh()
        #expect(try await here.keptTree() == there.keptTree())
        #expect(try await here.keptTree().contains { $0.contains("user.n3") })
        for number in 1..<4 {
            try here.store.removeAttribute(Array("user.n\(number)".utf8), of: node.id)
        }
        try await here.sync()
        #expect(await bed.far.keys == [".persist/meta/blobs/", "blobs/x"])
        try await there.refresh()
        #expect(try await here.keptTree() == there.keptTree())
        await close(here, there)
    }

    @Test("side data with a key of its own that comes after its value is seen")
    func sideLater() async throws {
        let here = try await ready()
        _ = try await bed.far.put("blobs/x", [1], ValueAttributes(mode: 0o600, hasMore: true), on: .none)
        try await here.refresh()
        #expect(try here.store.node(.blobs, "x").mode == 0o600)
        let name = Array("user.large".utf8)
        var meta = FarMeta(mode: 0o640, attributes: [name: [7]])
        meta.describe([1], isJSON: false)
        await bed.far.put(".persist/meta/blobs/x", meta.encoded())
        try await here.refresh()
        let node = try here.store.node(.blobs, "x")
        #expect(node.mode == 0o640)
        #expect(try here.store.attribute(name, of: node.id) == [7])
        await close(here)
    }

    @Test("R10 who sets a mode while others edit the file keeps their edit, and they get the mode")
    func modeAgainstEdit() async throws {
        let (here, there) = (try await ready(), try await ready())
        try here.store.put("first", .blobs, "x")
        try await here.sync()
        try await there.refresh()
        try there.store.put("second", .blobs, "x")
        try change(here, "x", mode: 0o700)
        try await there.sync()
        try await here.sync()
        for cache in [here, there] {
            try await cache.refresh()
            #expect(try await cache.store.text(.blobs, "x") == "second")
            #expect(try cache.store.node(.blobs, "x").mode == 0o700)
            #expect(try cache.store.keptVersions(.conflicts).isEmpty)
        }
        #expect(try await here.keptTree() == there.keptTree())
        await close(here, there)
    }

    @Test("a value without attributes, of another program, has the time that it was put at")
    func plainValue() async throws {
        await bed.far.put("blobs/plain", Array("plain".utf8))
        let (here, there) = (try await ready(), try await ready())
        #expect(try await here.keptTree() == there.keptTree())
        await close(here, there)
    }
}
