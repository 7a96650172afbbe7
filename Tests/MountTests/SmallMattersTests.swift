import Glibc
import PersistTestKit
import Testing

/// Small things that a user of a good filesystem expects.
@Suite struct SmallMattersTests {
    @Test("R12 rm -r removes a directory of .persist/rejected with what is in it")
    func removeRejected() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed(
                """
                mkdir -p records/a/b
                echo '{' > records/a/b/c.json; echo '[' > records/a/d.json; echo '{' > records/e.json
                test -s .persist/rejected/records/a/b/c.json
                ! rmdir .persist/rejected/records/a
                rm -r .persist/rejected/records/a
                ! test -e .persist/rejected/records/a
                test $(ls .persist/rejected/records) = e.json
                rm -r .persist/rejected/records
                test -z "$(ls .persist/rejected)"
                ! rmdir .persist/rejected
                """)
        }
    }

    @Test("the kernel reads files of a mount ahead by half a megabyte, where it may be told")
    func readAhead() async throws {
        try await MountFixture.with { fixture in
            let kibibytes = try await fixture.mount.succeed(
                "cat /sys/class/bdi/$(mountpoint -d \"$MOUNT\")/read_ahead_kb")
            expect(kibibytes, is: isRoot && access("/sys/class/bdi", W_OK) == 0 ? "512" : "128")
        }
    }

    @Test("status cuts no name, and counts files without their directories")
    func status() async throws {
        try await MountFixture.with { fixture in
            let name = String(repeating: "long-name-", count: 15)
            try await fixture.mount.succeed(
                "mkdir -p records/x/y blobs/d; echo '{' > records/x/y/\(name).json; touch blobs/d/f kv/k; ln -s f blobs/d/l"
            )
            let text = try await fixture.persistfs(#"status "$MOUNT""#).output
            #expect(text.contains("records/x/y/\n") && text.contains(" \(name).json:"), "\(text)")
            #expect(text.contains("3 files,"), "\(text)")
        }
    }

    @Test("a command that fails leaves nothing beside what it was given")
    func noLockLeft() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                mkdir d; head -c 8192 /dev/urandom > d/junk.db; sqlite3 d/other.db 'CREATE TABLE t(a)'
                for command in check "check --repair" ls sync "snapshot --" watch; do
                    for store in junk other; do
                        ! "$PERSISTFS" $command d/$store.db d/copy 2> error
                    done
                    ! "$PERSISTFS" $command d/junk.db 2> error
                done
                ! "$PERSISTFS" put d/junk.db kv/a 1 2> error
                ! "$PERSISTFS" mount d/junk.db "$MOUNT" 2> error
                test "$(ls -A d | tr '\n' ' ')" = 'junk.db other.db '
                """#)
        }
    }

    @Test("R3 a directory that holds a value whose key is too long for a name is renamed, and the value with it")
    func hashedNames() async throws {
        try await MountFixture.with { fixture in
            let long = String(repeating: "x", count: 300)
            try await fixture.sql(
                """
                INSERT INTO records(key, value) VALUES ('a/b/\(long)', '[1]'), ('a/\(long)/c', '[2]');
                INSERT INTO kv(key, value) VALUES ('a/\(long)', 'three');
                """)
            try await eventually("they are seen") {
                try await fixture.mount.shell("test -n \"$(find kv/a -type f)\"").succeeded
            }
            try await fixture.mount.succeed("mv records/a records/z; mv kv/a kv/z; mv records/z/b records/z/y")
            let keys = try await fixture.sql("SELECT key FROM records UNION ALL SELECT key FROM kv ORDER BY 1")
            expect(keys.split(separator: "\n").sorted(), is: ["z/\(long)", "z/\(long)/c", "z/y/\(long)"])
            try await fixture.mount.python(
                """
                libc = __import__('ctypes').CDLL(None, use_errno=True)
                os.makedirs('kv/w')
                assert libc.renameat2(-100, b'kv/z', -100, b'kv/w', 2) == 0
                """)
            expect(try await fixture.sql("SELECT key FROM kv"), is: "w/\(long)")
            expect(try await fixture.mount.succeed("cat $(find kv/w -type f)"), is: "three")
            #expect(try await fixture.persistfs(#"check "$STORE""#).status == 0)
        }
    }

    @Test("R4 O_TRUNC of an empty log moves its times")
    func emptyLog() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed(
                """
                : > events/a.log; touch -d @1000 events/a.log
                : > events/a.log
                test $(stat -c %Y events/a.log) -gt 1000
                touch -d @1000 events/a.log; : >> events/a.log
                test $(stat -c %Y events/a.log) = 1000
                """)
        }
    }
}
