internal import Persist

/// The tables of a store that is a copy of a far side, beside those of every store.
enum FarSchema {
    /// Of `PRAGMA user_version`: what knows only `Schema.version` would find nothing in the chunks of `BodyFiles`.
    static let version = Schema.version + 1

    /// What is missing of it.
    static func create(on db: Connection) throws(StoreError) {
        try db.execute(tables)
        try db.execute("PRAGMA user_version = \(version)")
        // Caches of builds that did not know of them.
        for (table, name, kind) in [
            ("far", "revision", "BLOB"), ("far", "modified", "INTEGER"), ("far", "meta_revision", "BLOB"),
            ("seen", "meta_revision", "BLOB"),
        ]
        where try !db.exists("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", Text(table), Text(name)) {
            try db.execute("ALTER TABLE \(table) ADD COLUMN \(name) \(kind)")
        }
    }

    private static let tables = """
        -- What the far side has under each path (FarRecord). sum, tried: SHA-256 of values.
        CREATE TABLE IF NOT EXISTS far(
            path BLOB PRIMARY KEY, ino INTEGER NOT NULL, key BLOB, sum BLOB, tried BLOB, meta_key BLOB, meta BLOB,
            event INTEGER NOT NULL, position INTEGER NOT NULL, time INTEGER NOT NULL, revision BLOB,
            modified INTEGER, meta_revision BLOB)
            STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS far_ino ON far(ino);
        -- Nodes that it has not been told of (OutboxEntry); written in the transaction that changes the node, of new files
        -- in a later one (Outbox.unsaved; from the node meta.first_unsaved on such may be without). first: the
        -- generation of the first change; of what moved with a directory, that of the directory.
        CREATE TABLE IF NOT EXISTS outbox(
            ino INTEGER PRIMARY KEY, gen INTEGER NOT NULL, first INTEGER NOT NULL, what INTEGER NOT NULL,
            since INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;
        -- Records that wait to be sent: what the far side had when they were changed first.
        CREATE TABLE IF NOT EXISTS base(ino INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
        -- Events that came from the far side, by their key there and their id here.
        CREATE TABLE IF NOT EXISTS arrived(key BLOB PRIMARY KEY, event INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS arrived_event ON arrived(event);
        -- Files whose content only the far side has, and under which key (AwayContent), whatever their name is by now.
        -- body: chunks of it without a row are not holes, and so many are missing; NULL: a document, which has no row in
        -- its table.
        CREATE TABLE IF NOT EXISTS away(
            ino INTEGER PRIMARY KEY, body INTEGER, path BLOB NOT NULL, key BLOB NOT NULL, sum BLOB, revision BLOB,
            missing INTEGER NOT NULL) STRICT;
        CREATE INDEX IF NOT EXISTS away_body ON away(body) WHERE body IS NOT NULL;
        CREATE INDEX IF NOT EXISTS away_key ON away(key);
        -- What the far side has been seen to have, while it is being looked through.
        CREATE TABLE IF NOT EXISTS seen(
            path BLOB PRIMARY KEY, meta BLOB, is_whole INTEGER NOT NULL, meta_revision BLOB) STRICT, WITHOUT ROWID;
        -- Values that are on their way in parts (FarUpload), and which parts have arrived.
        CREATE TABLE IF NOT EXISTS upload(
            ino INTEGER PRIMARY KEY, key BLOB NOT NULL, rev INTEGER NOT NULL, size INTEGER NOT NULL,
            part_bytes INTEGER NOT NULL, meta BLOB NOT NULL, token BLOB, begun INTEGER NOT NULL) STRICT;
        CREATE TABLE IF NOT EXISTS part(
            ino INTEGER NOT NULL, number INTEGER NOT NULL, mark BLOB NOT NULL, sum BLOB NOT NULL,
            PRIMARY KEY(ino, number)) STRICT, WITHOUT ROWID;
        -- Files of STORE-bodies, where chunks with a number below zero lie, that a loss of power may damage.
        CREATE TABLE IF NOT EXISTS unsynced(file INTEGER PRIMARY KEY) STRICT;
        """
}
