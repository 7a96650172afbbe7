import Persist
import PersistTestKit
import PersistVFS
import Testing

@Suite("R1 working copies and publishing")
struct WorkingCopyTests {
    @Test("R1 a value is published by the FLUSH of an open that has written, and no other")
    func publishes() throws {
        let bed = TestBed()
        try bed.write("kv/theme", "dark")
        let file = try bed.open("kv/theme", [.write, .truncate])
        // A shell flushes between open(O_TRUNC) and the first byte.
        try file.flush()
        #expect(try bed.afterCrash().read("kv/theme") == "dark")
        try file.write("light")
        #expect(try bed.afterCrash().read("kv/theme") == "dark")
        try file.flush()
        #expect(try bed.afterCrash().read("kv/theme") == "light")
        file.release()
    }

    @Test("R3 a directory whose only file was just created, and is in memory only, is not replaced")
    func replacedDirectory() throws {
        let bed = TestBed()
        try bed.mkdir("blobs/d")
        try bed.mkdir("blobs/e")
        let file = try bed.create("blobs/e/f")
        #expect(kind { () throws(StoreError) in try bed.rename("blobs/d", "blobs/e") } == .notEmpty)
        try file.write("kept")
        try file.close()
        #expect(try bed.read("blobs/e/f") == "kept")
    }

    @Test("R3 a file that was just created stays under its name where a rename over it is refused")
    func refusedReplacement() throws {
        let bed = TestBed()
        try bed.write("records/a.tmp", "{")
        let file = try bed.create("records/a.json")
        #expect(kind { () throws(StoreError) in try bed.rename("records/a.tmp", "records/a.json") } == .rejected)
        #expect(try bed.names("records") == ["a.tmp", "a.json"])
        try file.write("[1]")
        try file.close()
        #expect(try bed.read("records/a.json") == "[1]")
    }

    @Test("R1 unpublished bytes are seen at once by every open, and by stat")
    func shared() throws {
        let bed = TestBed()
        try bed.write("blobs/a", "one")
        let writer = try bed.open("blobs/a", [.read, .write])
        try writer.write("three!", at: 3)
        #expect(try bed.read("blobs/a") == "onethree!")
        #expect(try bed.find("blobs/a").size == 9)
        try writer.close()
        #expect(try bed.read("blobs/a") == "onethree!")
    }

    @Test("R1 the last writable RELEASE publishes O_TRUNC and what was stored through mmap")
    func releasePublishes() throws {
        let bed = TestBed()
        try bed.write("blobs/a", "0123456789")
        let file = try bed.open("blobs/a", [.read, .write])
        try file.flush()
        try file.writeBack("XY", at: 2)
        file.release()
        #expect(try bed.afterCrash().read("blobs/a") == "01XY456789")
        try bed.open("blobs/a", [.write, .truncate]).release()
        #expect(try bed.afterCrash().find("blobs/a").size == 0)
    }

    @Test("R1 FSYNC publishes nothing; recovery publishes what was synced")
    func fsyncIsRecovered() throws {
        let bed = TestBed()
        try bed.write("records/a.json", "{}")
        let file = try bed.open("records/a.json", [.write, .truncate])
        try file.write("[1]")
        try file.fsync()
        #expect(try bed.store.reopenedAfterCrash().node(file.id).size == 3)
        try file.write("[2]")
        #expect(try bed.afterCrash().read("records/a.json") == "[1]")
        try file.close()
        #expect(try bed.read("records/a.json") == "[2]")
    }

    @Test("R1 truncate(2) by path is an open, ftruncate and close in one")
    func truncateByPath() throws {
        let bed = TestBed()
        try bed.write("blobs/a", "0123456789")
        let id = try bed.find("blobs/a").id
        _ = try bed.fs.setattr(id, AttributeSetting(size: 4), handle: nil, TestBed.root)
        #expect(try bed.afterCrash().read("blobs/a") == "0123")
        _ = try bed.fs.setattr(id, AttributeSetting(size: 6), handle: nil, TestBed.root)
        #expect(try bed.afterCrash().read("blobs/a") == "0123\0\0")
    }

    @Test("R1 what was cut off a document does not come back under a plain name", arguments: [0, 1, 2])
    func cutThenPlain(writes: Int) throws {
        let bed = TestBed()
        let chunk = Int(bed.store.limits.chunkBytes)
        let old = [UInt8](repeating: 65, count: 3 * chunk)
        let file = try bed.create("kv/a", [.read, .write])
        try file.write(old)
        try file.fsync()
        // The draft that FSYNC keeps is a value that was whole: it is not cut with the file.
        try file.truncate(to: UInt64(chunk / 2))
        try bed.rename("kv/a", "kv/a.tmp")
        try file.truncate(to: UInt64(3 * chunk))
        var expected = old[..<(chunk / 2)] + [UInt8](repeating: 0, count: 3 * chunk - chunk / 2)
        for write in 0..<writes {
            let offset = (write + 1) * chunk + 10
            try file.write("x", at: UInt64(offset))
            expected[offset] = UInt8(ascii: "x")
        }
        try file.fsync()
        #expect(try bed.afterCrash().open("kv/a.tmp", [.read]).bytes() == Array(expected))
        try file.close()
        #expect(try bed.open("kv/a.tmp", [.read]).bytes() == Array(expected))
    }

