import Persist
import PersistTestKit
import PersistVFS
import Synchronization
import Testing

@Suite("A filesystem in front of a far side")
struct FarWaitTests {
    /// A far side that does as the test tells it.
    private final class Far: FarWaits {
        enum Room { case enough, later, none }

        private struct Never: Absence {
            func bring() async throws(StoreError) {}
        }
        private let state = Mutex<(room: Room, isBehind: Bool, settled: [NodeID], asked: [UInt64])>(
            (.enough, true, [], []))

        func set(_ room: Room) { state.withLock { $0.room = room } }
        var settled: [NodeID] { state.withLock { $0.settled } }
        var asked: [UInt64] { state.withLock { $0.asked } }

        func settling(of id: NodeID) throws(StoreError) -> (any Absence)? {
            state.withLock { $0.settled.append(id) }
            return Never()
        }

        func progress(of id: NodeID) throws(StoreError) -> FarProgress? { nil }
        func requireKnown(_ id: NodeID) throws(StoreError) {}

        func requireRoom(_ bytes: UInt64, isMore: Bool, for id: NodeID, waits: Bool) throws(StoreError) {
            let room = state.withLock { state in
                state.asked.append(bytes)
                return state.room
            }
            switch room {
            case .enough: return
            case .later where waits: throw StoreError(absent: Never())
            case .later, .none: throw StoreError(.full)
            }
        }
    }

    @Test("R1 fsync=remote publishes what was written, and says what to wait for; fsync=local does neither")
    func fsync() throws {
        for isRemote in [true, false] {
            let far = Far()
            let bed = TestBed(far: far) { $0.fsyncReachesFarSide = isRemote }
            try bed.write("blobs/a", "old")
            let file = try bed.open("blobs/a", [.write])
            try file.write("new")
            let absence = try bed.fs.fsync(file.id, handle: file.opened.handle)
            #expect((absence != nil) == isRemote)
            #expect(far.settled == (isRemote ? [file.id] : []))
            #expect(try published(bed, file.id) == (isRemote ? "new" : "old"))
            // It goes on as before.
            try file.write("newer")
            #expect(try file.read() == "newer")
            try file.close()
            #expect(try bed.read("blobs/a") == "newer")
        }
    }

    private func published(_ bed: TestBed, _ id: NodeID) throws -> String {
        let bytes = try [UInt8](capacity: 100) { span throws(StoreError) in
            try bed.fs.store.read(id, at: 0, into: &span)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("R5 fsync=remote of a document that does not parse yet is refused; what was written survives a crash")
    func fsyncOfHalf() throws {
        let far = Far()
        let bed = TestBed(far: far) { $0.fsyncReachesFarSide = true }
        try bed.write("records/a.json", "{}")
        let file = try bed.open("records/a.json", [.write])
        try file.write(#"{"a": "#)
        #expect(kind { () throws(StoreError) in try file.fsync() } == .rejected)
        #expect(far.settled.isEmpty)
        #expect(bed.store.counts[.sync] > 0)
        try file.write(#"1}"#, at: 6)
        try file.close()
        #expect(try bed.read("records/a.json") == #"{"a": 1}"#)
    }

    @Test(
        "a close for which there is no room is put aside, and changes nothing until then",
        arguments: ["blobs/a", "kv/a"])
    func putAside(path: String) throws {
        let far = Far()
        let bed = TestBed(far: far)
        try bed.write(path, "old")
        let file = try bed.open(path, [.write])
        try file.write("newer")
        far.set(.later)
        #expect(kind { () throws(StoreError) in try file.flush() } == .absent)
        #expect(try published(bed, file.id) == "old")
        #expect(try file.read() == "newer")
        far.set(.enough)
        try file.flush()
        #expect(try published(bed, file.id) == "newer")
        #expect(far.asked.last == 5)
        file.release()
    }

    @Test("R6 a document that finds no room is spoiled, and the old value stays; a blob is published later")
    func full() throws {
        let far = Far()
        let bed = TestBed(far: far)
        for path in ["kv/a", "blobs/a"] { try bed.write(path, "old") }
        let (document, blob) = (try bed.open("kv/a", [.write]), try bed.open("blobs/a", [.write]))
        for file in [document, blob] { try file.write("new") }
        far.set(.none)
        for file in [document, blob] {
            #expect(kind { () throws(StoreError) in try file.flush() } == .full)
            file.release()
        }
        #expect(try bed.read("kv/a") == "old")
        #expect(try published(bed, blob.id) == "old")
        #expect(try bed.read("blobs/a") == "new")
        far.set(.enough)
        #expect(try bed.read("kv/a") == "old")
        #expect(try published(bed, blob.id) == "new")
    }

    @Test("what finds no room to the end is published with the mount's end")
    func shutdown() throws {
        let far = Far()
        let bed = TestBed(far: far)
        let file = try bed.create("blobs/a")
        try file.write("text")
        far.set(.none)
        #expect(kind { () throws(StoreError) in try file.flush() } == .full)
        file.release()
        bed.fs.shutdown()
        #expect(try published(bed, file.id) == "text")
    }

    @Test("what takes no room, and what only moves, waits for none")
    func noRoomNeeded() throws {
        let far = Far()
        let bed = TestBed(far: far)
        try bed.write("blobs/a.tmp", "text")
        far.set(.none)
        let file = try bed.open("blobs/a.tmp", [.write])
        try file.write("more")
        try bed.rename("blobs/a.tmp", "blobs/b")
        #expect(try published(bed, file.id) == "more")
        try bed.mkdir("blobs/d")
        try bed.unlink("blobs/b")
        file.release()
    }

    @Test("R8 lines for which there is no room are put aside, or refused, and none of them is there")
    func logs() throws {
        let far = Far()
        let bed = TestBed(far: far)
        let file = try bed.create("events/a.log", [.write, .append])
        try file.write("one\n")
        far.set(.later)
        #expect(kind { () throws(StoreError) in try file.write("two\n") } == .absent)
        far.set(.none)
        #expect(kind { () throws(StoreError) in try file.write("two\n") } == .full)
        far.set(.enough)
        try file.write("three\n")
        try file.close()
        #expect(try bed.read("events/a.log") == "one\nthree\n")
    }
}
