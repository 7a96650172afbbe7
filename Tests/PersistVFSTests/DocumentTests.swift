import Persist
import PersistTestKit
import PersistVFS
import Testing

@Suite("R5, R6, R10 documents")
struct DocumentTests {
    @Test("R5 a document that does not parse leaves the last good version, and is kept with its error")
    func rejected() throws {
        let bed = TestBed()
        try bed.write("records/a.json", "{\"n\": 1}")
        let file = try bed.open("records/a.json", [.write, .truncate])
        try file.write("{\n  \"n\": }")
        #expect(kind { () throws(StoreError) in try file.flush() } == .rejected)
        file.release()
        #expect(try bed.read("records/a.json") == "{\"n\": 1}")
        #expect(bed.kernel.nodes.contains(file.id))
        #expect(try bed.read(".persist/rejected/records/a.json") == "{\n  \"n\": }")
        let error = String(
            decoding: try bed.fs.getxattr(Array("user.persist.error".utf8), of: file.id), as: UTF8.self)
        #expect(error.contains("2") && error.contains("8"), "\(error)")
        #expect(try bed.fs.getxattr(Array("user.persist.state".utf8), of: file.id) == Array("rejected".utf8))
        try bed.write("records/a.json", "{}")
        #expect(try bed.store.keptVersions(.rejected) == [])
    }

    @Test("R5 a later write of the same open may mend what FLUSH refused")
    func mended() throws {
        let bed = TestBed()
        let file = try bed.create("records/a.json")
        try file.write("[1")
        #expect(kind { () throws(StoreError) in try file.flush() } == .rejected)
        try file.write("]", at: 2)
        try file.close()
        #expect(try bed.read("records/a.json") == "[1]")
    }

    @Test("R5 a new name that never got a value goes away; a placeholder stays one")
    func newNames() throws {
        let bed = TestBed()
        #expect(kind { () throws(StoreError) in try bed.write("records/new.json", "no") } == .rejected)
        #expect(kind { () throws(StoreError) in _ = try bed.find("records/new.json") } == .notFound)
        try bed.create("records/empty.json").close()
        #expect(try bed.find("records/empty.json").size == 0)
        #expect(kind { () throws(StoreError) in try bed.write("records/empty.json", "no") } == .rejected)
        #expect(try bed.find("records/empty.json").size == 0)
    }

