import PersistTestKit
import Testing

/// Every failure to mount has its words, what to do, and its exit code; it leaves nothing behind.
@Suite struct MountFailureTests {
    /// Fails to mount in the background, as users do.
    private func refusal(
        _ fixture: MountFixture, _ arguments: String, status: Int32, words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await fixture.persistfs("mount " + arguments)
        #expect(result.status == status, "\(result.error)", sourceLocation: sourceLocation)
        #expect(result.error.hasPrefix("persistfs: "), "\(result.error)", sourceLocation: sourceLocation)
        for word in words {
            #expect(result.error.contains(word), "\(result.error)", sourceLocation: sourceLocation)
        }
        #expect(result.output == "", sourceLocation: sourceLocation)
        #expect(
            try await fixture.succeed(#"ls -A "$SCRATCH"/persistfs 2>/dev/null || :"#) == "", "a log is left",
            sourceLocation: sourceLocation)
    }

    @Test("a mount point that is missing, a file, not empty, or over the store is refused, and no store is made")
    func mountPoints() async throws {
        try await MountFixture.unmounted { fixture in
            try await refusal(
                fixture, #""$STORE" none"#, status: 6, words: "No such file or directory", "mkdir -p none")
            try await fixture.succeed("touch file; mkdir -p full/x")
            try await refusal(fixture, #""$STORE" file"#, status: 6, words: "is no directory")
            try await refusal(fixture, #""$STORE" full"#, status: 6, words: "not empty", "-o nonempty")
            try await refusal(
                fixture, #""$STORE" "${STORE%/*}""#, status: 6, words: "the store lies inside this directory")
            try await refusal(fixture, #""$STORE" """#, status: 2, words: "is empty")
            #expect(try await fixture.storeFiles() == [])
        }
    }

    @Test("a directory that has entries can be mounted over on demand")
    func nonEmpty() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                touch "$MOUNT/hidden"
                "$PERSISTFS" mount -o nonempty "$STORE" "$MOUNT"
                test ! -e "$MOUNT/hidden"
                "$PERSISTFS" umount "$MOUNT"
                test -e "$MOUNT/hidden"
                """#)
        }
    }

    @Test("a second mount at the same place, and a mount within itself, are refused")
    func twice() async throws {
        try await MountFixture.with { fixture in
            try await refusal(
                fixture, #""$STORE" "$MOUNT""#, status: 6, words: "already mounted here", "persistfs umount")
            try await fixture.succeed(#"mkdir "$MOUNT/blobs/within"; mkdir other"#)
            try await refusal(
                fixture, #""$STORE" "$MOUNT/blobs/within""#, status: 6, words: "within a mount of this very store")
            // With another store's mount between them.
            try await fixture.succeed(
                #""$PERSISTFS" mount --log other.log other.db "$MOUNT/blobs/within"; mkdir "$MOUNT/blobs/within/blobs/deep""#
            )
            try await refusal(
                fixture, #""$STORE" "$MOUNT/blobs/within/blobs/deep""#, status: 6,
                words: "within a mount of this very store")
            try await fixture.succeed(#""$PERSISTFS" umount "$MOUNT/blobs/within""#)
            try await refusal(
                fixture, #""$MOUNT/blobs/x.db" other"#, status: 5, words: "lies on a persistfs mount")
        }
    }

    @Test("what is no store is refused, and stays as it is")
    func notAStore() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                for i in {1..200}; do echo "this is a letter, no database"; done > letter
                sqlite3 foreign.db 'CREATE TABLE t(x); INSERT INTO t VALUES (1)'
                cp foreign.db before.db
                """#)
            try await refusal(fixture, #"letter "$MOUNT""#, status: 5, words: "letter")
            try await refusal(fixture, #"foreign.db "$MOUNT""#, status: 5, words: "adopt")
            try await refusal(fixture, #"none/x.db "$MOUNT""#, status: 5, words: "none")
            try await refusal(fixture, #"/dev/null "$MOUNT""#, status: 5, words: "no regular file")
            try await refusal(fixture, #"/ "$MOUNT""#, status: 5, words: "is a directory")
            try await refusal(fixture, #"-o ro new.db "$MOUNT""#, status: 5, words: "new.db")
            try await fixture.succeed(
                #"cmp foreign.db before.db; head -n1 letter | grep -q letter; test ! -e new.db; ls | sort | tr '\n' ' '"#
            )
        }
    }

    @Test("a database of another program becomes a store where the user says so, and keeps its tables")
    func adopted() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                sqlite3 "$STORE" 'CREATE TABLE t(x); INSERT INTO t VALUES (7)'
                "$PERSISTFS" mount -o adopt "$STORE" "$MOUNT"
                echo '[1]' > "$MOUNT/records/a.json"
                "$PERSISTFS" umount "$MOUNT"
                test "$(sqlite3 "$STORE" 'SELECT x FROM t')" = 7
                "$PERSISTFS" get "$STORE" records/a
                """#)
        }
    }

    @Test("an option or a store that makes no sense is a usage error that names it, and no secret")
    func usage() async throws {
        try await MountFixture.unmounted { fixture in
            try await refusal(fixture, #"-o bogus=1 "$STORE" "$MOUNT""#, status: 2, words: "-o bogus", "--help")
            try await refusal(
                fixture, #"-o kv_bytes_max=many "$STORE" "$MOUNT""#, status: 2, words: "kv_bytes_max=many")
            try await refusal(
                fixture, #"postgres://me:hunter2@host/db "$MOUNT""#, status: 2, words: "postgres", "not built yet")
            try await refusal(fixture, #":memory: "$MOUNT""#, status: 2, words: "memory")
            try await refusal(fixture, #""$STORE""#, status: 2, words: "DIR")
            let secret = try await fixture.persistfs(#"mount postgres://me:hunter2@host/db "$MOUNT""#)
            #expect(!secret.error.contains("hunter2"))
            #expect(try await fixture.storeFiles() == [])
        }
    }

    @Test("a configuration is mounted under its name; what is wrong in one is told with line and column")
    func configuration() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                cat > bad.persist.json <<< $'{ name: "x",\n  pth: "a.db" }'
                cat > far.persist.json <<< '{ adapter: "postgres", postgres: { host: "h", password: "hunter2" } }'
                cat > good.persist.json <<< '{ name: "my,app", path: "${WHERE}.db", walMode: true }'
                """#)
            try await refusal(fixture, #"bad.persist.json "$MOUNT""#, status: 2, words: "bad.persist.json:2:", "pth")
            try await refusal(fixture, #"far.persist.json "$MOUNT""#, status: 2, words: "not built yet")
            try await refusal(fixture, #"none.persist.json "$MOUNT""#, status: 5, words: "No such file")
            let said = try await fixture.bash(
                #"""
                WHERE=here "$PERSISTFS" mount good.persist.json "$MOUNT"
                findmnt -no SOURCE "$MOUNT"
                "$PERSISTFS" umount "$MOUNT" && ls here.db
                """#)
            #expect(said.succeeded && said.lines.dropFirst() == ["my,app", "here.db"], "\(said.output) \(said.error)")
            #expect(said.error.contains("warning: ") && said.error.contains("walMode"))
        }
    }

    @Test("a dead mount is cleared and mounted over")
    func deadMount() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed("echo 1 > kv/before")
            fixture.mount.signal(9)
            try await eventually("the mount is dead") {
                try await fixture.bash(#"ls "$MOUNT""#).error.contains("not connected")
            }
            try await fixture.succeed(
                #"""
                "$PERSISTFS" status | tr -s '\n ' ' ' | grep -q 'not connected: its process has ended; persistfs umount'
                "$PERSISTFS" mount "$STORE" "$MOUNT"
                test "$(cat "$MOUNT/kv/before")" = 1
                test "$(grep -c " $MOUNT " /proc/self/mountinfo)" = 1
                "$PERSISTFS" umount "$MOUNT"
                """#)
        }
    }

    @Test("where the kernel has no FUSE, it says so")
    func noDevice() async throws {
        guard runsAsRoot else { return }
        try await MountFixture.unmounted { fixture in
            let result = try await fixture.bash(
                #"unshare -m bash -c 'mount -t tmpfs none /dev && exec "$PERSISTFS" mount -f "$STORE" "$MOUNT"'"#)
            #expect(result.status == 1)
            #expect(result.error.contains("/dev/fuse is missing"), "\(result.error)")
        }
    }

    @Test("a store that this user may not read or write is refused")
    func denied() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.unmount()
            let user = runsAsRoot ? "setpriv --reuid 65534 --regid 65534 --clear-groups" : ""
            let result = try await fixture.bash(
                #"cp "$PERSISTFS" p; chmod 000 "$STORE"; exec \#(user) ./p ls "$STORE""#)
            #expect(result.status == 5)
            #expect(result.error.lowercased().contains("permission"), "\(result.error)")
        }
    }
}
