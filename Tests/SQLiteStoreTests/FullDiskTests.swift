import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

@Suite("R13 a full disk")
struct FullDiskTests {
    /// A disk of 64 MiB. Mounting one needs root: elsewhere a file size limit cannot stand in for it.
    final class SmallDisk: Sendable {
        let directory: String

        init() throws {
            var template = Array("/tmp/sqlite-disk-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw StoreError(.io) }
            directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard mount("tmpfs", directory, "tmpfs", 0, "size=64m") == 0 else {
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
        // What is left of the disk goes to small files. A checkpoint makes room for a few pages again: then once more.
        var (number, value, isFull) = (0, "1", false)
        while !isFull && number < 100_000 {
            while kind({ try store.put("blobs/small-\(number)", [UInt8](repeating: 1, count: 900)) }) == nil {
                number += 1
            }
            #expect(try store.text("records/a.json") == value)
            let refusal = kind { try store.put("records/a.json", value + "2") }
            isFull = refusal == .full
            if refusal == nil { value += "2" }
        }
        #expect(isFull)
        #expect(try store.text("records/a.json") == value)
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
