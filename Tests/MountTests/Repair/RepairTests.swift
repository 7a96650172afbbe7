import PersistTestKit
import Testing

/// `persistfs check --repair`: each kind of finding is mended, and no byte is lost on the way.
@Suite struct RepairTests {
    @Test("check --repair mends names", arguments: RepairCase.names)
    func names(_ row: RepairCase) async throws { try await prove(row) }

    @Test("check --repair mends documents and their rows", arguments: RepairCase.documents)
    func documents(_ row: RepairCase) async throws { try await prove(row) }

    @Test("check --repair mends the content of files", arguments: RepairCase.bodies)
    func bodies(_ row: RepairCase) async throws { try await prove(row) }

    @Test("check --repair mends logs", arguments: RepairCase.logs)
    func logs(_ row: RepairCase) async throws { try await prove(row) }

    @Test("check --repair mends the tables themselves", arguments: RepairCase.tables)
    func tables(_ row: RepairCase) async throws { try await prove(row) }

    @Test("check --repair mends indexes and lost pages", arguments: RepairCase.pages)
    func pages(_ row: RepairCase) async throws { try await prove(row) }

    private func prove(_ row: RepairCase) async throws {
        try await MountFixture.unmounted { fixture in
            try await damage(fixture, row.damage)
            let check = try await fixture.persistfs(#"check "$STORE""#)
            #expect(check.status == 3, "\(check.output)\(check.error)")
            #expect(check.output.contains(row.problem), "\(check.output)")

            let repair = try await fixture.persistfs(#"check --repair "$STORE""#)
            #expect(repair.status == 0, "\(repair.output)\(repair.error)")
            #expect(repair.output.contains("all is well now"), "\(repair.output)")
            let copy = try await fixture.bash(#""$PERSISTFS" check "$STORE.before-repair"; rm "$STORE.before-repair""#)
            #expect(copy.output.contains(row.problem), "the copy is as the store was: \(copy.output)")

            let again = try await fixture.persistfs(#"check --repair "$STORE""#)
            #expect(again.status == 0 && again.output.hasSuffix("store.db: all is well"), "\(again.output)")
            #expect(try await fixture.storeFiles() == ["store.db"])
            try await fixture.mount.start()
            try await fixture.mount.succeed(row.proof)
            let end = try await fixture.persistfs(#"check "$STORE""#)
            #expect(end.status == 0, "\(end.output)\(end.error)")
        }
    }

    /// The store with all that `RepairCase.contents` makes, damaged.
    private func damage(_ fixture: MountFixture, _ sql: String) async throws {
        try await fixture.mount.start()
        try await fixture.mount.succeed(RepairCase.contents)
        try await fixture.unmountToOneFile()
        try await fixture.sql(sql)
    }

    @Test("check --repair refuses a store that is mounted, or open in another program, and changes nothing")
    func inUse() async throws {
        try await MountFixture.unmounted { fixture in
            try await damage(fixture, "UPDATE node SET size = 1 WHERE \(RepairCase.name("b.json"))")
            try await fixture.mount.start()
            let mounted = try await fixture.persistfs(#"check --repair "$STORE""#)
            #expect(mounted.status == 7 && mounted.error.contains("in use by process"), "\(mounted.error)")
            #expect(mounted.error.contains("\(fixture.mount.daemonID ?? 0)"), "\(mounted.error)")
            try await fixture.unmountToOneFile()
            let open = try await fixture.succeed(
                #"""
                mkfifo hold
                { echo 'SELECT count(*) FROM records;'; cat hold; } | sqlite3 "$STORE" > counted &
                until test -s counted; do sleep 0.05; done
                "$PERSISTFS" check --repair "$STORE" 2>&1 || echo "status $?"
                echo .quit > hold
                wait
                """#)
            #expect(open.contains("in use by process") && open.contains("status 7"), "\(open)")
            try await fixture.succeed(#"test "$(sqlite3 "$STORE" 'SELECT count(*) FROM node WHERE size = 1')" = 1"#)
            #expect(try await fixture.storeFiles() == ["store.db"])
        }
    }

    @Test("check --repair makes its copy where it is told to, or none; a copy that is there is not replaced")
    func backup() async throws {
        try await MountFixture.unmounted { fixture in
            let break_ = "UPDATE node SET size = size + 1 WHERE \(RepairCase.name("b.json"))"
            try await damage(fixture, break_)
            #expect(try await fixture.persistfs(#"check --repair --no-backup "$STORE""#).status == 0)
            #expect(try await fixture.storeFiles() == ["store.db"])
            try await fixture.sql(break_)
            #expect(try await fixture.persistfs(#"check --repair --backup copy.db "$STORE""#).status == 0)
            #expect(try await fixture.storeFiles() == ["store.db"])
            #expect(try await fixture.persistfs("check copy.db").status == 3)
            try await fixture.sql(break_)
            let taken = try await fixture.persistfs(#"check --repair --backup copy.db "$STORE""#)
            #expect(taken.status == 1 && taken.error.contains("copy.db is there already"), "\(taken.error)")
            #expect(try await fixture.persistfs(#"check "$STORE""#).status == 3, "nothing was changed")
            try await fixture.succeed(#"touch "$STORE.before-repair"; "$PERSISTFS" check --repair "$STORE""#)
            #expect(
                try await fixture.storeFiles() == ["store.db", "store.db.before-repair", "store.db.before-repair-2"])
            #expect(try await fixture.persistfs(#"check --no-backup "$STORE""#).status == 2)
        }
    }

    @Test("check --repair changes nothing where there is no room for its copy, and says so", .enabled(if: isRoot))
    func noRoom() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.mount.start()
            try await fixture.mount.succeed("head -c 6M /dev/urandom > blobs/a; echo '[1]' > records/b.json")
            try await fixture.unmountToOneFile()
            try await fixture.sql("UPDATE node SET size = 1 WHERE \(RepairCase.name("b.json"))")
            try await fixture.succeed(
                #"mv "$STORE" s.db; mount -t tmpfs -o size=10M tmpfs "${STORE%/*}"; mv s.db "$STORE""#)
            let result = try await fixture.persistfs(#"check --repair "$STORE""#)
            #expect(result.status == 1, "\(result.output)\(result.error)")
            #expect(result.error.contains("no room for a copy of") && result.error.contains("--no-backup"))
            #expect(try await fixture.storeFiles() == ["store.db"])
            #expect(try await fixture.persistfs(#"check "$STORE""#).status == 3, "nothing was changed")
            #expect(try await fixture.persistfs(#"check --repair --backup copy.db "$STORE""#).status == 0)
            #expect(try await fixture.persistfs(#"check "$STORE""#).status == 0)
        }
    }

    @Test("a value that only we refuse stays what it is: another program may read it")
    func foreign() async throws {
        try await MountFixture.unmounted { fixture in
            let deep = String(repeating: "[", count: 600) + String(repeating: "]", count: 600)
            try await damage(fixture, "INSERT INTO records(key, value) VALUES ('deep', '\(deep)')")
            let repair = try await fixture.persistfs(#"check --repair "$STORE""#)
            #expect(repair.status == 3, "\(repair.output)")
            #expect(repair.output.contains("not mended: another program wrote it"), "\(repair.output)")
            #expect(try await fixture.storeFiles() == ["store.db"], "nothing to mend, no copy")
            #expect(try await fixture.sql("SELECT value FROM records WHERE key = 'deep'") == deep)
        }
    }
}