    @Test("R5 emptying a record is refused, by close, truncate and rename")
    func emptying() throws {
        let bed = TestBed()
        try bed.write("records/a.json", "1")
        let id = try bed.find("records/a.json").id
        #expect(
            kind { () throws(StoreError) in
                _ = try bed.fs.setattr(id, AttributeSetting(size: 0), handle: nil, TestBed.root)
            } == .rejected)
        try bed.create("records/b.tmp").close()
        #expect(kind { () throws(StoreError) in try bed.rename("records/b.tmp", "records/a.json") } == .rejected)
        #expect(try bed.read("records/a.json") == "1")
    }

    @Test("R3 a temporary file that is renamed to a document publishes it, half-closed editors too")
    func renamePublishes() throws {
        let bed = TestBed()
        let file = try bed.create("records/a.json.tmp")
        try file.write("[true]")
        try bed.rename("records/a.json.tmp", "records/a.json")
        #expect(try bed.read("records/a.json") == "[true]")
        try file.close()
        #expect(try bed.afterCrash().read("records/a.json") == "[true]")
        try bed.write("records/b.tmp", "{")
        #expect(kind { () throws(StoreError) in try bed.rename("records/b.tmp", "records/a.json") } == .rejected)
        #expect(try bed.read("records/a.json") == "[true]")
        #expect(try bed.read("records/b.tmp") == "{")
    }

    @Test("R6 a write past the limit spoils the working copy: the old value stays, close says why")
    func spoiled() throws {
        var limits = StoreLimits()
        limits.kvBytesMax = 8
        let bed = TestBed(MemoryStore(limits: limits))
        try bed.write("kv/a", "old")
        let file = try bed.open("kv/a", [.write, .truncate])
        try file.write("12345678")
        #expect(kind { () throws(StoreError) in try file.write("9", at: 8) } == .tooLarge)
        #expect(kind { () throws(StoreError) in try file.flush() } == .tooLarge)
        file.release()
        #expect(try bed.read("kv/a") == "old")
        #expect(try bed.afterCrash().read("kv/a") == "old")
    }

    @Test("R6 a close that the full disk refused publishes nothing later")
    func fullDisk() throws {
        let bed = TestBed()
        try bed.write("kv/a", "old")
        let file = try bed.open("kv/a", [.write, .truncate])
        try file.write("new")
        bed.store.failNext(.full, in: .publish)
        #expect(kind { () throws(StoreError) in try file.close() } == .full)
        #expect(try bed.read("kv/a") == "old")
    }

    @Test("a close that another program's lock refused is published when the lock is gone")
    func lingering() throws {
        let bed = TestBed()
        let file = try bed.create("kv/a")
        try file.write("new")
        bed.store.failNext(.timedOut, in: .publish)
        bed.store.failNext(.timedOut, in: .publish)
        #expect(kind { () throws(StoreError) in try file.close() } == .timedOut)
        #expect(try bed.read("kv/a") == "new")
        #expect(try bed.afterCrash().read("kv/a") == "new")
    }

    @Test("R13 a file whose last close the disk refused, and that is then removed, keeps nothing")
    func lingeringRemoved() throws {
        let bed = TestBed()
        let file = try bed.create("blobs/a")
        try file.write("new")
        bed.store.failNext(.full, in: .publish)
        bed.store.failNext(.full, in: .publish)
        #expect(kind { () throws(StoreError) in try file.close() } == .full)
        bed.store.failNext(.full, in: .publish)
        try bed.unlink("blobs/a")
        #expect(kind { () throws(StoreError) in _ = try bed.fs.getattr(file.id) } == .notFound)
        #expect(try bed.names("blobs") == [])
    }

    @Test(
        "R10 what waits to be published while others make a directory of its name is kept in rejected/, whoever lists")
    func lingeringTaken() throws {
        let bed = TestBed()
        let file = try bed.create("blobs/a")
        try file.write("new")
        for _ in 0..<3 { bed.store.failNext(.full, in: .publish) }
        #expect(kind { () throws(StoreError) in try file.close() } == .full)
        _ = try bed.store.create(
            Creation(
                id: try bed.store.reserveNodeID(), parent: Namespace.blobs.node,
                name: FileName(unchecked: Array("a".utf8)),
                kind: .directory, mode: nil, uid: nil, gid: nil, time: .now()))
        #expect(try bed.names("blobs") == ["a"])
        try bed.write("blobs/b", "")
        let kept = try bed.store.keptVersions(.rejected)
        #expect(kept.map { String(decoding: $0.path, as: UTF8.self) } == ["blobs/a"])
        #expect(try kept.first.map { try bed.store.keptBytes(.rejected, $0.path) } == Array("new".utf8))
    }

    @Test("R10 what another program wrote since the open stays; ours is a conflict copy")
    func conflict() throws {
        let bed = TestBed()
        try bed.write("kv/a", "base")
        let file = try bed.open("kv/a", [.read, .write])
        bed.store.foreignPut(.kv, key: Array("a".utf8), value: Array("theirs".utf8))
        try file.truncate(to: 0)
        try file.write("mine")
        try file.close()
        #expect(try bed.read("kv/a") == "theirs")
        let conflict = try #require(try bed.store.keptVersions(.conflicts).first)
        #expect(try bed.store.keptBytes(.conflicts, conflict.path) == Array("mine".utf8))
        #expect(bed.log.lines.contains { $0.contains("conflicts") })
        #expect(bed.kernel.nodes.contains(file.id))
    }

    @Test("R10 who goes on writing after a conflict goes on with what was written, not with the other's bytes")
    func writingOn() throws {
        let bed = TestBed()
        try bed.write("kv/a", "base")
        let file = try bed.open("kv/a", [.read, .write, .truncate])
        try file.write("mine")
        bed.store.foreignPut(.kv, key: Array("a".utf8), value: Array("theirs".utf8))
        try file.flush()
        try file.write("more", at: 4)
        try file.close()
        #expect(try bed.read("kv/a") == "theirs")
        let kept = try bed.store.keptVersions(.conflicts).map { version in
            String(decoding: try bed.store.keptBytes(.conflicts, version.path), as: UTF8.self)
        }
        #expect(Set(kept) == ["mine", "minemore"])
    }

    @Test("R10 after a conflict of what was synced, the same open goes on writing and syncing")
    func conflictOfSynced() throws {
        let bed = TestBed()
        try bed.write("kv/a", "ours")
        let file = try bed.open("kv/a", [.write])
        try file.write("more")
        try file.fsync()
        bed.store.foreignPut(.kv, key: Array("a".utf8), value: Array("theirs".utf8))
        try file.flush()
        #expect(try bed.store.keptVersions(.conflicts).count == 1)
        // The draft went with that publication.
        try file.write("!", at: 4)
        try file.fsync()
        #expect(try file.read() == "more!")
        try file.close()
        #expect(try bed.read("kv/a") == "theirs")
        #expect(try bed.store.keptVersions(.conflicts).count == 2)
    }

    @Test("R9 what others change is forgotten by the kernel, exactly")
    func invalidated() throws {
        let bed = TestBed()
        try bed.write("kv/a", "1")
        let id = try bed.find("kv/a").id
        #expect(try bed.open("kv/a", [.read]).opened.keepsCache)
        bed.store.foreignPut(.kv, key: Array("a".utf8), value: Array("2".utf8))
        #expect(bed.kernel.nodes == [id])
        #expect(try bed.open("kv/a", [.read]).opened.keepsCache == false)
        bed.store.foreignPut(.kv, key: Array("b".utf8), value: Array("3".utf8))
        #expect(bed.kernel.names.contains("b"))
    }

    @Test("R4 suid goes when somebody else writes, at once and for good")
    func setID() throws {
        let bed = TestBed()
        try bed.create("blobs/a", [.write], mode: 0o4755).close()
        let file = try bed.open("blobs/a", [.write])
        try file.write("x", by: Caller(uid: 7, gid: 7))
        #expect(try bed.fs.getattr(file.id).mode == 0o755)
        try file.close()
        #expect(try bed.afterCrash().find("blobs/a").mode == 0o755)
    }

    @Test("R12 virtual attributes are readable by name, not listed, and cannot be set")
    func virtualAttributes() throws {
        let bed = TestBed()
        try bed.write("records/a.json", "1")
        let id = try bed.find("records/a.json").id
        #expect(try bed.fs.getxattr(Array("user.persist.key".utf8), of: id) == Array("records/a".utf8))
        #expect(try bed.fs.getxattr(Array("user.persist.state".utf8), of: id) == Array("clean".utf8))
        #expect(try bed.fs.listxattr(id) == [])
        let name = Array("user.persist.key".utf8)
        #expect(
            kind { () throws(StoreError) in
                try bed.fs.setxattr(name, to: [1], mode: .set, of: id, TestBed.root)
            } == .notPermitted)
        let foreign = Array("security.x".utf8)
        #expect(kind { () throws(StoreError) in _ = try bed.fs.getxattr(foreign, of: id) } == .unsupported)
        #expect(try bed.names("").contains(".persist") == false)
        #expect(try bed.read(".persist/status.json") == "{}")
    }

    @Test("R5 who still has a new name open that was refused at its close reads an empty file without a name")
    func refusedButOpen() throws {
        let bed = TestBed()
        let writer = try bed.create("records/a.json", [.write])
        let reader = try bed.open("records/a.json", [.read])
        try writer.write("no JSON")
        writer.release()
        #expect(kind { () throws(StoreError) in _ = try bed.find("records/a.json") } == .notFound)
        #expect(try reader.read() == "")
        #expect(try bed.fs.getattr(reader.id).size == 0)
        let target = try bed.create("blobs/b")
        let copied = try bed.fs.copyRange(
            from: reader.id, at: 0, to: target.id, handle: target.opened.handle, at: 0, count: 1 << 20, TestBed.root)
        #expect(copied == 0)
        reader.release()
        target.release()
        #expect(try bed.read("blobs/b") == "")
    }
}
