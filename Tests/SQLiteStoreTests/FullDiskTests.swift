import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

@Suite("R13 a full disk")
struct FullDiskTests {
    /// A small disk. Mounting one needs root: elsewhere a file size limit cannot stand in for it.
    final class SmallDisk: Sendable {
        let directory: String

        init(mebibytes: Int = 64) throws {
            var template = Array("/tmp/sqlite-disk-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw StoreError(.io) }
            directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard mount("tmpfs", directory, "tmpfs", 0, "size=\(mebibytes)m") == 0 else {
                rmdir(directory)
                throw StoreError(.io, hint: "cannot mount a small tmpfs: \(String(cString: strerror(errno)))")
            }
        }

        deinit {
            umount2(directory, Int32(MNT_DETACH))
            rmdir(directory)
        }
    }

    @Test(
        "R13 writers get .full and lose nothing; unlink still works, and then there is room",
        .enabled(if: getuid() == 0))
    func fullDisk() async throws {
        let disk = try SmallDisk()
        let store = try SQLiteStore.open(path: disk.directory + "/store.db", options: SQLiteStoreOptions())
        defer { store.close() }
        try store.put("records/a.json", "1")
        let bytes = [UInt8](repeating: 7, count: 1 << 20)
        var written = 0
        var refusal: StoreError.Kind?
        while refusal == nil && written < 100 {
            refusal = kind { try store.put("blobs/\(written)", bytes) }
            if refusal == nil { written += 1 }
        }
        #expect(refusal == .full)
        #expect(written > 2)
        // What is left of the disk goes to small files.
        var number = 0
        while number < 100_000,
            kind({ try store.put("blobs/small-\(number)", [UInt8](repeating: 1, count: 900)) }) == nil
        {
            number += 1
        }
        #expect(try store.text("records/a.json") == "1")
        // Needs new pages; what fits into its own can still be written.
        #expect(kind { try store.put("records/a.json", "\"\(String(repeating: "x", count: 300_000))\"") } == .full)
        #expect(try store.text("records/a.json") == "1")
        try store.put("records/a.json", "12")
        #expect(try store.text("records/a.json") == "12")
        for number in 0..<written { _ = try store.remove("blobs/\(number)") }
        for small in 0..<number { _ = try store.remove("blobs/small-\(small)") }
        try await eventually("there is room again") { kind { try store.put("records/a.json", "3") } == nil }
        #expect(try store.text("records/a.json") == "3")
        #expect(try store.check() == [])
        try await eventually("the file is shorter, and the reserve whole") {
            self.size(disk.directory + "/store.db") < 16 << 20
                && self.size(disk.directory + "/store.db-reserve") == 16 << 20
        }
        store.close()
        let used = size(disk.directory + "/store.db")
        let left = try SQLiteStore.open(path: disk.directory + "/store.db", options: SQLiteStoreOptions())
        defer { left.close() }
        #expect(used < Int(try left.statistics(countsNodes: true).bytesUsed) + 2 << 20)
    }

    @Test(
        "R13 what has been removed from a full disk can be written again at once, over and over",
        .enabled(if: getuid() == 0), arguments: [(16, 300_000), (40, 1_000_000), (64, 70_000), (64, 9_000_000)])
    func overAndOver(mebibytes: Int, bytes: Int) throws {
        let disk = try SmallDisk(mebibytes: mebibytes)
        let path = disk.directory + "/store.db"
        let store = try SQLiteStore.open(path: path, options: SQLiteStoreOptions())
        defer { store.close() }
        let reserve = size(path + "-reserve")
        var random = SplitMix64(seed: UInt64(mebibytes * bytes))
        var value = [UInt8](repeating: 0, count: bytes)
        var names: [Int] = []
        func fill(_ first: Int) {
            var name = first
            while kind({ try store.put("blobs/\(name)", value) }) == nil {
                names.append(name)
                name += 1
            }
        }
        for index in value.indices { value[index] = UInt8(truncatingIfNeeded: random.next()) }
        fill(0)
        #expect(names.count > 1)
        for round in 1...30 {
            let gone = names.remove(at: Int.random(in: names.indices, using: &random))
            try #require(kind { _ = try store.remove("blobs/\(gone)") } == nil, "round \(round)")
            try #require(kind { try store.put("blobs/\(round * 10_000)", value) } == nil, "round \(round)")
            names.append(round * 10_000)
            if round % 4 == 0 { fill(round * 10_000 + 1) }
        }
        #expect(size(path + "-reserve") > reserve - (2 << 20), "the reserve is for what cannot be foreseen")
        #expect(try store.check() == [])
        store.abandon()
        let again = try SQLiteStore.open(path: path, options: SQLiteStoreOptions())
        defer { again.close() }
        for name in names { #expect(try again.bytes(of: again.find("blobs/\(name)").id) == value) }
        for name in names { #expect(kind { _ = try again.remove("blobs/\(name)") } == nil) }
        #expect(try again.check() == [])
    }

    private func size(_ path: String) -> Int {
        var found = stat()
        return stat(path, &found) == 0 ? Int(found.st_size) : 0
    }

    @Test("R13 a disk with little room gets a small reserve, which grows", .enabled(if: getuid() == 0))
    func smallReserve() async throws {
        let disk = try SmallDisk()
        let filler = disk.directory + "/filler"
        let descriptor = open(filler, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        #expect(posix_fallocate(descriptor, 0, 44 << 20) == 0)
        let store = try SQLiteStore.open(path: disk.directory + "/store.db", options: SQLiteStoreOptions())
        defer { store.close() }
        let first = size(disk.directory + "/store.db-reserve")
        #expect(first > 8 << 20 && first < 11 << 20, "half of the 20 MiB that are free")
        unlink(filler)
        ftruncate(descriptor, 0)
        try await eventually("the reserve is whole") { self.size(disk.directory + "/store.db-reserve") == 16 << 20 }
    }
}