    @Test("R1 the store knows of a file that it is being written until the last writer has closed it")
    func writing() throws {
        let bed = TestBed()
        try bed.write("blobs/a", "x")
        let (first, second) = (try bed.open("blobs/a", [.write]), try bed.open("blobs/a", [.read, .write]))
        let reader = try bed.open("blobs/a", [.read])
        #expect(bed.store.isWriting(first.id))
        try first.write("y")
        try first.close()
        #expect(bed.store.isWriting(first.id))
        try second.close()
        #expect(!bed.store.isWriting(first.id))
        reader.release()
        let made = try bed.create("kv/b", [.write])
        #expect(bed.store.isWriting(made.id))
        try made.close()
        #expect(!bed.store.isWriting(made.id))
        #expect(!bed.store.isWriting(try bed.open("blobs/a", [.read]).id))
    }

    @Test("R1 publishing changes no time: mtime is the last write's, or what utimensat set after it")
    func times() throws {
        let bed = TestBed()
        let file = try bed.create("blobs/a")
        try file.write("x")
        let written = try bed.fs.getattr(file.id).mtime
        try file.close()
        #expect(try bed.find("blobs/a").mtime == written)
        let again = try bed.open("blobs/a", [.write])
        try again.write("y")
        let old = Timestamp(seconds: 1_000, nanoseconds: 7)
        _ = try bed.fs.setattr(file.id, AttributeSetting(mtime: .at(old)), handle: nil, TestBed.root)
        try again.close()
        #expect(try bed.find("blobs/a").mtime == old)
    }

    @Test("R2 a creation is in memory until its first FLUSH, or until somebody lists its directory")
    func pendingCreation() throws {
        let bed = TestBed()
        let file = try bed.create("blobs/a")
        #expect(bed.store.counts[.create] == 0)
        #expect(throws: StoreError.self) { try bed.afterCrash().find("blobs/a") }
        #expect(try bed.find("blobs/a").id == file.id)
        #expect(try bed.names("blobs") == ["a"])
        #expect(try bed.afterCrash().find("blobs/a").size == 0)
        file.release()
    }

    @Test("R2 create, write and close are one transaction")
    func oneTransaction() throws {
        let bed = TestBed()
        let parent = try bed.find("blobs").id
        let before = bed.store.counts
        let (attributes, opened) = try bed.fs.create(Array("a".utf8), in: parent, mode: 0o644, [.write], TestBed.root)
        let file = TestFile(bed, attributes.id, opened)
        try file.write("hello")
        try file.close()
        let after = bed.store.counts
        #expect(after[.publish] - before[.publish] == 1)
        #expect(after[.create] == before[.create])
        #expect(after[.openDraft] == before[.openDraft])
    }

    @Test("a file that is created and removed before anybody looks reaches the store not at all")
    func neverWas() throws {
        let bed = TestBed()
        let file = try bed.create("blobs/a", [.read, .write])
        try file.write("x")
        try bed.unlink("blobs/a")
        #expect(try file.read() == "x")
        #expect(try bed.fs.getattr(file.id).links == 0)
        try file.close()
        #expect(bed.store.counts[.publish] == 0)
        #expect(try bed.names("blobs") == [])
    }

    @Test("unlinked but open files stay readable and writable, and are never published")
    func unlinkedOpen() throws {
        let bed = TestBed()
        try bed.write("blobs/a", "old")
        let file = try bed.open("blobs/a", [.read, .write])
        try bed.unlink("blobs/a")
        #expect(try file.read() == "old")
        try file.write("new!")
        #expect(try file.read() == "new!")
        try file.close()
        #expect(kind { () throws(StoreError) in _ = try bed.find("blobs/a") } == .notFound)
    }

    @Test("R7 a large file goes to the store in parts, and a small write touches one chunk")
    func spills() throws {
        let bed = TestBed { $0.spillBytes = 256 << 10 }
        let file = try bed.create("blobs/big", [.read, .write])
        let part = [UInt8](repeating: 7, count: 128 << 10)
        for index in 0..<16 { try file.write(part, at: UInt64(index) * UInt64(part.count)) }
        #expect(bed.store.counts[.writeDraft] >= 4)
        try file.close()
        #expect(try bed.find("blobs/big").size == 2 << 20)
        let again = try bed.open("blobs/big", [.read, .write])
        try again.write([1, 2, 3], at: 1_000_000)
        try again.truncate(to: 1_500_000)
        try again.truncate(to: 1_600_000)
        try again.close()
        let bytes = try bed.open("blobs/big", [.read]).bytes(count: 2 << 20)
        var expected = [UInt8](repeating: 7, count: 1_500_000) + [UInt8](repeating: 0, count: 100_000)
        expected.replaceSubrange(1_000_000..<1_000_003, with: [1, 2, 3])
        #expect(bytes == expected)
    }

    @Test("R14 documents that are not closed are bounded; a refused write spoils its document")
    func boundedMemory() throws {
        let bed = TestBed { $0.unpublishedBytesMax = 128 << 10 }
        let file = try bed.create("kv/a", [.write])
        let part = [UInt8](repeating: 65, count: 64 << 10)
        var refused: StoreError.Kind?
        for index in 0..<8 where refused == nil {
            refused = kind { () throws(StoreError) in try file.write(part, at: UInt64(index * part.count)) }
        }
        #expect(refused == .tooMuchUnpublished)
        #expect(kind { () throws(StoreError) in try file.close() } == .tooMuchUnpublished)
        #expect(kind { () throws(StoreError) in _ = try bed.find("kv/a") } == .notFound)
        try bed.write("kv/b", "fits again")
    }
}
