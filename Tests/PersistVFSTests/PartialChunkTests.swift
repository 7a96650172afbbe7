import Persist
import PersistTestKit
import PersistVFS
import Testing

@Suite("R7 parts of chunks that are written")
struct PartialChunkTests {
    private static let chunk = 65_536

    private static func bytes(_ chunks: Int, plus more: Int = 0) -> [UInt8] {
        (0..<(chunks * chunk + more)).map { UInt8(truncatingIfNeeded: $0 % 251 + 1) }
    }

    /// A blob that is open, and what a program must find in it.
    private struct Blob {
        let file: TestFile
        var expected: [UInt8]

        init(_ bed: TestBed, _ bytes: [UInt8]) throws {
            let made = try bed.create("blobs/a", [.write])
            try made.write(bytes)
            try made.close()
            file = try bed.open("blobs/a", [.read, .write])
            expected = bytes
            bed.store.resetCounts()
        }

        mutating func write(_ byte: UInt8, _ count: Int = 4_096, at places: Int...) throws {
            for place in places {
                let bytes = [UInt8](repeating: byte, count: count)
                try file.write(bytes, at: UInt64(place))
                if expected.count < place { expected += [UInt8](repeating: 0, count: place - expected.count) }
                expected.replaceSubrange(place..<min(expected.count, place + count), with: bytes)
            }
        }

        mutating func truncate(to size: Int) throws {
            try file.truncate(to: UInt64(size))
            expected = Array(expected.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - expected.count))
        }

        func check(_ what: Comment) throws { #expect(try file.bytes(count: 4 << 20) == expected, what) }
    }

    @Test("R7 4 KiB here and there are written and published without a look at what was there")
    func readsNothing() throws {
        let bed = TestBed()
        var blob = try Blob(bed, Self.bytes(20, plus: 100))
        try blob.write(200, at: 5_000, 65_536 * 3, 65_536 * 4 - 2_000, 65_536 * 20 - 10, 65_536 * 20 + 90)
        try blob.file.fsync()
        try blob.write(201, at: 9_000, 65_536 * 19)
        try blob.file.flush()
        #expect(bed.store.counts[.read] == 0 && bed.store.counts[.readDraft] == 0, "\(bed.store.counts)")
        try blob.check("published")
        #expect(try bed.afterCrash().open("blobs/a", [.read]).bytes(count: 4 << 20) == blob.expected)
    }

    @Test("R1 what was written of a chunk shows at once over what lies below, and within its own bytes from memory")
    func readBack() throws {
        let bed = TestBed()
        var blob = try Blob(bed, Self.bytes(4, plus: 500))
        try blob.write(200, at: 1_000, 65_536 * 2 - 2_000, 65_536 * 4 + 400)
        #expect(try blob.file.bytes(at: 2_000, count: 3_000) == [UInt8](repeating: 200, count: 3_000))
        #expect(bed.store.counts[.readDraft] == 0)
        try blob.check("before it is published")
        let reader = try bed.open("blobs/a", [.read])
        #expect(try reader.bytes(at: 900, count: 200) == Array(blob.expected[900..<1_100]))
        try blob.file.fsync()
        try blob.check("after fsync")
        try blob.write(201, 100, at: 1_100, 65_536 * 3 + 7)
        try blob.check("written again")
        try blob.file.flush()
        try blob.check("published")
    }

    @Test(
        "R7 a file that shrank through a part that was written, and grew again, shows zeros", arguments: [false, true])
    func regrown(isSynced: Bool) throws {
        let bed = TestBed()
        var blob = try Blob(bed, Self.bytes(3))
        try blob.write(200, at: 65_536 + 1_000, 65_536 * 2 + 1_000)
        if isSynced { try blob.file.fsync() }
        try blob.truncate(to: 65_536 + 2_000)
        try blob.check("shrunk")
        try blob.truncate(to: 65_536 * 4)
        try blob.check("grown")
        try blob.write(201, 10, at: 65_536 + 3_000)
        try blob.check("written again")
        try blob.file.close()
        #expect(try bed.open("blobs/a", [.read]).bytes() == blob.expected)
    }

