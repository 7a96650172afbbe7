import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import Testing

@Suite("Other programs on the tables")
struct ForeignTests {
    @Test(
        "R9 every form of writing a row shows as a file",
        arguments: [
            "INSERT INTO records(key, value) VALUES ('users/bob', '{\"n\":1}')",
            "INSERT OR REPLACE INTO records(key, value) VALUES ('users/bob', '{\"n\":1}')",
            "REPLACE INTO records(key, value) VALUES ('users/bob', '{\"n\":1}')",
            "INSERT OR IGNORE INTO records(key, value) VALUES ('users/bob', '{\"n\":1}')",
            """
            INSERT INTO records(key, value) VALUES ('users/bob', '{"n":1}')
                ON CONFLICT (key) DO UPDATE SET value = excluded.value
            """,
        ])
    func insertsShow(sql: String) throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let other = try Foreign(file.path)
        try other.run(sql)
        try store.refresh()
        #expect(try store.text("records/users/bob.json") == #"{"n":1}"#)
        let before = try store.find("records/users/bob.json")
        // Once more, over what is there: the same file, with another revision.
        if sql.contains("REPLACE") || sql.contains("CONFLICT") {
            try other.run(sql.replacing("1}", with: "22}"))
            try store.refresh()
            let after = try store.find("records/users/bob.json")
            #expect(after.id == before.id)
            #expect(after.revision != before.revision)
            #expect(try store.text("records/users/bob.json") == #"{"n":22}"#)
        }
        #expect(try store.check() == [])
    }

    @Test("R9 rows that are copied back from a backup, private columns and all, show as files")
    func restoredRowsShow() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("records/a.json", "1")
        try store.put("records/b.json", "2")
        let other = try Foreign(file.path)
        try other.run("CREATE TEMP TABLE backup AS SELECT * FROM records")
        let parent = try store.find("records").id
        _ = try store.unlink("a.json", in: parent)
        try store.put("records/b.json", "3")
        try other.run("INSERT OR REPLACE INTO records SELECT * FROM temp.backup")
        try store.refresh()
        #expect(try store.text("records/a.json") == "1")
        #expect(try store.text("records/b.json") == "2")
        try store.put("records/a.json", "4")
        #expect(try store.text("records/a.json") == "4")
        #expect(try store.check() == [])
    }

    @Test("R9 UPDATE of value and of key, and DELETE, are followed")
    func updatesAreFollowed() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("records/a.json", "1")
        try store.put("records/b.json", "2")
        let other = try Foreign(file.path)
        try other.run("UPDATE records SET value = '3' WHERE key = 'a'")
        try store.refresh()
        #expect(try store.text("records/a.json") == "3")
        try other.run("UPDATE records SET key = 'deep/c' WHERE key = 'a'")
        try store.refresh()
        #expect(try store.names("records") == ["b.json", "deep"])
        #expect(try store.text("records/deep/c.json") == "3")
        try other.run("UPDATE records SET key = CASE key WHEN 'b' THEN 'x' ELSE key END")
        try other.run("DELETE FROM records WHERE key = 'deep/c'")
        try store.refresh()
        #expect(try store.names("records") == ["deep", "x.json"])
        #expect(try store.check() == [])
    }

    @Test("rows of others whose numbers collide with nodes get numbers of their own")
    func numbersCollide() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        try store.put("records/a.json", "1")
        // Nodes behind the last record's number, which SQLite gives to the rows that others insert.
        for number in 0..<5 { try store.make("records/p\(number).json", .file) }
        let other = try Foreign(file.path)
        try other.run("BEGIN")
        for number in (0..<5).reversed() {
            try other.run("INSERT INTO records(key, value) VALUES ('p\(number)', '\(number)')")
        }
        try other.run("COMMIT")
        try store.refresh()
        for number in 0..<5 { #expect(try store.text("records/p\(number).json") == "\(number)") }
        #expect(try store.text("records/a.json") == "1")
        #expect(try store.check() == [])
    }

    @Test("the value of a key that is also a prefix is %self, in whichever order they come")
    func selfNames() throws {
        for keys in [["a", "a/b"], ["a/b", "a"]] {
            let file = try StoreFile()
            let store = try file.open()
            defer { store.close() }
            let other = try Foreign(file.path)
            for key in keys {
                try other.run("INSERT INTO kv(key, value) VALUES ('\(key)', '\(key)!')")
                try store.refresh()
            }
            #expect(try store.names("kv/a") == ["%self", "b"])
            #expect(try store.text("kv/a/%self") == "a!")
            #expect(try store.key(of: store.find("kv/a/%self").id) == "kv/a")
            try store.put("kv/a/%self", "mine")
            #expect(try other.run("SELECT value FROM kv WHERE key = 'a'") == ["mine"])
            try other.run("DELETE FROM kv WHERE key = 'a'")
            try store.refresh()
            #expect(try store.names("kv/a") == ["b"])
            #expect(try store.check() == [])
        }
    }

    @Test("thousands of rows at once are folded in, and told in one word")
    func manyRows() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let seen = Observed()
        store.observe(seen)
        try Foreign(file.path).run(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500)
                INSERT INTO records(key, value) SELECT 'many/' || i, '' || i FROM n
            """)
        try store.refresh()
        // On a machine that is very slow a refresh gives up before it has all.
        for _ in 0..<200 where (try? store.find("records/many/3500.json")) == nil { try store.refresh() }
        #expect(try store.list(store.find("records/many").id, after: 0, limit: 10_000).count == 3_500)
        #expect(try store.text("records/many/3499.json") == "3499")
        #expect(seen.changes.contains(.everything))
        #expect(try store.check() == [])
        try Foreign(file.path).run("DELETE FROM records")
        try store.refresh()
        #expect(try store.names("records/many") == [])
        #expect(try store.check() == [])
    }

    @Test("a row that cannot be shown is logged, and keeps nobody from writing")
    func badRow() throws {
        let file = try StoreFile()
        let lines = Mutex<[String]>([])
        let store = try file.open { $0.log = { line in lines.withLock { $0.append(line) } } }
        defer { store.close() }
        let other = try Foreign(file.path)
        try other.run(
            """
            CREATE TRIGGER refuse BEFORE INSERT ON node WHEN NEW.name = CAST('bad.json' AS BLOB)
                BEGIN SELECT RAISE(ABORT, 'not this one'); END
            """)
        try other.run("INSERT INTO records(key, value) VALUES ('bad', '1'), ('good', '2')")
        try store.refresh()
        try store.put("records/mine.json", "3")
        #expect(try store.names("records") == ["good.json", "mine.json"])
        #expect(try other.run("SELECT value FROM records WHERE key = 'bad'") == ["1"])
        #expect(lines.withLock { $0 }.contains { $0.contains("bad") && $0.contains("not this one") })
    }

    @Test("our own writes are no changes of others, and leave nothing to fold in")
    func ownWritesAreQuiet() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let seen = Observed()
        store.observe(seen)
        try store.put("records/a.json", "1")
        try store.put("records/a.json", "2")
        try store.put("kv/k", "v")
        _ = try store.move("records/a.json", "records/b.json")
        _ = try store.remove("records/b.json")
        _ = try store.remove("kv/k")
        try store.refresh()
        #expect(seen.changes == [])
        #expect(try Foreign(file.path).run("SELECT key FROM changed") == [])
        #expect(try Foreign(file.path).run("SELECT count(*) FROM gone") == ["0"])
    }

    @Test("R9 an observer is told without asking")
    func observerIsTold() async throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let seen = Observed()
        store.observe(seen)
        let node = try store.put("kv/k", "v").node
        try Foreign(file.path).run("UPDATE kv SET value = 'w' WHERE key = 'k'")
        try await eventually("the observer is told") { seen.changes.contains(.content(node.id)) }
    }

    @Test("R6 a number that others stored stays one, newline or not; other bytes are TEXT or BLOB")
    func numbersStay() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let other = try Foreign(file.path)
        func type() throws -> [String] { try other.run("SELECT typeof(value) || ' ' || quote(value) FROM kv") }
        try other.run("INSERT INTO kv(key, value) VALUES ('n', 42)")
        try store.refresh()
        #expect(try store.text("kv/n") == "42")
        try store.put("kv/n", "43\n")
        #expect(try type() == ["integer 43"])
        #expect(try store.text("kv/n") == "43")
        try store.put("kv/n", "1.5")
        #expect(try type() == ["real 1.5"])
        try store.put("kv/n", "007")
        #expect(try type() == ["text '007'"])
        try store.put("kv/n", "8")
        #expect(try type() == ["text '8'"])
        try store.put("kv/n", [0xff, 0])
        #expect(try type() == ["blob X'FF00'"])
    }

    @Test("R10 a value that another program changed stays, and what was written over it goes to conflicts")
    func conflictsAreKept() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let node = try store.put("records/a.json", "1").node
        let other = try Foreign(file.path)
        try other.run("UPDATE records SET value = '2'")
        let path = try store.put("records/a.json", "3", base: node.revision).conflict
        #expect(try store.text("records/a.json") == "2")
        #expect(try store.keptBytes(.conflicts, #require(path)) == Array("3".utf8))
        // Deleted by another program while it was being edited.
        let current = try store.find("records/a.json")
        store.hold(current.id)
        try other.run("DELETE FROM records")
        let late = try store.publish(
            Publication(
                node: current.id, content: .bytes(Array("4".utf8)), mtime: SQLiteStore.clock, base: current.revision))
        #expect(try store.keptBytes(.conflicts, #require(late.conflict)) == Array("4".utf8))
        store.release(current.id)
        #expect(try store.check() == [])
    }

    @Test("what others wrote is shown as stored, even what we would refuse")
    func othersAreShown() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
        try Foreign(file.path).run("INSERT INTO records(key, value) VALUES ('deep', ?)", Array(deep.utf8))
        try store.refresh()
        #expect(try store.text("records/deep.json") == deep)
        #expect(try store.check().map(\.path) == ["records/deep.json"])
    }
}
