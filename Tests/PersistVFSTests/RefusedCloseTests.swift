import Dispatch
import Glibc
import Persist
import PersistTestKit
import PersistVFS
import Testing

@Suite("R5 between a refused close and its RELEASE")
struct RefusedCloseTests {
    @Test(
        "R5 who asks for a document after its close was refused finds the last good version",
        arguments: ["open", "stat"])
    func asksBeforeRelease(by verb: String) throws {
        let bed = TestBed()
        try bed.write("records/a.json", "[1]")
        let writer = try bed.open("records/a.json", [.write, .truncate])
        try writer.write("[1, 2")
        #expect(kind { () throws(StoreError) in try writer.flush() } == .rejected)
        let released = releaseSoon(writer)
        if verb == "open" {
            #expect(try bed.read("records/a.json") == "[1]")
        } else {
            #expect(try bed.fs.getattr(writer.id).size == 3)
        }
        released.wait()
    }

    @Test("R5 a new name whose close was refused is gone for who asks next")
    func asksForRefusedName() throws {
        let bed = TestBed()
        var writer = try bed.create("records/a.json")
        try writer.write("[1")
        #expect(kind { () throws(StoreError) in try writer.flush() } == .rejected)
        var released = releaseSoon(writer)
        #expect(kind { () throws(StoreError) in _ = try bed.find("records/a.json") } == .notFound)
        released.wait()
        writer = try bed.create("records/a.json")
        try writer.write("[1")
        #expect(kind { () throws(StoreError) in try writer.flush() } == .rejected)
        released = releaseSoon(writer)
        #expect(kind { () throws(StoreError) in _ = try bed.fs.open(writer.id, [.read], TestBed.root) } == .notFound)
        released.wait()
    }

    @Test("R5 what a refused close has left is shown while another descriptor may still mend it")
    func asksAndIsNeverReleased() throws {
        let bed = TestBed()
        try bed.write("records/a.json", "[1]")
        let writer = try bed.open("records/a.json", [.write, .truncate])
        try writer.write("[1, 2")
        #expect(kind { () throws(StoreError) in try writer.flush() } == .rejected)
        #expect(try bed.read("records/a.json") == "[1, 2")
        try writer.write("]", at: 5)
        try writer.close()
        #expect(try bed.read("records/a.json") == "[1, 2]")
    }

    @Test("R2 of many files that found no room at their close two are tried at a time, one of them in its turn")
    func manyWithoutRoom() throws {
        let bed = TestBed()
        let sizes = [4_000, 2_000, 3_000, 1_000]
        for number in sizes.indices { try bed.write("blobs/\(number)", "old") }
        let files = try sizes.indices.map { try bed.open("blobs/\($0)", [.write, .truncate]) }
        for (file, size) in zip(files, sizes) { try file.write(String(repeating: "x", count: size)) }
        for (number, file) in files.enumerated() {
            // By FLUSH, by RELEASE, and once more of two of them.
            for _ in 0..<(number == 0 ? 3 : 4) { bed.store.failNext(.full, in: .publish) }
            #expect(kind { () throws(StoreError) in try file.close() } == .full)
        }
        func published() throws -> [Bool] { try files.map { try bed.store.node($0.id).size > 3 } }
        #expect(try published() == [false, false, false, false])
        for _ in 0..<2 { bed.store.failNext(.full, in: .publish) }
        bed.fs.retry()
        #expect(try published() == [false, false, false, false], "who finds no room for two asks for no more")
        // One that finds none keeps none of the others from it.
        bed.store.failNext(.full, in: .publish)
        bed.fs.retry()
        #expect(try published().count { $0 } == 3)
        bed.fs.retry()
        #expect(try published() == [true, true, true, true])
        #expect(try bed.read("blobs/0") == String(repeating: "x", count: 4_000))
    }

    /// As the kernel does: RELEASE is sent before close(2) returns, and served by another thread.
    private func releaseSoon(_ file: TestFile) -> DispatchSemaphore {
        let released = DispatchSemaphore(value: 0)
        DispatchQueue(label: "release").async {
            usleep(20_000)
            file.release()
            released.signal()
        }
        return released
    }
}
