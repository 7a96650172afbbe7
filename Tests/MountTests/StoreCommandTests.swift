import PersistTestKit
import Testing

/// The commands that need no mount: ls, get, put, rm, watch, check, snapshot, sync.
@Suite struct StoreCommandTests {
    @Test("put, get, ls and rm work on the store without a mount, byte for byte")
    func values() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                "$PERSISTFS" put "$STORE" records/users/alice '{"name": "Alice"}'
                "$PERSISTFS" put "$STORE" kv/theme dark
                head -c 300000 /dev/urandom > bytes
                "$PERSISTFS" put "$STORE" blobs/a/b.bin --from bytes
                "$PERSISTFS" put "$STORE" kv/piped < <(printf 'a\0b')
                "$PERSISTFS" get "$STORE" blobs/a/b.bin | cmp - bytes
                test "$("$PERSISTFS" get "$STORE" records/users/alice)" = '{"name": "Alice"}'
                "$PERSISTFS" get --json "$STORE" kv/theme | jq -e '.value == "dark" and .bytes == 4'
                "$PERSISTFS" put "$STORE" kv/raw --from <(printf '\xff')
                "$PERSISTFS" get --json "$STORE" kv/raw | jq -e '.base64 == "/w=="'
                test "$(ls -A "${STORE%/*}")" = store.db
                """#)
            #expect(
                try await fixture.persistfs(#"ls "$STORE""#).lines.sorted() == ["blobs/", "events/", "kv/", "records/"])
            #expect(try await fixture.persistfs(#"ls "$STORE" records/users"#).lines == ["records/users/alice"])
            let all = try await fixture.persistfs(#"ls -R "$STORE""#).lines
            #expect(all.contains("blobs/a/b.bin") && all.contains("records/users/") && all.contains("kv/theme"))
            try await fixture.succeed(
                #"""
                "$PERSISTFS" ls -l "$STORE" kv | grep -q '^ *4  20..-..-..T..:..:..Z  kv/theme$'
                "$PERSISTFS" ls -R --json "$STORE" > all
                jq -se 'map(select(.key == "records/users/alice"))[0] |
                        .path == "records/users/alice.json" and .bytes == 17' all
                "$PERSISTFS" rm "$STORE" records/users/alice kv/theme
                "$PERSISTFS" rm -f "$STORE" kv/theme
                """#)
            #expect(try await fixture.persistfs(#"get "$STORE" kv/theme"#).status == 4)
            let missing = try await fixture.persistfs(#"rm "$STORE" kv/theme kv/piped"#)
            #expect(missing.status == 4 && missing.error.contains("kv/theme: no such key"))
            #expect(try await fixture.persistfs(#"get "$STORE" kv/piped"#).status == 4, "the others are removed")
            #expect(try await fixture.persistfs(#"get none.db kv/x"#).status == 5)
            #expect(try await fixture.persistfs(#"ls "$STORE" records/none"#).status == 4)
        }
    }

    @Test("R5 put refuses what is no JSON in records, with the parser's words")
    func rejected() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(#""$PERSISTFS" put "$STORE" records/a '[1]'"#)
            let result = try await fixture.persistfs(#"put "$STORE" records/a '[1'"#)
            #expect(result.status == 1 && result.error.contains("records/a"), "\(result.error)")
            #expect(try await fixture.persistfs(#"get "$STORE" records/a"#).output == "[1]")
        }
    }

    @Test("a key that is not UTF-8 is refused: its bytes do not come through, and another value would be meant")
    func notUTF8() async throws {
        try await MountFixture.unmounted { fixture in
            let result = try await fixture.persistfs(#"put "$STORE" $'kv/\xff' one"#)
            #expect(result.status == 2 && result.error.contains("not UTF-8"), "\(result.error)")
            #expect(try await fixture.persistfs(#"ls "$STORE""#).output.isEmpty)
        }
    }

    @Test("R9 put and rm are seen through a mount, and a mount's changes by get")
    func beside() async throws {
        try await MountFixture.with { fixture in
            try await fixture.succeed(#""$PERSISTFS" put "$STORE" kv/a one"#)
            #expect(try await fixture.mount.contents("kv/a") == "one")
            try await fixture.mount.succeed("printf two > kv/a")
            #expect(try await fixture.persistfs(#"get "$STORE" kv/a"#).output == "two")
            try await fixture.succeed(#""$PERSISTFS" rm "$STORE" kv/a"#)
            try await eventually("it is gone") { try await !fixture.mount.exists("kv/a") }
        }
    }

    @Test("R9 watch prints each change, by SQL and through a mount; names with newlines stay one line")
    func watch() async throws {
        try await MountFixture.with { fixture in
            let watch = try fixture.mount.begin(
                ["bash", "-c", #"exec "$PERSISTFS" watch "$STORE""#], outside: true, seconds: 120)
            let json = try fixture.mount.begin(
                ["bash", "-c", #"exec "$PERSISTFS" watch --json "$STORE""#], outside: true, seconds: 120)
            try await eventually("both watch") {
                try await fixture.mount.succeed("echo $RANDOM > kv/first")
                return watch.output.contains("changed kv/first") && json.output.contains("kv/first")
            }
            try await fixture.sql(#"INSERT INTO records(key, value) VALUES ('users/alice', '{"a": 1}')"#)
            try await watch.waitForOutput("changed records/users/alice.json\n")
            try await fixture.mount.python(#"open('blobs/a\nb\\', 'w').close()"#)
            try await watch.waitForOutput(#"changed blobs/a\nb\\"# + "\n")
            try await json.waitForOutput(#"{"change":"changed","path":"blobs/a\nb\\"}"# + "\n")
            try await fixture.mount.succeed("rm blobs/a*; mv kv/first kv/second")
            try await watch.waitForOutput("removed kv/first\n")
            try await watch.waitForOutput("changed kv/second\n")
            watch.kill()
            json.kill()
        }
    }

    @Test("R14 watch stays up under thousands of directories, and goes on after them")
    func watchMany() async throws {
        try await MountFixture.with { fixture in
            let watch = try fixture.mount.begin(
                ["bash", "-c", #"exec "$PERSISTFS" watch "$STORE""#], outside: true, seconds: 170)
            try await eventually("it watches") {
                try await fixture.mount.succeed("echo $RANDOM > kv/first")
                return watch.output.contains("changed kv/first")
            }
            try await fixture.mount.python(
                """
                for i in range(3000):
                    os.makedirs(f'blobs/{i % 50}/{i}')
                subprocess.run(['rm', '-r', 'blobs/7'], check=True)
                """, seconds: 110)
            try await fixture.mount.succeed("echo 1 > kv/last")
            try await watch.waitForOutput("changed kv/last\n", within: .seconds(60))
            #expect(watch.isRunning)
            #expect(watch.output.contains("removed blobs/7\n") || watch.output.contains("everything\n"))
            watch.kill()
        }
    }

    @Test("watch ends quietly when nobody reads it any more, and at SIGTERM, leaving one file")
    func watchEnds() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                "$PERSISTFS" put "$STORE" kv/a 1
                "$PERSISTFS" watch "$STORE" 2> started &
                until grep -q watching started; do sleep 0.05; done
                kill $!
                wait $!
                test "$(ls -A "${STORE%/*}")" = store.db
                "$PERSISTFS" ls -R "$STORE" | head -n 1 > /dev/null
                """#)
        }
    }

    @Test("check says that all is well, or names what is broken and exits with 3")
    func check() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed(
                "mkdir blobs/d; head -c 300000 /dev/urandom > blobs/d/photo.jpg; echo '[1]' > records/a.json")
            #expect(try await fixture.persistfs(#"check "$STORE""#).succeeded, "while mounted")
            try await fixture.mount.unmount()
            try await fixture.succeed(#""$PERSISTFS" check --json "$STORE" | jq -e '.isSound and .findings == []'"#)
            try await fixture.sql("DELETE FROM chunk WHERE cid = (SELECT min(cid) FROM chunk)")
            let result = try await fixture.persistfs(#"check "$STORE""#)
            #expect(result.status == 3)
            #expect(result.output.contains("blobs/d/photo.jpg"), "\(result.output)")
            let json = try await fixture.bash(
                #""$PERSISTFS" check --json "$STORE" | jq -e '.isSound == false and (.findings | length > 0)'"#)
            #expect(json.succeeded)
            // Whoever reads may have had enough: check | head -1.
            for mode in ["", "--json"] {
                let unread = try await fixture.bash(
                    """
                    python3 -c '
                    import os, subprocess, sys
                    reading, writing = os.pipe()
                    os.close(reading)
                    sys.exit(subprocess.run(sys.argv[1:], stdout=writing).returncode)
                    ' "$PERSISTFS" check \(mode) "$STORE"
                    """)
                #expect(unread.status == 3 && unread.error.isEmpty, "\(mode): \(unread.status) \(unread.error)")
            }
        }
    }

    @Test("snapshot copies a store while it is mounted; a file that is there is not replaced")
    func snapshot() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed("echo '[1]' > records/a.json; head -c 200000 /dev/zero > blobs/z")
            try await fixture.succeed(
                #"""
                "$PERSISTFS" snapshot "$STORE" copy.db
                echo '[2]' > "$MOUNT/records/a.json"
                "$PERSISTFS" get copy.db records/a | grep -qx '\[1\]'
                "$PERSISTFS" check copy.db
                "$PERSISTFS" sync "$STORE"
                cp copy.db before.db
                """#)
            let again = try await fixture.persistfs(#"snapshot "$STORE" copy.db"#)
            #expect(!again.succeeded && again.error.contains("copy.db"))
            try await fixture.succeed("cmp copy.db before.db")
            #expect(try await !fixture.persistfs(#"snapshot "$STORE" none/copy.db"#).succeeded)
        }
    }
}
