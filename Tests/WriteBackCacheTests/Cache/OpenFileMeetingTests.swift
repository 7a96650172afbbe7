import Persist
import PersistTestKit
import PersistVFS
import SQLiteStore
import Testing
import WriteBackCache

/// What others do on the far side to files that programs have open here, as the filesystem sees it.
@Suite("Open files and what others do", .serialized)
struct OpenFileMeetingTests {
    @Test(
        "R10 a file that is being made while others remove its directory, or all else in it, is not lost",
        arguments: [true, false])
    func directoryGoes(isImplied: Bool) async throws {
        let bed = try CacheBed()
        let (here, there) = (try await KernellessMount(bed), try await KernellessMount(bed))
        if isImplied {
            await bed.far.put("blobs/d/f", Array("theirs".utf8))
        } else {
            _ = try there.files.mkdir(Array("d".utf8), in: there.blobs, mode: 0o755, there.root)
            try await there.cache.sync()
        }
        try await here.cache.refresh()
        let made = try here.create("new", in: try here.lookup("d", in: here.blobs))
        try here.write("what takes long to write", to: made)
        if isImplied {
            await bed.far.delete("blobs/d/f")
        } else {
            try there.files.rmdir(Array("d".utf8), in: there.blobs, there.root)
            try await there.cache.sync()
        }
        try await here.cache.refresh()
        #expect(here.close(made))
        try await here.cache.sync()
        #expect(await bed.far.get("blobs/d/new") == Array("what takes long to write".utf8))
        await there.end()
        await here.end()
    }

