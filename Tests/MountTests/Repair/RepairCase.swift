import Testing

/// One kind of damage: how it is done, what `check` says of it, and what is to be seen after the repair.
struct RepairCase: Sendable, CustomTestStringConvertible {
    /// In SQL, by another program.
    var damage: String
    /// What `check` says, and `check --repair` again.
    var problem: String
    /// In bash, on the mount, after the repair: every command must succeed. `$SCRATCH/cat.jpg` is the photo as it was.
    var proof: String

    var testDescription: String { problem }

    init(_ problem: String, by damage: String, then proof: String) {
        self.damage = damage
        self.problem = problem
        self.proof = proof
    }

    /// What each store holds before it is damaged.
    static let contents = """
        mkdir -p records/users blobs/photos/2026
        echo '{"name": "Alice"}' > records/users/alice.json; setfattr -n user.tag -v kept records/users/alice.json
        echo '[1]' > records/b.json; echo '[2]' > records/d.json; echo text > records/users/notes.txt
        printf dark > kv/theme; echo 17 > kv/n
        # Not with a zero at its end: of chunks that have lost their file nobody knows how many follow.
        (head -c 299999 /dev/urandom; printf x) | tee $SCRATCH/cat.jpg > blobs/photos/2026/cat.jpg
        echo small > blobs/photos/small; echo other > blobs/photos/other
        for i in 1 2 3 4 5; do echo "{\\"n\\": $i}"; done > events/orders.jsonl
        printf 'one\\ntwo\\nthree\\n' > events/l.log
        """

    static func node(_ name: String) -> String { "(SELECT ino FROM node WHERE name = CAST('\(name)' AS BLOB))" }
    static func name(_ name: String) -> String { "name = CAST('\(name)' AS BLOB)" }
    static let number = "(SELECT body FROM node WHERE name = CAST('orders.jsonl' AS BLOB)) << 36"
}

extension RepairCase {
    static let names = [
        RepairCase(
            "its directory is gone", by: "DELETE FROM node WHERE \(name("photos")) OR \(name("users"))",
            then: """
                cmp blobs/lost+found/#*/2026/cat.jpg $SCRATCH/cat.jpg
                test $(cat blobs/lost+found/#*/small) = small
                grep -q Alice records/users/alice.json
                test $(getfattr --only-values -n user.tag records/users/alice.json) = kept
                test $(cat records/lost+found/#*/notes.txt) = text
                """),
        RepairCase(
            "its directory is gone",
            by: "UPDATE node SET parent = \(node("small")) WHERE \(name("cat.jpg")) OR \(name("other"))",
            then: """
                cmp blobs/lost+found/#*/cat.jpg $SCRATCH/cat.jpg
                test $(cat blobs/lost+found/#*/other) = other
                test $(cat blobs/photos/small) = small
                """),
        RepairCase(
            "no way from the root leads to it",
            by: "UPDATE node SET parent = \(node("2026")) WHERE \(name("photos"))",
            then: """
                cmp $(find blobs/lost+found -name cat.jpg) $SCRATCH/cat.jpg
                test $(cat $(find blobs/lost+found -name small)) = small
                """),
        RepairCase(
            "its name cannot be found by a lookup", by: "UPDATE node SET cookie = 99 WHERE \(name("small"))",
            then: "test $(cat blobs/photos/small) = small"),
        RepairCase(
            "its name is none that a file can have",
            by: "UPDATE node SET name = CAST('a/b' AS BLOB) WHERE \(name("small"))",
            then: "test $(cat blobs/lost+found/#*) = small"),
        RepairCase(
            "another file of its directory has the same name",
            by: """
                UPDATE node SET name = CAST('small' AS BLOB),
                    cookie = (SELECT cookie + 1 FROM node WHERE \(name("small"))) WHERE \(name("other"))
                """,
            then: "test $(cat blobs/photos/small) = small; test $(cat blobs/lost+found/#*-small) = other"),
        RepairCase(
            "it lies in another of the four directories than it belongs to",
            by: "UPDATE node SET parent = 3 WHERE \(name("alice.json")) OR \(name("cat.jpg"))",
            then: "grep -q Alice records/users/alice.json; cmp blobs/lost+found/#*-cat.jpg $SCRATCH/cat.jpg"),
        RepairCase(
            "it has no name, and nobody has it open",
            by: "UPDATE node SET cookie = -ino WHERE \(name("cat.jpg")) OR \(name("l.log"))",
            then: """
                cmp blobs/lost+found/#*-cat.jpg $SCRATCH/cat.jpg
                test "$(cat events/lost+found/#*-l.log)" = "$(printf 'one\\ntwo\\nthree')"
                """),
    ]

    static let documents = [
        RepairCase(
            "its value is gone", by: "UPDATE records SET rev = -1 WHERE key = 'b'; DELETE FROM records WHERE key = 'b'",
            then: "! test -e records/b.json; grep -q '4 bytes' .persist/rejected/records/b.json"),
        RepairCase(
            "the row of b in records has no name", by: "DELETE FROM node WHERE \(name("b.json"))",
            then: "test $(cat records/b.json) = '[1]'"),
        RepairCase(
            "the row of theme in kv has no name",
            by: "UPDATE node SET class = 2, size = 6, small = CAST('a file' AS BLOB) WHERE \(name("theme"))",
            then: "test $(cat kv/theme) = dark; grep -qx 'a file' kv/lost+found/#*-theme"),
        RepairCase(
            "its row has the key c",
            by: "UPDATE records SET key = 'c', rev = rev + 1 WHERE key = 'users/alice'",
            then: """
                grep -q Alice records/c.json; test $(getfattr --only-values -n user.tag records/c.json) = kept
                ! test -e records/users/alice.json
                """),
        RepairCase(
            "its row has the key d",
            by: """
                UPDATE records SET key = 'x', rev = rev + 1 WHERE key = 'b';
                UPDATE records SET key = 'b', rev = rev + 1 WHERE key = 'd';
                UPDATE records SET key = 'd', rev = rev + 1 WHERE key = 'x'
                """,
            then: "test $(cat records/b.json) = '[1]'; test $(cat records/d.json) = '[2]'"),
        RepairCase(
            "its size is 1, its value has 4 bytes", by: "UPDATE node SET size = 1 WHERE \(name("b.json"))",
            then: "test $(stat -c %s records/b.json) = 4; test $(cat records/b.json) = '[1]'"),
        RepairCase(
            "it is no JSON document",
            by: """
                PRAGMA ignore_check_constraints = ON;
                UPDATE records SET value = '{bad', rev = rev + 1 WHERE key = 'b';
                UPDATE node SET size = 4 WHERE \(name("b.json"))
                """,
            then: "! test -e records/b.json; grep -qx '{bad' .persist/rejected/records/b.json"),
    ]
}
