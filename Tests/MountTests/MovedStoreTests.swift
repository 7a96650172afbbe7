import PersistTestKit
import Testing

/// A store whose file is moved, removed or replaced while it is mounted: nothing is lost, and the user is told.
@Suite struct MovedStoreTests {
    @Test("a store that is moved while mounted goes on there, says so at once, and is whole where it is at the end")
    func moved() async throws {
        try await MountFixture.unmounted { fixture in
            for target in ["$D/other.db", "$SCRATCH/other.db"] {
                try await fixture.succeed(
                    #"""
                    D="${STORE%/*}"; rm -f "$D"/*
                    "$PERSISTFS" mount "$STORE" "$MOUNT"
                    echo before > "$MOUNT/kv/before"
                    mv "$STORE" \#(target)
                    "$PERSISTFS" status "$MOUNT" > status
                    tr -s ' \n' ' ' < status | grep -q 'was moved to'
                    ! grep -q '; 0 B free' status
                    until grep -q 'was moved to' "$SCRATCH"/persistfs/*.log; do sleep 0.1; done
                    echo after > "$MOUNT/kv/after"; echo '[1]' > "$MOUNT/records/a.json"
                    head -c 300000 /dev/urandom | tee photo > "$MOUNT/blobs/photo"
                    "$PERSISTFS" umount "$MOUNT" 2> note
                    grep -q 'was moved while mounted' note
                    test "$(ls -A "$D")" = "$(cd "$D"; ls other.db 2> /dev/null || true)"
                    test "$("$PERSISTFS" get \#(target) kv/before)" = before
                    test "$("$PERSISTFS" get \#(target) kv/after)" = after
                    "$PERSISTFS" get \#(target) blobs/photo | cmp - photo
                    "$PERSISTFS" check \#(target)
                    rm -f \#(target) "$SCRATCH"/persistfs/*.log
                    """#)
            }
        }
    }

    @Test("a store whose directory is moved while mounted, or that is moved back, is whole at the end")
    func movedDirectory() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                mkdir data; "$PERSISTFS" mount data/s.db "$MOUNT"
                echo 1 > "$MOUNT/kv/a"
                mv data moved
                until grep -q 'was moved to' "$SCRATCH"/persistfs/*.log; do sleep 0.1; done
                echo 2 > "$MOUNT/kv/b"
                "$PERSISTFS" umount "$MOUNT" 2> note
                test "$(ls -A moved)" = s.db
                test "$("$PERSISTFS" get moved/s.db kv/a; "$PERSISTFS" get moved/s.db kv/b)" = "$(printf '1\n2')"
                "$PERSISTFS" mount moved/s.db "$MOUNT"
                mv moved/s.db moved/t.db
                until "$PERSISTFS" status "$MOUNT" | grep -q 'moved'; do sleep 0.1; done
                mv moved/t.db moved/s.db
                echo 3 > "$MOUNT/kv/c"
                ! "$PERSISTFS" status "$MOUNT" | tr -s ' \n' ' ' | grep 'was moved to'
                "$PERSISTFS" umount "$MOUNT" 2> note
                test ! -s note
                test "$(ls -A moved)" = s.db
                test "$("$PERSISTFS" get moved/s.db kv/c)" = 3
                """#)
        }
    }

    @Test("a store that is removed while mounted takes no more writes, and is saved when it is unmounted")
    func removed() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                "$PERSISTFS" mount "$STORE" "$MOUNT"
                head -c 300000 /dev/urandom | tee photo > "$MOUNT/blobs/photo"; echo old > "$MOUNT/kv/a"
                rm "$STORE"
                "$PERSISTFS" status "$MOUNT" | tr -s ' \n' ' ' | grep -q 'file was removed'
                ! dd if=photo of="$MOUNT/kv/a" bs=10 count=1 2> error
                ! touch "$MOUNT/blobs/new"
                test "$(cat "$MOUNT/kv/a")" = old
                cmp "$MOUNT/blobs/photo" photo
                status=0; "$PERSISTFS" umount "$MOUNT" 2> note || status=$?
                test $status = 1
                grep -q 'what it held is in .*store.db.rescued' note
                test "$(ls -A "${STORE%/*}")" = store.db.rescued
                test "$(stat -c %a "$STORE.rescued")" = 600
                "$PERSISTFS" check "$STORE.rescued"
                "$PERSISTFS" get "$STORE.rescued" blobs/photo | cmp - photo
                test "$("$PERSISTFS" get "$STORE.rescued" kv/a)" = old
                """#)
        }
    }

    @Test("a store that is replaced while mounted leaves the other file alone, and no WAL beside it")
    func replaced() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                "$PERSISTFS" put backup.db kv/a backup
                cp backup.db kept.db
                "$PERSISTFS" mount "$STORE" "$MOUNT"
                echo mounted > "$MOUNT/kv/a"
                mv backup.db "$STORE"
                "$PERSISTFS" status "$MOUNT" | tr -s ' \n' ' ' | grep -q 'replaced by another'
                ! touch "$MOUNT/blobs/new"
                status=0; "$PERSISTFS" umount "$MOUNT" 2> note || status=$?
                test $status = 1
                test "$(ls -A "${STORE%/*}" | tr '\n' ' ')" = 'store.db store.db.rescued '
                cmp "$STORE" kept.db
                test "$("$PERSISTFS" get "$STORE" kv/a)" = backup
                test "$("$PERSISTFS" get "$STORE.rescued" kv/a)" = mounted
                """#)
        }
    }

    @Test("a mount in the foreground that ends without its store's file ends with 1")
    func foreground() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed("echo 1 > kv/a")
            try await fixture.succeed(#"rm "$STORE""#)
            await #expect(throws: HarnessError.self) { try await fixture.mount.unmount() }
            #expect(fixture.mount.log.contains("what it held is in \(fixture.store).rescued"), "\(fixture.mount.log)")
            #expect(try await fixture.storeFiles() == ["store.db.rescued"])
        }
    }
}