    @Test(
        "R10 a blob of one name is made here and elsewhere: both are kept, whenever somebody looks",
        arguments: [true, false])
    func madeTwice(looks: Bool) async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        let made = try here.create("x", in: here.blobs)
        try here.write("mine", to: made)
        await bed.far.put("blobs/x", Array("theirs".utf8))
        if looks { try await here.cache.refresh() }
        #expect(here.close(made))
        try await here.cache.sync()
        let all = try await here.all("blobs/x", bed)
        #expect(all.contains(Array("theirs".utf8)) && all.contains(Array("mine".utf8)), "\(all.count)")
        #expect(await bed.far.get("blobs/x") == Array("theirs".utf8))
        await here.end()
    }

    @Test(
        "R10 theirs stays where it comes in just before a file here counts as being made; ours, and what is written on, is beside it",
        arguments: [4, 17 << 20])
    func arrivesJustBefore(size: Int) async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        let made = try here.create("x", in: here.blobs)
        here.cache.store.setCreating(FileName(unchecked: Array("x".utf8)), in: here.blobs, false)
        await bed.far.put("blobs/x", Array("theirs".utf8))
        try await here.cache.refresh()
        let part = String(repeating: "m", count: size / 2)
        try here.write(part, to: made)
        try here.files.flush(made.id, handle: made.handle)
        try here.write(part, at: UInt64(size / 2), to: made)
        #expect(here.close(made))
        try await here.cache.sync()
        #expect(await bed.far.get("blobs/x") == Array("theirs".utf8))
        var beside: [[UInt8]] = []
        for try await entry in await bed.far.list("blobs/x@") { beside.append(entry.value) }
        #expect(beside.map(\.count) == [size] && beside.allSatisfy { $0.allSatisfy { $0 == UInt8(ascii: "m") } })
        await here.end()
    }

    @Test(
        "R10 a blob is written on while its earlier value meets theirs: theirs stays, and what is written too",
        arguments: [true, false])
    func writtenOn(beforeSync: Bool) async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        try here.cache.store.put(String(repeating: "o", count: 200_000), .blobs, "b")
        try await here.cache.sync()
        let id = try here.lookup("b", in: here.blobs)
        let file = (id: id, handle: try here.files.open(id, [.read, .write], here.root).handle)
        try here.write("first", to: file)
        try here.files.flush(file.id, handle: file.handle)
        let theirs = Array(String(repeating: "t", count: 200_000).utf8)
        await bed.far.put("blobs/b", theirs)
        if beforeSync { try here.write("second", at: 100_000, to: file) }
        // Its settling time is over, or somebody syncs.
        try await here.cache.sync()
        #expect(await bed.far.get("blobs/b") == theirs)
        if !beforeSync { try here.write("second", at: 100_000, to: file) }
        #expect(here.close(file))
        try await here.cache.sync()
        #expect(await bed.far.get("blobs/b") == theirs)
        var beside: [[UInt8]] = []
        for try await entry in await bed.far.list("blobs/b@") { beside.append(entry.value) }
        #expect(beside.count == 1)
        let mine = beside.first ?? []
        #expect(mine.starts(with: Array("firsto".utf8)))
        #expect(mine.dropFirst(100_000).starts(with: Array("second".utf8)))
        await here.end()
    }

    @Test(
        "R3 who has a file open for writing too, and has read a part of what others replace, reads and writes no mixture",
        arguments: [true, false], [true, false])
    func openForBoth(looks: Bool, reads: Bool) async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        let size = 3_000_000
        await bed.far.put("blobs/b", Array(repeating: 1, count: size))
        try await here.cache.refresh()
        let id = try here.lookup("b", in: here.blobs)
        let node = try here.cache.store.node(id)
        let file = (id: id, handle: try here.files.open(id, [.read, .write], here.root).handle)
        #expect(try await here.cache.store.bytes(of: node, at: 0, count: 100) == Array(repeating: 1, count: 100))
        let theirs = [UInt8](repeating: 2, count: size)
        await bed.far.put("blobs/b", theirs)
        if looks { try await here.cache.refresh() }
        var isTold = false
        do {
            if reads {
                _ = try await here.cache.store.bytes(of: node, at: UInt64(size) - 100, count: 100)
            } else {
                for _ in 0..<3 {
                    do { try here.write("mine", at: 2_000_000, to: file) } catch let error as StoreError {
                        guard let absence = error.absence else { throw error }
                        try await absence.bring()
                    }
                }
            }
        } catch let error as StoreError { isTold = error.kind == .stale }
        #expect(isTold)
        _ = here.close(file)
        try await here.cache.refresh()
        try await here.cache.sync()
        #expect(await bed.far.get("blobs/b") == theirs)
        let now = try here.cache.store.node(.blobs, "b")
        #expect(try await here.cache.store.bytes(of: now) == theirs)
        await here.end()
    }

    @Test("R8 a log that is being made here, and that others have made meanwhile, takes what is written")
    func logMadeTwice() async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        let events = Namespace.events.node
        let (made, opened) = try here.files.create(
            Array("o.jsonl".utf8), in: events, mode: 0o644, [.read, .write, .append], here.root)
        await bed.far.put("events/o/01a221b7e1640001-00000001", Array(#"{"n":1}"#.utf8))
        try await here.cache.refresh()
        // Whoever lists the directory has it made.
        try here.files.flush(made.id, handle: opened.handle)
        try here.write("{\"n\":2}\n", to: (made.id, opened.handle))
        let size = try here.files.getattr(made.id).size
        #expect(size == 16)
        let read = try Array<UInt8>(capacity: 100) { (buffer) throws(StoreError) in
            try here.files.read(made.id, handle: opened.handle, at: 8, into: &buffer)
        }
        #expect(read == Array("{\"n\":2}\n".utf8))
        let now = AttributeSetting(mtime: .now)
        #expect(throws: Never.self) { try here.files.setattr(made.id, now, handle: opened.handle, here.root) }
        #expect(here.close((made.id, opened.handle)))
        #expect(try await here.cache.store.text(.events, "o.jsonl") == "{\"n\":1}\n{\"n\":2}\n")
        await here.end()
    }

    @Test("R10 who opens for writing what others have just taken the name of is sent to the new file")
    func opensTaken() async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        await bed.far.put("blobs/b", Array("old".utf8))
        try await here.cache.refresh()
        let id = try here.lookup("b", in: here.blobs)
        _ = try await here.cache.store.bytes(of: try here.cache.store.node(id))
        // Somebody reads it on.
        let reader = try here.files.open(id, [.read], here.root)
        await bed.far.put("blobs/b", Array("theirs".utf8))
        try await here.cache.refresh()
        #expect { try here.files.open(id, [.write], here.root) } throws: { ($0 as? StoreError)?.kind == .stale }
        #expect(try here.lookup("b", in: here.blobs) != id)
        here.files.release(id, handle: reader.handle)
        await here.end()
    }

    @Test(
        "R10 a file is renamed over one that is not here: it is not asked for, and an edit of others is no loss",
        arguments: [true, false])
    func renamedOver(isDown: Bool) async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        try here.cache.store.put(String(repeating: "o", count: 50_000), .blobs, "a")
        try await here.cache.sync()
        try here.evict()
        if !isDown { await bed.far.put("blobs/a", Array("theirs".utf8)) }
        let gets = bed.gets
        bed.setDown(isDown)
        try here.cache.store.put("mine", .blobs, "t")
        try here.files.rename(
            Array("t".utf8), in: here.blobs, to: Array("a".utf8), in: here.blobs, mode: .replace, here.root)
        #expect(bed.gets == gets)
        bed.setDown(false)
        try await here.cache.sync()
        let all = try await here.all("blobs/a", bed)
        #expect(all.contains(Array("mine".utf8)))
        if !isDown { #expect(await bed.far.get("blobs/a") == Array("theirs".utf8)) }
        await here.end()
    }

    @Test(
        "a file that others have removed, and that is renamed or changed here while its content is away, goes",
        arguments: [true, false], [50_000, 300_000])
    func goneWhileAway(isRenamed: Bool, bytes: Int) async throws {
        // The longer one goes in parts.
        let bed = try CacheBed(partedBytesMin: 256 << 10)
        let here = try await KernellessMount(bed)
        try here.cache.store.put(String(repeating: "o", count: bytes), .blobs, "a")
        try await here.cache.sync()
        try here.evict()
        await bed.far.delete("blobs/a")
        if isRenamed {
            try here.files.rename(
                Array("a".utf8), in: here.blobs, to: Array("c".utf8), in: here.blobs, mode: .replace, here.root)
        } else {
            let id = try here.lookup("a", in: here.blobs)
            _ = try here.cache.store.setAttributes(id, AttributeChange(mode: 0o600, time: .now()))
        }
        #expect(await here.cache.drain() == 0)
        try await here.cache.refresh()
        for name in ["a", "c"] { #expect(throws: StoreError.self) { try here.cache.store.node(.blobs, name) } }
        #expect(await bed.far.get("blobs/c") == nil)
        await here.end()
    }

    @Test(
        "R3 who has read a part of a record that went, and that others only indent anew, gets no mixture",
        arguments: CacheBed.Shown.allCases)
    func indented(shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(shows: shows)
        let here = try await KernellessMount(bed)
        let long = String(repeating: "x", count: 20_000)
        let mine = Array("{ \"n\": 1, \"s\": \"\(long)\" }".utf8)
        try here.cache.store.put(String(decoding: mine, as: UTF8.self), .records, "r.json")
        try await here.cache.sync()
        let old = try here.cache.store.node(.records, "r.json")
        here.cache.store.hold(old.id)
        _ = try await here.cache.store.bytes(of: old, at: 0, count: 4)
        try here.evict()
        #expect(try here.cache.store.away(old.id) != nil)
        await bed.far.put("records/r", Array("{\n\n\n    \"n\":    1,\n    \"s\":\n\"\(long)\"\n}\n".utf8))
        // Where the text is known beside the value, it is what it was.
        let rest = try? await here.cache.store.bytes(of: old, at: 4, count: Int(old.size) - 4)
        #expect(rest == nil || rest == Array(mine.dropFirst(4)))
        here.cache.store.release(old.id)
        await here.end()
    }
}
