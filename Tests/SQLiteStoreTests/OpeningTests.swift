import Glibc
import Linux
import Persist
import SQLiteStore
import Testing

@Suite("Opening a store")
struct OpeningTests {
    private func refusal(_ file: StoreFile, _ change: (inout SQLiteStoreOptions) -> Void = { _ in }) -> StoreError? {
        do {
            try file.open(change).close()
            return nil
        } catch { return error as? StoreError }
    }

    private func write(_ bytes: [UInt8], to path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o644)
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    @Test("what is no database is refused, and stays as it is")
    func noDatabase() throws {
        let file = try StoreFile()
        write(Array("a shopping list, longer than a header".utf8), to: file.path)
        let error = refusal(file)
        #expect(error?.kind == .invalid)
        #expect(error?.hint?.contains("no SQLite database") == true)
    }

    @Test("another program's database is refused, or adopted beside its own tables")
    func adoption() throws {
        let file = try StoreFile()
        let other = try Foreign(file.path)
        try other.run("CREATE TABLE theirs(x)")
        try other.run("INSERT INTO theirs VALUES (1)")
        #expect(refusal(file)?.hint?.contains("-o adopt") == true)
        let store = try file.open { $0.adopts = true }
        try store.put("kv/a", "1")
        store.close()
        #expect(refusal(file) == nil)
        #expect(try other.run("SELECT x FROM theirs") == ["1"])
        let clash = try StoreFile()
        try Foreign(clash.path).run("CREATE TABLE records(x)")
        #expect(refusal(clash) { $0.adopts = true }?.hint?.contains("records") == true)
    }

    @Test("a newer schema is refused")
    func newerSchema() throws {
        let file = try StoreFile()
        try file.open().close()
        try Foreign(file.path).run("PRAGMA user_version = 99")
        #expect(refusal(file)?.kind == .unsupported)
        #expect(refusal(file)?.hint?.contains("newer") == true)
    }

    @Test(
        "a store of the version before gets what it lacks, with what its dead mount had kept", arguments: [false, true])
    func olderSchema(isRepaired: Bool) throws {
        let file = try StoreFile()
        let store = try file.open()
        try store.put("blobs/a", "one")
        let node = try store.find("blobs/a")
        let draft = try store.openDraft(of: node.id, isNew: true)
        let chunk = DraftChunk(index: 0, bytes: Array(repeating: 7, count: 2_000))
        try store.keepDraft(
            DraftContent(draft: draft, chunks: [chunk], size: 2_000, baseLimit: 0), creation: nil,
            mtime: SQLiteStore.clock)
        store.abandon()
        let other = try Foreign(file.path)
        try other.run("ALTER TABLE work DROP COLUMN small")
        try other.run("ALTER TABLE mount DROP COLUMN first_node")
        try other.run("PRAGMA user_version = 1")
        if isRepaired {
            other.close()
            let report = try SQLiteStore.repair(path: file.path, options: SQLiteStoreOptions(), backup: .none)
            #expect(report.left == [])
        }
        let next = try file.open()
        defer { next.close() }
        #expect(try next.find("blobs/a").size == 2_000)
        #expect(try Foreign(file.path).run("PRAGMA user_version") == ["2"])
        #expect(try next.check() == [])
    }

