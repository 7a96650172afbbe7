import Persist
import PersistTestKit
import PersistVFS
import Synchronization
import Testing

@Suite("R7 parts of files: fallocate, SEEK_DATA, copy_file_range")
struct RangeTests {
    private static let chunk = 65_536

    private static func bytes(_ chunks: Int, plus more: Int = 0) -> [UInt8] {
        (0..<(chunks * chunk + more)).map { UInt8(truncatingIfNeeded: $0 % 251 + 1) }
    }

    private func makeFile(_ bed: TestBed, _ path: String, _ bytes: [UInt8]) throws {
        let file = try bed.create(path, [.write])
        try file.write(bytes)
        try file.close()
    }

    /// Everything that is no hole.
    private func data(_ file: TestFile) throws -> [Range<UInt64>] {
        var found: [Range<UInt64>] = []
        while let start = try file.bed.fs.seek(file.id, to: .data, from: found.last?.upperBound ?? 0) {
            found.append(start..<(try #require(try file.bed.fs.seek(file.id, to: .hole, from: start))))
        }
        return found
    }

    private func fallocate(
        _ file: TestFile, _ content: Allocation.Content, keepsSize: Bool = true, _ range: Range<Int>,
        by caller: Caller = TestBed.root
    ) throws(StoreError) {
        try file.bed.fs.fallocate(
            file.id, handle: file.opened.handle, Allocation(content, keepsSize: keepsSize),
            at: UInt64(range.lowerBound), length: UInt64(range.count), caller)
    }

    @Test("R7 a hole in what was written as a record, and has a plain name now, shows zeros and no old value")
    func holeInRenamedDocument() throws {
        let bed = TestBed()
        let value = Array("[\"\(String(repeating: "x", count: Self.chunk))\"]".utf8)
        try makeFile(bed, "records/a.json", value)
        let file = try bed.open("records/a.json", [.read, .write])
        try file.write(value, at: UInt64(value.count))
        try bed.rename("records/a.json", "records/plain")
        try fallocate(file, .hole, 0..<(2 * value.count))
        #expect(try file.bytes() == [UInt8](repeating: 0, count: 2 * value.count))
        try file.close()
        #expect(try bed.open("records/plain", [.read]).bytes() == [UInt8](repeating: 0, count: 2 * value.count))
    }

    @Test("R1 a hole is seen at once, and published at close; of the chunks at its edges a part is zeros")
    func hole() throws {
        let bed = TestBed()
        let before = Self.bytes(4, plus: 10)
        try makeFile(bed, "blobs/a", before)
        let file = try bed.open("blobs/a", [.write])
        try fallocate(file, .hole, 100..<(3 * Self.chunk + 5))
        var after = before
        after.replaceSubrange(100..<(3 * Self.chunk + 5), with: [UInt8](repeating: 0, count: 3 * Self.chunk - 95))
        let reader = try bed.open("blobs/a", [.read])
        #expect(try reader.bytes() == after)
        let chunk = UInt64(Self.chunk)
        #expect(try data(reader) == [0..<chunk, (3 * chunk)..<(4 * chunk + 10)])
        #expect(try bed.afterCrash().open("blobs/a", [.read]).bytes() == before)
        try file.close()
        #expect(try bed.afterCrash().open("blobs/a", [.read]).bytes() == after)
        #expect(try data(reader) == [0..<chunk, (3 * chunk)..<(4 * chunk + 10)])
    }

    @Test("R1 a hole that the store refuses changes nothing")
    func refusedHole() throws {
        let bed = TestBed()
        let before = Self.bytes(3)
        try makeFile(bed, "blobs/a", before)
        let file = try bed.open("blobs/a", [.read, .write])
        bed.store.failNext(.full, in: .writeDraft)
        #expect(kind { () throws(StoreError) in try fallocate(file, .hole, 100..<(3 * Self.chunk)) } == .full)
        #expect(try file.bytes() == before)
    }

    @Test("R7 what a file shrank by and grew by again is a hole")
    func regrown() throws {
        let bed = TestBed()
        try makeFile(bed, "blobs/a", Self.bytes(4))
        let file = try bed.open("blobs/a", [.read, .write])
        try file.truncate(to: UInt64(Self.chunk))
        try file.truncate(to: 1 << 24)
        #expect(try data(file) == [0..<UInt64(Self.chunk)])
        try file.close()
    }

    @Test("R7 bytes that programs have changed through maps are asked for before they are called a hole")
    func mapped() throws {
        let bed = TestBed()
        let file = try bed.create("blobs/a", [.read, .write])
        try file.truncate(to: 1 << 20)
        bed.kernel.mapped.withLock { mapped in
            mapped = { _ in
                try? file.writeBack("stored through a map", at: 200_000)
                return true
            }
        }
        #expect(try bed.fs.seek(file.id, to: .data, from: 0) == UInt64(200_000 / Self.chunk * Self.chunk))
        // Where the kernel does not answer, nothing is called a hole.
        bed.kernel.mapped.withLock { $0 = { _ in false } }
        #expect(try bed.fs.seek(file.id, to: .data, from: 0) == 0)
        #expect(try bed.fs.seek(file.id, to: .hole, from: 0) == 1 << 20)
        // Who may only write cannot map: nobody is asked.
        file.release()
        let writer = try bed.open("blobs/a", [.write])
        #expect(try bed.fs.seek(writer.id, to: .hole, from: 0) == 0)
    }

    @Test("R8 a log does not grow by fallocate, and loses nothing; without effect it is allowed")
    func stream() throws {
        let bed = TestBed()
        try bed.write("events/a.log", "one\n")
        let file = try bed.open("events/a.log", [.write])
        for content in [Allocation.Content.hole, .zeros] {
            #expect(kind { () throws(StoreError) in try fallocate(file, content, 0..<2) } == .notPermitted)
        }
        let growing = kind { () throws(StoreError) in try fallocate(file, .kept, keepsSize: false, 0..<5) }
        #expect(growing == .notPermitted)
        try fallocate(file, .kept, 0..<4_096)
        try fallocate(file, .kept, keepsSize: false, 0..<4)
        try file.close()
        #expect(try bed.read("events/a.log") == "one\n")
    }

    @Test("R6 fallocate past the limit is refused, and spoils nothing")
    func limit() throws {
        let bed = TestBed()
        try bed.write("kv/a", "one")
        let file = try bed.open("kv/a", [.write])
        let growing = kind { () throws(StoreError) in try fallocate(file, .kept, keepsSize: false, 0..<(2 << 20)) }
        #expect(growing == .tooLarge)
        try file.write("two")
        try file.close()
        #expect(try bed.read("kv/a") == "two")
    }

    @Test("R13 more than there is room for is refused")
    func room() throws {
        let bed = TestBed()
        let file = try bed.create("blobs/a", [.write])
        bed.store.setBytesFree(1 << 20)
        #expect(kind { () throws(StoreError) in try fallocate(file, .kept, 0..<(2 << 20)) } == .full)
        try fallocate(file, .kept, keepsSize: false, 0..<(1 << 20))
        // What is there already needs no more.
        try file.write(Self.bytes(16))
        try fallocate(file, .zeros, keepsSize: false, 0..<(2 << 20))
        #expect(try bed.find("blobs/a").size == 2 << 20)
    }

    @Test("R4 suid goes, and the time moves, with fallocate and with copying")
    func attributes() throws {
        let bed = TestBed()
        try makeFile(bed, "blobs/a", Self.bytes(1))
        let source = try bed.open("blobs/a", [.read])
        let user = Caller(uid: 1000, gid: 1000)
        for copies in [false, true] {
            let file = try bed.create("blobs/\(copies)", [.write], mode: 0o4755)
            let before = try bed.fs.getattr(file.id).mtime
            if copies {
                _ = try bed.fs.copyRange(
                    from: source.id, at: 0, to: file.id, handle: file.opened.handle, at: 0, count: 10, user)
            } else {
                try fallocate(file, .kept, 0..<10, by: user)
            }
            #expect(try bed.fs.getattr(file.id).mode == 0o755)
            #expect(try bed.fs.getattr(file.id).mtime > before)
        }
    }

    @Test("R7 whole chunks are shared: the store is asked once, and no byte is read")
    func shares() throws {
        let bed = TestBed()
        let bytes = Self.bytes(40, plus: 7)
        try makeFile(bed, "blobs/a", bytes)
        let source = try bed.open("blobs/a", [.read])
        let target = try bed.create("blobs/b", [.read, .write])
        bed.store.resetCounts()
        var done: UInt64 = 0
        while case let copied = try bed.fs.copyRange(
            from: source.id, at: done, to: target.id, handle: target.opened.handle, at: done, count: 1 << 30,
            TestBed.root), copied > 0
        {
            done += copied
            #expect(bed.store.counts[.read] == (done == bytes.count ? 1 : 0), "only what is no whole chunk is read")
        }
        #expect(done == bytes.count)
        #expect(bed.store.counts[.writeDraft] == 1)
        try target.close()
        #expect(try bed.open("blobs/b", [.read]).bytes(count: 4 << 20) == bytes)
    }

    @Test("R7 a hole is copied as a hole, at any offset, whatever its size")
    func copiesHoles() throws {
        let bed = TestBed()
        let source = try bed.create("blobs/a", [.read, .write])
        try source.truncate(to: 1 << 36)
        try source.write("end", at: 1 << 36)
        let target = try bed.create("blobs/b", [.read, .write])
        var (done, pieces): (UInt64, Int) = (0, 0)
        while case let copied = try bed.fs.copyRange(
            from: source.id, at: done, to: target.id, handle: target.opened.handle, at: done + 1, count: 1 << 40,
            TestBed.root), copied > 0
        {
            done += copied
            pieces += 1
        }
        #expect(done == 1 << 36 + 3 && pieces == 2)
        #expect(try data(target).count == 1)
        #expect(try target.bytes(at: 1 << 36 - 1, count: 9) == [0, 0] + Array("end".utf8))
    }

    @Test("what is copied cannot overlap itself, be a log's or a control file's")
    func refusedCopies() throws {
        let bed = TestBed()
        try bed.write("blobs/a", "0123456789")
        try bed.write("events/a.log", "1\n")
        let file = try bed.open("blobs/a", [.read, .write])
        let log = try bed.open("events/a.log", [.read, .write])
        func copy(_ source: TestFile, _ target: TestFile, at start: UInt64) -> StoreError.Kind? {
            kind { () throws(StoreError) in
                _ = try bed.fs.copyRange(
                    from: source.id, at: 0, to: target.id, handle: target.opened.handle, at: start, count: 5,
                    TestBed.root)
            }
        }
        #expect(copy(file, file, at: 4) == .invalid)
        #expect(copy(file, file, at: 5) == nil)
        #expect(copy(file, log, at: 2) == .unsupported)
        #expect(copy(log, file, at: 1) == nil)
        #expect(try bed.read("blobs/a") == "01\n3401234")
        #expect(try bed.read("events/a.log") == "1\n")
    }
}
