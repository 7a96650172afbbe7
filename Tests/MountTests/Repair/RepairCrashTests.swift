import PersistTestKit
import Testing

/// Repairs that do not come to their end, and files that cannot be repaired where they are.
@Suite struct RepairCrashTests {
    /// A little of everything that is wrong, so that each part of a repair has something to do.
    private static let damage = """
        DELETE FROM node WHERE \(RepairCase.name("photos")) OR \(RepairCase.name("b.json"));
        DELETE FROM chunk WHERE cid = (SELECT cid FROM extent WHERE idx = 1);
        DELETE FROM event WHERE id = (\(RepairCase.number)) + 3;
        UPDATE records SET key = 'c', rev = rev + 1 WHERE key = 'users/alice';
        UPDATE meta SET value = 1 WHERE name = 'next_ino';
        INSERT INTO shared VALUES ((SELECT min(cid) FROM chunk), 5);
        DROP TRIGGER kv_updated;
        """

    private static let proof = """
        grep -q Alice records/c.json; test $(cat records/b.json) = '[1]'
        cat=$(echo blobs/lost+found/#*/2026/cat.jpg)
        cmp -n 65536 $cat $SCRATCH/cat.jpg; cmp -i 131072 $cat $SCRATCH/cat.jpg
        test $(cat blobs/lost+found/#*/small) = small
        test "$(jq .n events/orders.jsonl | tr -d '\\n')" = 1245
        """

    @Test("a repair that is killed is gone on with, wherever it was")
    func killed() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.mount.start()
            try await fixture.mount.succeed(RepairCase.contents)
            try await fixture.unmountToOneFile()
            try await fixture.sql(Self.damage)
            // Each attempt lives a little longer than the one before, until one comes to its end.
            let killed = try await fixture.succeed(
                #"""
                killed=0
                for ms in $(seq 4 2 200); do
                    "$PERSISTFS" check --repair "$STORE" > out 2>&1 & pid=$!
                    sleep 0.$(printf %03d $ms)
                    kill -9 $pid 2> /dev/null || true
                    wait $pid && status=0 || status=$?
                    if [ $status = 0 ]; then break; fi
                    if [ $status != 137 ]; then cat out; exit 1; fi
                    killed=$((killed + 1))
                done 2> /dev/null
                "$PERSISTFS" check --repair "$STORE" >&2
                { "$PERSISTFS" check "$STORE.before-repair" || true; } | grep -q 'the trigger kv_updated is gone'
                rm -f "$STORE".before-repair*
                echo $killed
                """#, seconds: 120)
            #expect((Int(killed) ?? 0) > 3, "\(killed)")
            #expect(try await fixture.storeFiles() == ["store.db"])
            try await fixture.mount.start()
            try await fixture.mount.succeed(Self.proof)
            #expect(try await fixture.persistfs(#"check "$STORE""#).status == 0)
        }
    }

    @Test("what can be read of a file with damaged pages is saved into a new store; the file itself stays as it is")
    func salvage() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = fixture.mount
            try await mount.start()
            try await mount.succeed(RepairCase.contents)
            try await mount.python(
                """
                for i in range(2000):
                    open('blobs/f%d' % i, 'w').write('file %d' % i)
                    if i % 4 == 0: open('records/r%d.json' % i, 'w').write('[%d]' % i)
                with open('events/long.log', 'w') as f:
                    for i in range(20000): f.write('line %d\\n' % i)
                """)
            try await fixture.unmountToOneFile()
            // A leaf of three tables each, and a page of a photo.
            try await fixture.succeed(
                """
                python3 - <<'END'
                import os
                path = os.environ['STORE']
                photo = open(os.environ['SCRATCH'] + '/cat.jpg', 'rb').read()
                data = bytearray(open(path, 'rb').read())
                for part in [b'file 1000', b'[1200]', b'line 10000', photo[100_000:100_040]]:
                    start = data.index(part) // 8192 * 8192
                    data[start:start + 8192] = bytes(8192)
                open(path, 'wb').write(data)
                END
                cp "$STORE" damaged.db
                """)
            let repair = try await fixture.persistfs(#"check --repair "$STORE""#)
            #expect(repair.status == 3, "\(repair.output)\(repair.error)")
            #expect(repair.output.contains("What can be read of it is in"), "\(repair.output)")
            try await fixture.succeed(#"cmp "$STORE" damaged.db; "$PERSISTFS" check "$STORE.salvaged""#)
            #expect(try await fixture.storeFiles() == ["store.db", "store.db.salvaged"])
            let again = try await fixture.persistfs(#"check --repair "$STORE""#)
            #expect(again.status == 3 && again.output.contains("store.db.salvaged is there already"), "\(again.output)")

            let saved = try await fixture.another(store: fixture.store + ".salvaged")
            try await saved.succeed(
                """
                grep -q Alice records/users/alice.json; test $(cat kv/theme) = dark; test $(cat blobs/photos/small) = small
                cmp -n 65536 blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                cmp -i 131072 blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                """)
            // A page holds some 60 names, 300 records or 400 lines: no more than that is missing.
            try await saved.python(
                """
                files = [n for n in os.listdir('blobs') if n.startswith('f')]
                for n in files: assert open('blobs/' + n).read() == 'file ' + n[1:], n
                records = [n for n in os.listdir('records') if n.startswith('r')]
                for n in records: assert open('records/' + n).read() == '[%s]' % n[1:-5], n
                lines = open('events/long.log').read().splitlines()
                assert sorted(set(lines), key=lines.index) == lines
                print(len(files), len(records), len(lines), lines[0], lines[-1])
                assert 1800 < len(files) < 2000 and 100 < len(records) < 500 and 19000 < len(lines) < 20000
                assert lines[0] == 'line 0' and lines[-1] == 'line 19999'
                """)
        }
    }
}