    @Test("R7 a hole and zeros over parts that were written")
    func hole() throws {
        let bed = TestBed()
        var blob = try Blob(bed, Self.bytes(4))
        try blob.write(200, at: 1_000, 65_536 + 1_000, 65_536 * 3 + 60_000)
        let hole = 3_000..<(65_536 * 3 + 61_000)
        try bed.fs.fallocate(
            blob.file.id, handle: blob.file.opened.handle, Allocation(.hole, keepsSize: true),
            at: UInt64(hole.lowerBound), length: UInt64(hole.count), TestBed.root)
        blob.expected.replaceSubrange(hole, with: repeatElement(0, count: hole.count))
        try blob.check("a hole")
        #expect(bed.store.counts[.readDraft] <= 4, "its edges were read before they were asked for")
        try blob.file.close()
        #expect(try bed.open("blobs/a", [.read]).bytes() == blob.expected)
    }

    @Test("R7 data is found where only a part of a chunk was written, into a hole too")
    func data() throws {
        let bed = TestBed()
        var blob = try Blob(bed, Self.bytes(1))
        try blob.truncate(to: 65_536 * 10)
        try blob.write(200, 10, at: 65_536 * 5 + 100)
        #expect(try bed.fs.seek(blob.file.id, to: .data, from: 65_536) == 65_536 * 5)
        try blob.file.fsync()
        #expect(try bed.fs.seek(blob.file.id, to: .data, from: 65_536) == 65_536 * 5)
        try blob.file.flush()
        #expect(try bed.fs.seek(blob.file.id, to: .data, from: 65_536) == 65_536 * 5)
    }

    @Test("R14 a chunk in very many pieces is read once, and no more pieces are kept")
    func manyPieces() throws {
        let bed = TestBed()
        var blob = try Blob(bed, Self.bytes(2))
        for place in stride(from: 0, to: 2_000, by: 3) { try blob.write(UInt8(place % 199), 1, at: place) }
        #expect(bed.store.counts[.readDraft] == 1)
        try blob.check("in memory")
        try blob.file.close()
        #expect(try bed.open("blobs/a", [.read]).bytes() == blob.expected)
    }

    @Test("R14 many parts go to the store before they take more memory than a file may")
    func spills() throws {
        let bed = TestBed { $0.spillBytes = 100_000 }
        var blob = try Blob(bed, Self.bytes(30))
        for step in 0..<240 { try blob.write(UInt8(step), at: step * 7_919 % (29 * Self.chunk)) }
        #expect(bed.store.counts[.writeDraft] >= 2)
        try blob.check("some in memory")
        try blob.file.close()
        #expect(try bed.open("blobs/a", [.read]).bytes(count: 4 << 20) == blob.expected)
    }

    @Test("R13 a full disk in the middle loses nothing that was written, and what follows is published")
    func full() throws {
        let bed = TestBed { $0.spillBytes = 100_000 }
        var blob = try Blob(bed, Self.bytes(30))
        for step in 0..<90 { try blob.write(UInt8(step), at: step * 7_919 % (29 * Self.chunk)) }
        bed.store.failNext(.full, in: .writeDraft)
        var refused = 0
        for step in 90..<240 {
            do { try blob.write(UInt8(step), at: step * 7_919 % (29 * Self.chunk)) } catch {
                refused += 1
                // It is in memory; only room for it was not to be had.
                try blob.write(UInt8(step), at: step * 7_919 % (29 * Self.chunk))
            }
        }
        #expect(refused == 1)
        try blob.check("after the disk was full")
        bed.store.failNext(.full, in: .keepDraft)
        #expect(throws: StoreError.self) { try blob.file.fsync() }
        try blob.check("after an fsync that failed")
        try blob.file.close()
        #expect(try bed.open("blobs/a", [.read]).bytes(count: 4 << 20) == blob.expected)
    }

    @Test("R6 a blob that is renamed to a document has all of its bytes, though it was written in parts")
    func becomesDocument() throws {
        let bed = TestBed()
        try bed.write("records/plain", "[1, 2, 3]")
        let file = try bed.open("records/plain", [.read, .write])
        try file.write("9", at: 4)
        try bed.rename("records/plain", "records/a.json")
        try file.fsync()
        #expect(try file.read() == "[1, 9, 3]")
        try file.write("8", at: 7)
        try file.close()
        #expect(try bed.afterCrash().read("records/a.json") == "[1, 9, 8]")
    }
}
