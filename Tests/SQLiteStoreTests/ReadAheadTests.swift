import CSQLite
import Persist
import Testing

@testable import SQLiteStore

/// Pages that are read before SQLite asks for them.
@Suite struct ReadAheadTests {
    private static let pageBytes = 8192

    /// A file of pages, each full of its number.
    private final class Pages {
        let count: Int
        var reads: [(first: Int, count: Int)] = []
        init(_ count: Int) { self.count = count }

        /// - Returns: what the page has, as `ahead` or the file gives it.
        func read(_ page: Int, _ ahead: inout ReadAhead) -> Int {
            withUnsafeTemporaryAllocation(byteCount: pageBytes, alignment: 16) { buffer in
                let isThere = ahead.read(buffer.baseAddress!, pageBytes, at: Int64(page * pageBytes)) {
                    window, bytes, offset in
                    fill(Int(offset) / pageBytes, UnsafeMutableRawBufferPointer(start: window, count: Int(bytes)))
                }
                if !isThere { _ = fill(page, buffer) }
                return Int(buffer[17]) + Int(buffer[pageBytes - 1]) << 8
            }
        }

        private func fill(_ page: Int, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
            let many = buffer.count / pageBytes
            guard page + many <= count else { return false }
            for number in 0..<many {
                buffer[number * pageBytes + 17] = UInt8(truncatingIfNeeded: page + number)
                buffer[(number + 1) * pageBytes - 1] = UInt8((page + number) >> 8)
            }
            reads.append((page, many))
            return true
        }
    }

