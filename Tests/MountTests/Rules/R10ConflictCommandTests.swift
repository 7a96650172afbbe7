import PersistTestKit
import Testing

/// R10: `persistfs conflicts`, and the command that a mount runs for each.
@Suite struct R10ConflictCommandTests {
    /// A conflict at each of the paths, by name or as bytes: opened, changed by another program, written and closed.
    private static func conflict(_ mount: TestMount, _ paths: String, theirs: String, mine: String) async throws {
        try await mount.python(
            #"""
            import sqlite3
            store = sqlite3.connect(os.environ['STORE'], timeout=20)
            def bump(table, key, value):
                store.execute(f'UPDATE {table} SET value = ? WHERE key = ?', (value, key))
            for path, table, key in \#(paths):
                name = os.fsencode(path)
                if not os.path.exists(name):
                    os.makedirs(os.path.dirname(name), exist_ok=True)
                    open(name, 'wb').write(b'"base"')
                f = os.open(name, os.O_RDWR)
                os.read(f, 100)
                os.ftruncate(f, 0)
                os.pwrite(f, b'\#(mine)', 0)
                bump(table, key, '\#(theirs)')
                store.commit()
                os.close(f)
            """#)
    }

    @Test("R10 conflicts are listed, shown by diff, and end with mine, theirs or both")
    func commands() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            expect(try await fixture.persistfs(#"conflicts "$MOUNT""#).output, is: "No conflicts.")
            try await Self.conflict(
                mount,
                "[('records/d/a.json', 'records', 'd/a'), ('kv/b', 'kv', 'b'), ('kv/c@x', 'kv', 'c@x'), ('kv/c', 'kv', 'c')]",
                theirs: #""theirs""#, mine: #""mine""#)
            // A file is no conflict because its name begins another's.
            try await fixture.succeed(
                #"""
                "$PERSISTFS" conflicts "$MOUNT" > list; cat list
                "$PERSISTFS" conflicts "$MOUNT" --json > json
                test "$(jq length json)" = 4
                jq -e '.[] | select(.path == "records/d/a.json") | .kind == "record" and .bytes == 6
                    and (.host | length > 0) and (.copy | startswith(".persist/conflicts/records/d/a.json@"))' json
                jq -e '.[] | select(.path == "kv/c@x") | .kind == "value"' json
                test "$(grep -c "^$MOUNT/" list)" = 4
                test "$(cat "$(grep -A2 "^$MOUNT/records/d/a.json$" list | tail -1 | sed 's/^ *//')")" = '"mine"'
                "$PERSISTFS" conflicts diff "$MOUNT/records/d/a.json" > diff; cat diff
                grep -q '^-"theirs"' diff; grep -q '^+"mine"' diff

                "$PERSISTFS" conflicts keep mine "$MOUNT/records/d/a.json"
                test "$(cat "$MOUNT/records/d/a.json")" = '"mine"'
                test "$(sqlite3 "$STORE" "SELECT value FROM records WHERE key = 'd/a'")" = '"mine"'
                (cd "$MOUNT/kv" && "$PERSISTFS" conflicts keep theirs ./b)
                test "$(cat "$MOUNT/kv/b")" = '"theirs"'
                copy=$(jq -r '.[] | select(.path == "kv/c") | .copy' json)
                test "$(getfattr --only-values -n user.persist.state "$MOUNT/kv/b")" = clean
                test "$(getfattr --only-values -n user.persist.state "$MOUNT/kv/c")" = conflict
                "$PERSISTFS" conflicts keep both "$MOUNT/$copy"
                # c@x is in conflict still, and c is not.
                test "$(getfattr --only-values -n user.persist.state "$MOUNT/kv/c")" = clean
                test "$(cat "$MOUNT/kv/c")" = '"theirs"'; test "$(cat "$MOUNT"/kv/c@*-*Z)" = '"mine"'
                test "$("$PERSISTFS" conflicts "$MOUNT" --json | jq -r '.[].path')" = kv/c@x
                set +e
                "$PERSISTFS" conflicts keep mine "$MOUNT/kv/c"; test $? = 4 || exit 1
                "$PERSISTFS" conflicts "$SCRATCH"; test $? = 4 || exit 1
                """#)
        }
    }

    @Test("R10 keep replaces a file at once: who has it open reads on, what ends it in the middle leaves the old one")
    func whole() async throws {
        try await MountFixture.with { fixture in
            let mine = String(repeating: "m", count: 100_000)
            try await Self.conflict(
                fixture.mount, "[('kv/a', 'kv', 'a'), ('kv/b', 'kv', 'b'), ('kv/c', 'kv', 'c'), ('kv/d', 'kv', 'd')]",
                theirs: "theirs", mine: mine)
            try await fixture.succeed(
                #"""
                cd "$MOUNT/kv"
                # More than a pipe holds.
                "$PERSISTFS" conflicts diff a | head -c 1 | grep -qx -e -
                chmod 640 a; setfattr -n user.mark -v kept a; exec 3< a
                # SIGXFSZ, after 20 KiB.
                if (ulimit -c 0 -f 20; exec "$PERSISTFS" conflicts keep mine a); then exit 1; fi
                test "$(head -c 10 a)" = theirs
                "$PERSISTFS" conflicts keep mine a
                test "$(stat -c '%s %a' a)" = '100000 640'; test "$(head -c 10 <&3)" = theirs
                test "$(getfattr --only-values -n user.mark a)" = kept
                chmod 600 b; "$PERSISTFS" conflicts keep both b
                test "$(stat -c '%s %a' b)" = '6 600'; test "$(stat -c '%s %a' b@*)" = '100000 600'
                rm c; "$PERSISTFS" conflicts keep mine c
                test "$(stat -c '%s %a' c)" = '100000 600'
                rm -f .a.*; rm d; mkdir d
                if "$PERSISTFS" conflicts keep mine d; then exit 1; fi
                test "$(ls -A | grep -v @ | tr '\n' ' ')" = 'a b c d '
                test "$("$PERSISTFS" conflicts "$MOUNT" --json | jq -r '.[].path')" = kv/d
                """#)
        }
    }

    @Test("R10 names of any bytes and of the greatest length; several copies of one file; a file that is gone")
    func names() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let long = String(repeating: "é", count: 125)
            try await Self.conflict(
                mount, "[('records/\(long).json', 'records', '\(long)'), ('kv/a\\nb\\\\x', 'kv', 'a\\nb\\\\x')]",
                theirs: #""theirs""#, mine: #""mine""#)
            try await Self.conflict(mount, "[('kv/a\\nb\\\\x', 'kv', 'a\\nb\\\\x')]", theirs: "2", mine: "3")
            try await fixture.succeed(
                #"""
                test "$("$PERSISTFS" conflicts "$MOUNT" --json | jq length)" = 3
                find "$MOUNT/.persist/conflicts" -type f | wc -l
                ls -la "$MOUNT/.persist/conflicts/records"
                "$PERSISTFS" conflicts keep both "$MOUNT"/records/é*.json
                test "$(cat "$MOUNT"/records/*@*Z.json)" = '"mine"'
                # As it is listed, it can be given.
                file=$("$PERSISTFS" conflicts "$MOUNT" | head -1)
                "$PERSISTFS" conflicts diff "$file" | grep -c '^+' | grep -qx 4
                if "$PERSISTFS" conflicts keep theirs "$file" 2> error; then exit 1; fi
                grep -q 'has 2 copies' error
                tail -1 error | sed 's/^ *//' > copy
                "$PERSISTFS" conflicts keep theirs "$(cat copy)"
                rm "$MOUNT"/kv/a*
                "$PERSISTFS" conflicts diff "$file" | grep -q '^--- theirs: removed'
                "$PERSISTFS" conflicts keep mine "$file"
                cat "$MOUNT"/kv/a*
                test "$("$PERSISTFS" conflicts "$MOUNT")" = 'No conflicts.'
                """#)
        }
    }

    @Test("R10 the command is run, and diff, where whoever started the mount lets its children's ends be ignored")
    func ignoredEnds() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = fixture.mount
            try await fixture.succeed(
                #"""
                printf '%s\n' '#!/bin/sh' 'echo "$1" >> "$SCRATCH/hooked"' > hook; chmod +x hook
                cat > ignoring <<'END'
                import os, signal, sys
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)
                os.execv(sys.argv[1], sys.argv[1:])
                END
                python3 ignoring "$PERSISTFS" mount -o conflict_command="$SCRATCH/hook" "$STORE" "$MOUNT"
                """#)
            try await Self.conflict(
                mount, "[('kv/a', 'kv', 'a'), ('kv/b', 'kv', 'b')]", theirs: "theirs", mine: "mine")
            try await eventually("the command has run twice", within: .seconds(30)) {
                try await fixture.succeed("cat hooked") == "\(mount.point)/kv/a\n\(mount.point)/kv/b"
            }
            try await fixture.succeed(
                #"""
                python3 ignoring "$PERSISTFS" conflicts diff "$MOUNT/kv/a" | grep -qx +mine
                python3 ignoring "$PERSISTFS" umount "$MOUNT"
                """#)
        }
    }

    @Test("R10 a command of the user's is run for each new conflict; one that fails or hangs stops nothing")
    func hook() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                printf '%s\n' '#!/bin/sh' 'echo "$PERSISTFS_MOUNT $1 $(cat "$2") $(cat "$PERSISTFS_FILE") $0" >> "$SCRATCH/hooked"' \
                    'echo "said this" >&2; case $1 in */b) exit 5;; */hang) echo $$ > "$SCRATCH/pid"; exec sleep 100;; esac' > hook
                chmod +x hook
                """#)
            let mount = try await fixture.another(
                options: ["conflict_command=\(fixture.scratch)/hook"])
            try await Self.conflict(
                mount, "[('kv/b', 'kv', 'b'), ('kv/a a', 'kv', 'a a')]", theirs: "theirs", mine: "mine")
            try await eventually("the command has run twice") {
                try await fixture.succeed("cat hooked")
                    == """
                    \(mount.point) \(mount.point)/kv/b mine theirs \(fixture.scratch)/hook
                    \(mount.point) \(mount.point)/kv/a a mine theirs \(fixture.scratch)/hook
                    """
            }
            try await eventually("the log has what it said, and that it failed") {
                mount.log.contains("hook: said this") && mount.log.contains("hook: ended with status 5")
            }
            try await Self.conflict(mount, "[('kv/hang', 'kv', 'hang')]", theirs: "theirs", mine: "mine")
            try await eventually("the command hangs") { try await !fixture.succeed("cat pid").isEmpty }
            try await Self.conflict(mount, "[('kv/after', 'kv', 'after')]", theirs: "theirs", mine: "mine")
            expect(try await mount.contents("kv/after"), is: "theirs")
            try await mount.unmount()
            // It is the user's own, and left alone; it has no signal blocked.
            try await fixture.succeed("kill -TERM $(cat pid)")
        }
    }
}