    @Test("a store of the version before that is mounted by a program of then is left alone")
    func olderSchemaInUse() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let other = try Foreign(file.path)
        try other.run("PRAGMA user_version = 1")
        #expect(refusal(file)?.kind == .busy)
        #expect(refusal(file)?.hint?.contains("unmount it there first") == true)
        #expect(try other.run("PRAGMA user_version") == ["1"])
        try other.run("PRAGMA user_version = 2")
    }

    @Test("a store of the version before that has lost a table is repaired to one of this version")
    func olderSchemaDamaged() throws {
        let file = try StoreFile()
        try file.open().close()
        let other = try Foreign(file.path)
        try other.run("DROP TABLE work")
        try other.run("ALTER TABLE mount DROP COLUMN first_node")
        try other.run("PRAGMA user_version = 1")
        other.close()
        let report = try SQLiteStore.repair(path: file.path, options: SQLiteStoreOptions(), backup: .none)
        #expect(report.left == [])
        let store = try file.open()
        defer { store.close() }
        try store.put("kv/a", "1")
        #expect(try store.check() == [])
    }

    @Test("what is missing is named: the directory, the store")
    func missing() throws {
        let file = try StoreFile()
        #expect(refusal(file) { $0.createsIfMissing = false }?.kind == .notFound)
        #expect(refusal(file) { $0.isReadOnly = true }?.kind == .notFound)
        #expect(file.names == [])
        // A backup that failed is no store in which all is well.
        try file.write([], to: "store.db")
        #expect(refusal(file) { $0.createsIfMissing = false }?.hint?.contains("is empty") == true)
        #expect(file.names == ["store.db"])
        file.removeAll()
        let error = kind { try SQLiteStore.open(path: "/nowhere/at/all.db", options: SQLiteStoreOptions()) }
        #expect(error == .notFound)
        #expect(kind { try SQLiteStore.open(path: file.directory, options: SQLiteStoreOptions()) } == .isDirectory)
    }

    @Test("R9 what a program wrote while nothing was mounted is taken in at opening, and the WAL stays small")
    func backlog() throws {
        let file = try StoreFile()
        try file.open().close()
        do {
            try Foreign(file.path).run(
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
                    INSERT INTO kv(key, value) SELECT printf('d/%06d', i), 'v' FROM n
                """)
        }
        let store = try file.open()
        defer { store.close() }
        #expect(try store.text("kv/d/030000") == "v")
        let nodes = try #require(try store.statistics(countsNodes: true).nodes)
        #expect(nodes == 30_000)
        var wal = stat()
        #expect(stat(file.path + "-wal", &wal) == 0)
        #expect(wal.st_size < 32 << 20, "\(wal.st_size)")
    }

    @Test("a store opened read-only shows everything and refuses every change")
    func readOnly() throws {
        let file = try StoreFile()
        let writer = try file.open()
        try writer.put("records/a.json", "1")
        let reader = try file.open { $0.isReadOnly = true }
        #expect(try reader.text("records/a.json") == "1")
        #expect(kind { try reader.put("records/a.json", "2") } == .readOnly)
        #expect(kind { try reader.openDraft(of: .root, isNew: true) } == .readOnly)
        let seen = Observed()
        reader.observe(seen)
        try reader.refresh()
        try writer.put("records/a.json", "3")
        try reader.refresh()
        #expect(seen.changes.contains(.everything))
        #expect(try reader.text("records/a.json") == "3")
        reader.close()
        writer.close()
        let alone = try file.open { $0.isReadOnly = true }
        #expect(try alone.text("records/a.json") == "3")
        alone.close()
    }

    @Test("R4 node ids, times and content are the same after a reopening, and the identifier too")
    func reopening() throws {
        let file = try StoreFile()
        let first = try file.open()
        let node = try first.put("blobs/a", [UInt8](repeating: 5, count: 200_000)).node
        let identifier = first.identifier
        first.close()
        first.close()
        let second = try file.open()
        defer { second.close() }
        #expect(try second.find("blobs/a") == node)
        #expect(second.identifier == identifier)
        #expect(try second.reserveNodeID() > node.id)
    }

    @Test("a snapshot is a store of its own, and never replaces a file")
    func snapshots() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("records/a.json", "1")
        try store.put("blobs/b", [UInt8](repeating: 5, count: 200_000))
        let target = try StoreFile()
        try store.snapshot(to: target.path)
        #expect(kind { try store.snapshot(to: target.path) } == .exists)
        #expect(target.names == ["store.db"])
        try store.put("records/a.json", "2")
        let copy = try target.open()
        defer { copy.close() }
        #expect(try copy.text("records/a.json") == "1")
        #expect(try copy.find("blobs/b").size == 200_000)
        #expect(try copy.check() == [])
    }

    @Test("R11 a free list that is longer than the file, as its damaged header has it, counts no more than the file")
    func freeListTooLong() throws {
        for count in [UInt32(1) << 31 | 5, UInt32.max >> 1] {
            let file = try StoreFile()
            try file.open().close()
            var bytes = try #require(readWhole(file.path))
            for place in 0..<4 { bytes[36 + place] = UInt8(truncatingIfNeeded: count >> (24 - 8 * place)) }
            try file.write(bytes, to: "store.db")
            let store = try file.open { $0.isReadOnly = true }
            defer { store.close() }
            let found = try store.statistics(countsNodes: true)
            #expect(found.bytesUsed <= UInt64(bytes.count))
            #expect(found.nodes == 0)
        }
    }
}

@Suite("After close")
struct ClosedStoreTests {
    @Test("a store that was closed says so, on each of its connections: their memory may be another's by then")
    func closed() throws {
        let file = try StoreFile()
        let store = try SQLiteStore.open(path: file.path, options: SQLiteStoreOptions())
        store.close()
        for question in [
            { _ = try store.node(.root) }, { _ = try store.outboxCount() },
            { _ = try store.statistics(countsNodes: true) },
            { try store.sync() },
            {
                _ = try store.reserveNodeID(); _ = try store.unlink("a", in: Namespace.kv.node)
            },
        ] {
            #expect(throws: StoreError.self) { try question() }
        }
    }

    @Test("the cache of a build that knew of no revisions goes on, and keeps them from then on")
    func cacheWithoutRevisions() throws {
        let file = try StoreFile(in: StoreFile.memory)
        func open() throws -> SQLiteStore { try file.open { $0.outboxChanged = { _ in } } }
        func record(_ name: String, _ revision: Revision?) -> FarRecord {
            FarRecord(
                path: Array(name.utf8), node: NodeID(99), key: [1], sum: [2], revision: revision,
                time: Timestamp(nanoseconds: 5))
        }
        var store = try open()
        try store.book([.doubted(record("kv/old", Revision([3])))])
        store.close()
        do { try Foreign(file.path).run("ALTER TABLE far DROP COLUMN revision") }
        store = try open()
        #expect(try store.farRecord(at: Array("kv/old".utf8)) == record("kv/old", nil))
        try store.book([.doubted(record("kv/new", Revision([4, 0])))])
        store.close()
        store = try open()
        #expect(try store.farRecord(at: Array("kv/new".utf8)) == record("kv/new", Revision([4, 0])))
        store.close()
    }
}
