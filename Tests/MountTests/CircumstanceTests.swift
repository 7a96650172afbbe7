import PersistTestKit
import Testing

/// The command in surroundings that are not a user's terminal.
@Suite struct CircumstanceTests {
    @Test("it needs no HOME, no TERM, no USER, no locale, and no standard stream")
    func bareEnvironment() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                env -i PATH=/usr/bin:/bin XDG_RUNTIME_DIR="$SCRATCH" LC_ALL=C "$PERSISTFS" mount "$STORE" "$MOUNT" \
                    <&- >&- 2>&-
                echo 'ä' > "$MOUNT/kv/ö"
                env -i PATH=/usr/bin:/bin "$PERSISTFS" get "$STORE" kv/ö <&- | grep -qx 'ä'
                env -i PATH=/usr/bin:/bin "$PERSISTFS" umount "$MOUNT" <&- >&- 2>&-
                test "$(ls -A "${STORE%/*}")" = store.db
                """#)
        }
    }

    @Test("paths with spaces, commas, quotes, newlines and backslashes are mounted, shown and unmounted")
    func oddPaths() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                odd=$'a b,c"d\'e\\f\tä'
                mkdir "$odd" "$odd/mnt"
                "$PERSISTFS" mount "$odd/$odd.db" "$odd/mnt"
                echo 1 > "$odd/mnt/kv/x"
                "$PERSISTFS" status --json "$odd/mnt" | jq -e '.[0].status.store.path | endswith("ä.db")'
                "$PERSISTFS" umount "$odd/mnt"
                test "$(ls -A "$odd" | wc -l)" = 2
                line=$'two\nlines'
                mkdir "$line"
                "$PERSISTFS" mount "$line.db" "$line"
                test "$("$PERSISTFS" status "$line" | grep -c 'two.nlines')" = 2
                "$PERSISTFS" umount "$line"
                """#)
        }
    }

    @Test("relative paths and symlinks lead to the same store and mount")
    func links() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                mkdir -p deep/data deep/mnt
                ln -s deep/mnt here
                ln -s deep/data/real.db link.db
                cd deep
                "$PERSISTFS" mount ./data/../data/real.db ../here
                cd ..
                "$PERSISTFS" put link.db kv/a 1
                test "$(cat deep/mnt/kv/a)" = 1
                ! "$PERSISTFS" mount link.db deep/mnt 2> error
                grep -q 'already mounted' error
                "$PERSISTFS" umount here
                test "$(ls -A deep/data)" = real.db
                """#)
        }
    }

    @Test("a store that cannot be written is mounted read-only on demand, and says so otherwise")
    func readOnlyDisk() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed("echo 1 > kv/a")
            try await fixture.mount.unmount()
            guard runsAsRoot else { return }
            try await fixture.succeed(
                #"""
                mkdir ro
                mount --bind "${STORE%/*}" ro
                mount -o remount,ro,bind ro
                trap 'umount -l ro' EXIT
                ! "$PERSISTFS" mount ro/store.db "$MOUNT" 2> error
                grep -qi 'read-only' error
                "$PERSISTFS" mount -o ro ro/store.db "$MOUNT"
                test "$(cat "$MOUNT/kv/a")" = 1
                ! touch "$MOUNT/kv/b" 2> /dev/null
                "$PERSISTFS" umount "$MOUNT"
                "$PERSISTFS" get ro/store.db kv/a
                """#)
            #expect(try await fixture.storeFiles() == ["store.db"])
        }
    }

    @Test("the store's file has the mode that the user's umask gives; what it shows too")
    func umask() async throws {
        try await MountFixture.unmounted { fixture in
            let modes = try await fixture.succeed(
                #"""
                umask 077
                "$PERSISTFS" mount "$STORE" "$MOUNT"
                umask 022
                "$PERSISTFS" put "$STORE" kv/foreign 1
                sqlite3 "$STORE" "INSERT INTO kv(key, value) VALUES ('row', 1)"
                until test -e "$MOUNT/kv/row"; do sleep 0.1; done
                stat -c %a "$STORE" "$MOUNT/kv/row"
                "$PERSISTFS" umount "$MOUNT"
                """#)
            #expect(modes.split(separator: "\n").dropFirst() == ["600", "600"], "\(modes)")
        }
    }

    @Test("few descriptors and a deleted working directory are enough")
    func tight() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                mkdir gone
                cd gone
                rmdir ../gone
                ulimit -n 64
                "$PERSISTFS" mount "$STORE" "$MOUNT"
                echo 1 > "$MOUNT/kv/a"
                "$PERSISTFS" umount "$MOUNT"
                """#)
        }
    }

    @Test("a background mount whose starter is killed while waiting leaves no mount that nobody knows of")
    func starterKilled() async throws {
        try await MountFixture.unmounted { fixture in
            // The starter cannot hear that it is usable: the report meets a pipe that nobody reads.
            try await fixture.succeed(
                #"""
                cat > start.py << 'END'
                import os, subprocess
                reading, writing = os.pipe()
                os.close(reading)
                os.dup2(writing, 3, inheritable=True)
                e = os.environ
                subprocess.run([e['PERSISTFS'], 'mount', '--report', '3', '--log', 'log', e['STORE'], e['MOUNT']],
                               pass_fds=[3], check=True)
                END
                python3 start.py
                ! grep " $MOUNT " /proc/self/mountinfo
                test "$(ls -A "${STORE%/*}")" = store.db
                """#)
        }
    }
}
