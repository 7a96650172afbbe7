extension RepairCase {
    /// Bytes beside a chunk of the photo, as if a program had written over a part of it.
    private static func patch(_ hex: String, of chunk: Int) -> String {
        """
        INSERT INTO chunk VALUES ((SELECT max(cid) + 1 FROM chunk), x'\(hex)');
        INSERT INTO extent SELECT body, (1 << 48) + \(chunk), (SELECT max(cid) FROM chunk) FROM node
            WHERE \(name("cat.jpg"));
        """
    }

    /// ABCD, at 16.
    private static let abcd = "1000030041424344"

    static let bodies = [
        RepairCase(
            "what was written over a chunk of it is damaged", by: patch("1000ff0041424344", of: 1),
            then: """
                cmp blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                grep -q 'at 65536 is damaged' .persist/rejected/blobs/photos/2026/cat.jpg
                test $(tail -c 4 blobs/lost+found/#chunks-*) = ABCD
                """),
        RepairCase(
            "1 bodies belong to nothing", by: patch(abcd, of: 1) + "DELETE FROM node WHERE \(name("cat.jpg"))",
            then: """
                printf ABCD | dd of=$SCRATCH/cat.jpg bs=1 seek=65552 conv=notrunc status=none
                cmp blobs/lost+found/#body-* $SCRATCH/cat.jpg
                """),
        RepairCase(
            "it has chunks behind its end",
            by: patch(abcd, of: 3) + "UPDATE node SET size = 1000 WHERE \(name("cat.jpg"))",
            then: """
                printf ABCD | dd of=$SCRATCH/cat.jpg bs=1 seek=$((3 * 65536 + 16)) conv=notrunc status=none
                cmp -n 1000 blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                cmp blobs/lost+found/#*-rest <(tail -c +65537 $SCRATCH/cat.jpg)
                """),
        RepairCase(
            "a chunk of it is gone",
            by: "DELETE FROM chunk WHERE cid = (SELECT cid FROM extent WHERE idx = 1)",
            then: """
                test $(stat -c %s blobs/photos/2026/cat.jpg) = 300000
                cmp -n 65536 blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                cmp -i 131072 blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                cmp -i 65536:0 -n 65536 blobs/photos/2026/cat.jpg /dev/zero
                test $(getfattr --only-values -n user.persist.state blobs/photos/2026/cat.jpg) = rejected
                grep -q 'at 65536' .persist/rejected/blobs/photos/2026/cat.jpg
                """),
        RepairCase(
            "it has chunks behind its end", by: "UPDATE node SET size = 1000 WHERE \(name("cat.jpg"))",
            then: """
                cmp -n 1000 blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                cmp blobs/lost+found/#*-rest <(tail -c +65537 $SCRATCH/cat.jpg)
                """),
        RepairCase(
            "1 bodies belong to nothing", by: "DELETE FROM node WHERE \(name("cat.jpg"))",
            then: "cmp blobs/lost+found/#body-* $SCRATCH/cat.jpg"),
        RepairCase(
            "5 chunks belong to nothing", by: "DELETE FROM extent; UPDATE node SET size = 0 WHERE \(name("cat.jpg"))",
            then: "cmp blobs/lost+found/#chunks-* $SCRATCH/cat.jpg"),
        RepairCase(
            "3 chunks have a wrong number of owners",
            by: """
                INSERT INTO shared
                    VALUES ((SELECT min(cid) FROM chunk), 5), ((SELECT max(cid) FROM chunk), 2), (9, 2)
                """,
            then: """
                cmp blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg
                rm blobs/photos/2026/cat.jpg; test $(sqlite3 $STORE 'SELECT count(*) FROM chunk, shared') = 0
                """),
    ]

    static let logs = [
        RepairCase(
            "event 3 is gone", by: "DELETE FROM event WHERE id = (\(number)) + 3",
            then: """
                test "$(jq .n events/orders.jsonl | tr -d '\\n')" = 1245
                grep -qx '1 events of it are lost' .persist/rejected/events/orders.jsonl
                echo '{"n": 6}' >> events/orders.jsonl; test $(wc -l < events/orders.jsonl) = 5
                """),
        RepairCase(
            "its size is 45, its events have 36 bytes", by: "DELETE FROM event WHERE id = (\(number)) + 5",
            then: """
                test "$(jq .n events/orders.jsonl | tr -d '\\n')" = 1234
                grep -qx 'the last 9 bytes of it are lost' .persist/rejected/events/orders.jsonl
                """),
        RepairCase(
            "event 2 has no newline", by: "UPDATE event SET newline = 0 WHERE id = (\(number)) + 2",
            then: "test $(wc -l < events/orders.jsonl) = 5; test $(stat -c %s events/orders.jsonl) = 45"),
        RepairCase(
            "event 4 is not where it belongs", by: "UPDATE event SET pos = 7 WHERE id = (\(number)) + 4",
            then: #"test "$(jq .n events/orders.jsonl | tr -d '\n')" = 12345"#),
        RepairCase(
            "event 2 is no JSON",
            by: "UPDATE event SET line = CAST('{\"n\": 2 ' AS BLOB) WHERE id = (\(number)) + 2",
            then: """
                test "$(jq .n events/orders.jsonl | tr -d '\\n')" = 1345
                grep -qx '{"n": 2 ' .persist/rejected/events/orders.jsonl
                """),
        RepairCase(
            "2 logs without a name have events",
            by: "DELETE FROM node WHERE \(name("orders.jsonl")) OR \(name("l.log"))",
            then: """
                test "$(jq .n events/lost+found/#log-*.jsonl | tr -d '\\n')" = 12345
                test "$(tail -n 1 events/lost+found/#log-*.log)" = three
                """),
    ]

    static let tables = [
        RepairCase(
            "the trigger records_updated is gone",
            by: "DROP TRIGGER records_updated; UPDATE records SET value = '[1, 2]' WHERE key = 'b'",
            then: """
                test "$(cat records/b.json)" = '[1, 2]'
                sqlite3 $STORE "UPDATE records SET value = '[3]' WHERE key = 'b'"
                until test "$(cat records/b.json)" = '[3]'; do sleep 0.05; done
                """),
        RepairCase(
            "the index work_base is gone", by: "DROP INDEX work_base; DROP TABLE tail; DROP INDEX node_name",
            then: "cmp blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg; echo new > blobs/new"),
        RepairCase(
            "the table node is gone", by: "DROP TABLE node",
            then: """
                grep -q Alice records/users/alice.json; test $(cat kv/theme) = dark; test $(cat kv/n) = 17
                cmp blobs/lost+found/#body-* $SCRATCH/cat.jpg
                test "$(jq .n events/lost+found/#log-*.jsonl | tr -d '\\n')" = 12345
                """),
        RepairCase(
            "the directory records of the store is gone", by: "DELETE FROM node WHERE ino IN (1, 2, 5)",
            then: """
                grep -q Alice records/users/alice.json; test $(cat $(find records -name notes.txt)) = text
                test $(cat $(find events -name orders.jsonl) | wc -l) = 5
                """),
        RepairCase(
            "the counter next_ino is gone, or below",
            by: """
                UPDATE meta SET value = 1 WHERE name IN ('next_ino', 'next_body', 'next_chunk', 'next_stream');
                DELETE FROM meta WHERE name = 'next_mount'
                """,
            then: """
                head -c 200000 /dev/urandom | tee $SCRATCH/new > blobs/new; echo 1 > events/new.log
                cmp blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg; cmp blobs/new $SCRATCH/new
                """),
        RepairCase(
            "the store has lost its identifier", by: "DELETE FROM meta WHERE name = 'store_id'",
            then: "cmp blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg"),
        RepairCase(
            "1 mounts that nobody knows have left something",
            by: "INSERT INTO tail(mount, ino, bytes) VALUES (77, \(node("l.log")), CAST('four' AS BLOB))",
            then: #"test "$(tail -n 1 events/l.log)" = four"#),
    ]

    /// What SQLite itself finds wrong.
    static let pages = [
        RepairCase(
            "missing from index",
            by: """
                CREATE TEMP TABLE index_row AS SELECT * FROM sqlite_schema WHERE name = 'node_name';
                PRAGMA writable_schema = ON;
                DELETE FROM sqlite_schema WHERE name = 'node_name';
                PRAGMA writable_schema = RESET;
                UPDATE node SET cookie = cookie + 1 WHERE \(name("cat.jpg"));
                PRAGMA writable_schema = ON;
                INSERT INTO sqlite_schema SELECT * FROM index_row;
                PRAGMA writable_schema = RESET
                """,
            then: "cmp blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg; test $(ls blobs/photos | wc -l) = 3"),
        RepairCase(
            "non-unique entry in index",
            by: """
                CREATE TEMP TABLE index_row AS SELECT * FROM sqlite_schema WHERE name = 'node_name';
                PRAGMA writable_schema = ON;
                DELETE FROM sqlite_schema WHERE name = 'node_name';
                PRAGMA writable_schema = RESET;
                UPDATE node SET cookie = (SELECT cookie FROM node WHERE \(name("small"))) WHERE \(name("other"));
                CREATE INDEX another ON node(parent, cookie);
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET (name, tbl_name, sql) = (SELECT name, tbl_name, sql FROM index_row)
                    WHERE name = 'another';
                PRAGMA writable_schema = RESET
                """,
            then: "test $(cat blobs/photos/small) = small; test $(cat blobs/lost+found/#*-other) = other"),
        RepairCase(
            "never used",
            by: """
                CREATE TABLE junk(a); INSERT INTO junk VALUES (zeroblob(100000));
                PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'junk'
                """,
            then: "cmp blobs/photos/2026/cat.jpg $SCRATCH/cat.jpg"),
    ]
}
