internal import Persist

/// The tables, as version 2 has them; version 1 had neither `mount.first_node` nor `work.small`. `PRAGMA user_version` is
/// the version; a newer one is refused.
///
/// Open to every program, reading and writing: `records` and `kv`. All else is private.
enum Schema {
    /// "Prst", in the header of the file.
    static let applicationID: Int64 = 0x5072_7374
    static let version: Int64 = 2

    static let tableNames = [
        "meta", "node", "mount", "work", "unlinked", "garbage", "records", "kv", "changed", "gone", "extent", "chunk",
        "shared", "event", "tail", "kept", "feed",
    ]

    /// Must be the first statements of a new file: afterwards they are ignored.
    /// 8 KiB pages: 4 are slower for blobs, 16 break the 99th percentile of creates.
    static let firstPragmas = """
        PRAGMA page_size = 8192;
        PRAGMA auto_vacuum = INCREMENTAL;
        """

    /// What makes a database a store.
    static let mark = "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version);"

    static let tables = """
        -- store_id; next_ino, next_body, next_chunk, next_mount, next_stream: given out in blocks, never twice
        CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

        -- Names and attributes. cookie: 62-bit hash of the name, or one of the 15 numbers after it where that is
        -- taken; negative: unlinked, and open somewhere. ns: 2 records, 3 kv, 4 blobs, 5 events.
        -- class: 1 document, 2 plain, 3 temporary. NULL: the mount's default; atime: mtime.
        -- small: content up to 1 KiB, or a symlink's target. Documents' content lies in records and kv.
        CREATE TABLE node(
            ino INTEGER PRIMARY KEY,
            parent INTEGER NOT NULL, cookie INTEGER NOT NULL, name BLOB NOT NULL,
            ns INTEGER NOT NULL, kind INTEGER NOT NULL, class INTEGER NOT NULL,
            mode INTEGER, uid INTEGER, gid INTEGER,
            mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, btime INTEGER NOT NULL, atime INTEGER,
            size INTEGER NOT NULL, stored INTEGER NOT NULL, rev INTEGER NOT NULL,
            body INTEGER, rdev INTEGER, small BLOB, xattr BLOB) STRICT;
        CREATE UNIQUE INDEX node_name ON node(parent, cookie);

        -- Alive while its process holds the lock on byte 1000 + id of STORE-lock. first_node: of the last block of numbers that
        -- it took; directories may not have the times of files from there on (Touches). NULL: they do.
        CREATE TABLE mount(id INTEGER PRIMARY KEY, pid INTEGER, host TEXT, started INTEGER, first_node INTEGER) STRICT;

        -- Drafts: a body that lies over a base body, up to base_limit. kept: recovery publishes it.
        -- created: the node was made for it, and has had no value yet. small: all that it shows, up to 1 KiB: then there is
        -- nothing under its body, nor under base.
        CREATE TABLE work(
            mount INTEGER, id INTEGER, ino INTEGER NOT NULL, body INTEGER NOT NULL, size INTEGER NOT NULL,
            mtime INTEGER NOT NULL, base INTEGER, base_limit INTEGER NOT NULL, base_rev INTEGER NOT NULL,
            kept INTEGER NOT NULL, created INTEGER NOT NULL, small BLOB, PRIMARY KEY (mount, id)) STRICT, WITHOUT ROWID;
        CREATE INDEX work_base ON work(base) WHERE base IS NOT NULL;

        -- Open in a mount, without a name. mount 0: lingers, so that another mount may claim it.
        CREATE TABLE unlinked(ino INTEGER, mount INTEGER, since INTEGER NOT NULL, PRIMARY KEY (ino, mount))
            STRICT, WITHOUT ROWID;
        -- Bodies that nothing refers to any more, to be collected piece by piece.
        CREATE TABLE garbage(body INTEGER PRIMARY KEY, since INTEGER NOT NULL) STRICT;

        -- rev is the mark of our own writes: it moves with each of them, and with nobody else's; -1 before a deletion.
        CREATE TABLE records(
            ino INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, value TEXT NOT NULL CHECK (json_valid(value)),
            version INTEGER, updated_at INTEGER, rev INTEGER) STRICT;
        CREATE TABLE kv(
            ino INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, value ANY NOT NULL,
            updated_at INTEGER, rev INTEGER) STRICT;

        -- Rows that others wrote, until they are folded in. No OR REPLACE or OR IGNORE in the triggers: there the
        -- conflict clause of the outer statement rules.
        CREATE TABLE changed(ns INTEGER, key TEXT, PRIMARY KEY (ns, key)) STRICT, WITHOUT ROWID;
        -- Values that others deleted, until then: a file that is open stays readable.
        CREATE TABLE gone(ns INTEGER, ino INTEGER, value BLOB NOT NULL, PRIMARY KEY (ns, ino)) STRICT;
        \(triggers(on: "records", namespace: 2))
        \(triggers(on: "kv", namespace: 3))

        -- Bodies: chunks of 64 KiB, copy-on-write. No row: a hole. A chunk may be shorter: zeros follow.
        -- At idx + 2^48 lies the patch of a chunk: bytes that were written over parts of it (StoredPatch). cid 0, in a
        -- draft: zeros over what its base has.
        CREATE TABLE extent(body INTEGER, idx INTEGER, cid INTEGER NOT NULL, PRIMARY KEY (body, idx))
            STRICT, WITHOUT ROWID;
        CREATE TABLE chunk(cid INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
        -- Only chunks with more than one owner.
        CREATE TABLE shared(cid INTEGER PRIMARY KEY, refs INTEGER NOT NULL) STRICT;

        -- id: the stream's number (body of its node) << 36 | sequence number. A position is found by binary search over it.
        CREATE TABLE event(
            id INTEGER PRIMARY KEY, pos INTEGER NOT NULL, time INTEGER NOT NULL, newline INTEGER NOT NULL,
            line BLOB NOT NULL) STRICT;
        -- Unfinished last lines of open files.
        CREATE TABLE tail(id INTEGER PRIMARY KEY, mount INTEGER NOT NULL, ino INTEGER NOT NULL, bytes BLOB NOT NULL)
            STRICT;

        -- .persist/rejected (area 1) and .persist/conflicts (area 2)
        CREATE TABLE kept(
            area INTEGER, path BLOB, time INTEGER NOT NULL, error TEXT NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (area, path)) STRICT;

        -- What mounts tell each other while there are several. what: 1 content, 2 attributes, 3 entry, 4 unlinked.
        CREATE TABLE feed(
            seq INTEGER PRIMARY KEY AUTOINCREMENT, mount INTEGER NOT NULL, time INTEGER NOT NULL,
            what INTEGER NOT NULL, ino INTEGER NOT NULL, name BLOB) STRICT;
        """