    @Test("pages that follow each other are read at once, and those that do not at no more than twice the cost")
    func reads() {
        let pages = Pages(1_000)
        var ahead = ReadAhead()
        ahead.begin(65_536, 0..<65_536, more: 0)
        for page in 300..<308 { #expect(pages.read(page, &ahead) == page) }
        #expect(pages.reads.map(\.count) == [8])
        ahead.end()
        // Nothing is read ahead unless somebody says so.
        #expect(pages.read(301, &ahead) == 301)
        #expect(pages.reads.map(\.count) == [8, 1])

        pages.reads = []
        ahead.begin(65_536, 0..<65_536, more: 0)
        for page in [10, 900, 20, 800, 30, 700, 40, 600] { #expect(pages.read(page, &ahead) == page) }
        #expect(pages.reads.map(\.count).reduce(0, +) <= 8 + 16)
        ahead.end()

        // No further than there is a file.
        pages.reads = []
        ahead.begin(65_536, 0..<65_536, more: 0)
        for page in 995..<1_000 { #expect(pages.read(page, &ahead) == page) }
        ahead.end()
    }

    @Test("pages that lie backwards, as they do where the file has shrunk, are read at once too")
    func backwards() {
        let pages = Pages(1_000)
        var ahead = ReadAhead()
        for value in 0..<4 {
            ahead.begin(65_536, 0..<65_536, more: (3 - value) * 65_536)
            for page in 0..<8 { #expect(pages.read(500 - value * 8 - page, &ahead) == 500 - value * 8 - page) }
        }
        ahead.end()
        // The first of them was thought to lie forwards.
        #expect(pages.reads.map(\.count) == [8, 31])
        // The next request knows; a part of a value needs those before it.
        pages.reads = []
        ahead.begin(65_536, 24_576..<28_672, more: 0)
        for page in [300, 299, 298, 297] { #expect(pages.read(page, &ahead) == page) }
        #expect(pages.reads.map(\.count) == [4])
        ahead.end()
        // Nothing lies before the first page; and what lies here and there is not taken for it.
        pages.reads = []
        ahead.begin(65_536, 0..<65_536, more: 1 << 20)
        for page in [2, 1, 0, 40, 7, 90, 3, 200] { #expect(pages.read(page, &ahead) == page) }
        #expect(pages.reads.map(\.count).reduce(0, +) <= 3 + 16 + 5)
        ahead.end()
    }

    @Test(
        "it is known on how many pages a part of a chunk lies",
        arguments: [
            (0..<998, 0), (0..<999, 1), (998..<9186, 1), (998..<9187, 2), (9185..<9187, 2), (20_480..<24_576, 1),
            (24_576..<28_672, 2), (65_535..<65_536, 1), (0..<65_536, 8),
        ])
    func parts(range: Range<Int>, pages: Int) {
        #expect(ReadAhead.Part(valueBytes: 65_536, range: range).pages(of: Self.pageBytes) == pages)
    }

    private static func noise(_ seed: UInt8, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ Int(seed) &* 17) }
    }

    @Test("a chunk costs one read of the file, and so does a part of it")
    func calls() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: false)
        defer { disk.close() }
        let bytes = Self.noise(1, 4 << 20)
        var store = try file.open()
        try store.put("blobs/b", bytes)
        store.close()
        store = try file.open()
        defer { store.close() }
        let id = try store.find("blobs/b").id
        let chunk = 65_536
        /// The pages above the chunks are in the caches of all connections before.
        func reads(_ part: Range<Int>, of count: Int) throws -> Int {
            for number in [0, 8, 16, 24, 32, 40, 48, 56] {
                for _ in 0..<3 { _ = try store.bytes(of: id, at: UInt64(number * chunk), part.count) }
            }
            let before = disk.callCount
            for number in (0..<64).filter({ $0 % 8 != 0 }).prefix(count) {
                let start = number * chunk + part.lowerBound
                let found = try store.bytes(of: id, at: UInt64(start), part.count)
                #expect(found == Array(bytes[start..<(start + part.count)]))
            }
            return disk.callCount - before
        }
        let ofChunks = try reads(0..<chunk, of: 40)
        #expect(ofChunks <= 40 + 8, "\(ofChunks) reads for 40 chunks")
        let ofParts = try reads(24_576..<28_672, of: 40)
        #expect(ofParts <= 40 + 8, "\(ofParts) reads for 40 parts on two pages each")
    }

    @Test("R9 what another program has written and brought into the file is read, and never what was there before")
    func others() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        defer { store.close() }
        try store.put("blobs/b", Self.noise(0, 4 * 65_536))
        let id = try store.find("blobs/b").id
        let other = try Foreign(file.path)
        let chunks = try other.run("SELECT cid FROM chunk ORDER BY cid")
        #expect(chunks.count == 4)
        for round in UInt8(1)..<40 {
            let bytes = Self.noise(round, 4 * 65_536)
            for (number, cid) in chunks.enumerated() {
                let data = Array(bytes[(number * 65_536)..<((number + 1) * 65_536)])
                try other.run("UPDATE chunk SET data = ? WHERE cid = \(cid)", data)
            }
            // In the file, so that it is not read from the WAL; or there still.
            if round % 3 != 0 { try other.run("PRAGMA wal_checkpoint(\(round % 2 == 0 ? "PASSIVE" : "TRUNCATE"))") }
            // The same ones each time, on each connection that reads: what was read ahead the last time is wanted again.
            for _ in 0..<3 {
                #expect(try store.bytes(of: id, at: 131_072, 65_536) == Array(bytes[131_072..<196_608]), "\(round)")
            }
            #expect(try store.bytes(of: id, at: 24_576, 4_096) == Array(bytes[24_576..<28_672]), "\(round)")
        }
    }

    @Test("R9 a transaction goes on reading its snapshot while another program writes and checkpoints")
    func snapshot() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        let bytes = Self.noise(3, 4 * 65_536)
        try store.put("blobs/b", bytes)
        let cids = try Foreign(file.path).run("SELECT cid FROM chunk ORDER BY cid").compactMap { Int64($0) }
        defer { store.close() }
        try store.readTogether { db throws(StoreError) in
            let value = LargeValue(db, "chunk", "data")
            defer { value.close() }
            for (number, cid) in cids.enumerated() {
                let found = try ByteSink.collect(65_536) { sink throws(StoreError) in
                    try value.read(cid, from: 0, 65_536, into: &sink)
                }
                #expect(found == Array(bytes[(number * 65_536)..<((number + 1) * 65_536)]))
                do {
                    let other = try Foreign(file.path)
                    try other.run("UPDATE chunk SET data = zeroblob(65536)")
                    try other.run("PRAGMA wal_checkpoint(PASSIVE)")
                } catch { throw StoreError(.io, hint: "\(error)") }
            }
        }
    }
}