    /// Whether `upgrade` has something to do.
    static func isOld(_ db: Connection) throws(StoreError) -> Bool {
        try db.first("PRAGMA user_version", read: { $0.int(0) }) == 1
    }

    /// What version 1 lacks, in one transaction of the caller. A table that is gone is made anew by whoever repairs that.
    static func upgrade(_ db: Connection) throws(StoreError) {
        for (table, column, type) in [("mount", "first_node", "INTEGER"), ("work", "small", "BLOB")] {
            let columns = try db.all("SELECT name FROM pragma_table_info(?)", Text(table), read: { $0.string(0) })
            if columns.isEmpty || columns.contains(column) { continue }
            try db.execute("ALTER TABLE \(table) ADD COLUMN \(column) \(type)")
        }
        try db.execute(mark)
    }

    private static func triggers(on table: String, namespace: Int) -> String {
        func note(_ key: String) -> String {
            """
            INSERT INTO changed(ns, key) SELECT \(namespace), \(key)
                WHERE NOT EXISTS (SELECT 1 FROM changed WHERE ns = \(namespace) AND key = \(key));
            """
        }
        return """
            CREATE TRIGGER \(table)_inserted AFTER INSERT ON \(table) WHEN NEW.rev IS NOT -2 BEGIN
                \(note("NEW.key"))
            END;
            CREATE TRIGGER \(table)_made AFTER INSERT ON \(table) WHEN NEW.rev IS -2 BEGIN
                UPDATE \(table) SET rev = 1 WHERE ino = NEW.ino;
            END;
            CREATE TRIGGER \(table)_updated AFTER UPDATE ON \(table) WHEN NEW.rev IS OLD.rev BEGIN
                \(note("OLD.key"))
                \(note("NEW.key"))
            END;
            CREATE TRIGGER \(table)_deleted AFTER DELETE ON \(table) WHEN OLD.rev IS NOT -1 BEGIN
                \(note("OLD.key"))
                DELETE FROM gone WHERE ns = \(namespace) AND ino = OLD.ino;
                INSERT INTO gone(ns, ino, value) VALUES (\(namespace), OLD.ino, CAST(OLD.value AS BLOB));
            END;
            """
    }

    /// All of it, in one transaction of the caller. The root and the four namespaces are its first nodes.
    static func create(on db: Connection, storeID: String, now: Timestamp) throws(StoreError) {
        try db.execute(tables)
        try db.execute(mark)
        try db.run("INSERT INTO meta VALUES ('store_id', ?)", Text(storeID))
        for sequence in IDSequence.allCases {
            try db.run(
                "INSERT INTO meta VALUES (?, ?)", Text(sequence.metaName),
                sequence == .node ? Int64(NodeID.firstFree) : 1)
        }
        try insert(NodeID.root, parent: .root, cookie: 0, name: [UInt8(ascii: "/")], namespace: 0, now, db)
        for namespace in Namespace.allCases {
            try insert(
                namespace.node, parent: .root, cookie: Cookie.first(of: namespace.name), name: namespace.name.bytes,
                namespace: Int64(namespace.rawValue), now, db)
        }
    }

    static func insert(
        _ id: NodeID, parent: NodeID, cookie: Int64, name: [UInt8], namespace: Int64, _ now: Timestamp,
        _ db: Connection
    ) throws(StoreError) {
        try db.run(
            """
            INSERT INTO node(ino, parent, cookie, name, ns, kind, class, mtime, ctime, btime, size, stored, rev)
            VALUES (?1, ?2, ?3, ?4, ?5, 2, 2, ?6, ?6, ?6, 0, 0, 0)
            """, id, parent, cookie, name, namespace, now)
    }
}
