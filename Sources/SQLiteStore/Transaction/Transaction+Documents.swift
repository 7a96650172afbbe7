internal import Persist

/// The two tables that every program may read and write: `records` and `kv`.
///
/// Each of our writes moves `rev`, by which the triggers know it from others'; our new rows come as -2, which no row
/// keeps, so that rows copied back from elsewhere are others' whatever they bring.
extension Transaction {
    static var emptied: StoreError {
        StoreError(.rejected, hint: "a record cannot be emptied; remove the file to delete it")
    }

    /// The key of a document as its table has it.
    func tableKey(_ names: [FileName], in namespace: Namespace) throws(StoreError) -> Text {
        guard let key = PathNames.key(of: names, in: namespace) else {
            throw StoreError(.invalid, hint: "no key leads to this name")
        }
        return Text(KeyText.text(of: key))
    }

    func tableKey(of row: NodeRow) throws(StoreError) -> Text {
        try tableKey(try db.names(of: row.id), in: row.node.namespace ?? .kv)
    }

    /// Throws unless the bytes may be the value of this document (R5, R6). Empty ones are the caller's matter.
    func requireValue(_ bytes: [UInt8], of node: Node) throws(StoreError) {
        try requireSize(UInt64(bytes.count), of: node)
        guard node.namespace == .records, !bytes.isEmpty else { return }
        if let problem = JSONScanner.check(bytes, depthMax: limits.depthMax) {
            throw StoreError(.rejected, hint: "\(problem)")
        }
    }

    func requireSize(_ size: UInt64, of node: Node) throws(StoreError) {
        guard size <= limits.bytesMax(node.namespace, node.nameClass) else {
            throw StoreError(.tooLarge, hint: "the file is larger than its kind may be")
        }
    }

    /// Writes the row; the bytes are known to be allowed. The node's own columns are the caller's.
    func putDocument(_ row: NodeRow, _ bytes: [UInt8]) throws(StoreError) {
        // Without a value there is no row yet; after a rename there may be a value without one.
        guard row.node.revision != 0 else {
            return try insertDocument(row, try tableKey(of: row), bytes, replacing: nil)
        }
        let milliseconds = now.nanoseconds / 1_000_000
        if row.node.namespace == .records {
            try keepBase(of: row)
            let changed = try db.run(
                """
                UPDATE records SET value = ?2, version = coalesce(version, 0) + 1, updated_at = ?3,
                    rev = coalesce(rev, 0) + 1 WHERE ino = ?1
                """, row.id, Text(bytes), milliseconds)
            if changed == 0 { try insertDocument(row, try tableKey(of: row), bytes, replacing: nil) }
            return
        }
        let old = try db.first("SELECT value FROM kv WHERE ino = ?", row.id) { KVValue($0, 0) }
        let changed = try db.run(
            "UPDATE kv SET value = ?2, updated_at = ?3, rev = coalesce(rev, 0) + 1 WHERE ino = ?1", row.id,
            KVValue(bytes, replacing: old), milliseconds)
        if changed == 0 { try insertDocument(row, try tableKey(of: row), bytes, replacing: old) }
    }

    /// The first row of a document.
    func insertDocument(
        _ row: NodeRow, _ key: Text, _ bytes: [UInt8], replacing old: KVValue?
    ) throws(StoreError) {
        let milliseconds = now.nanoseconds / 1_000_000
        if mount.outbox != nil { try db.run("DELETE FROM away WHERE ino = ?", row.id) }
        if row.node.namespace == .records {
            try db.run(
                "INSERT INTO records(ino, key, value, version, updated_at, rev) VALUES (?1, ?2, ?3, 1, ?4, -2)",
                row.id, key, Text(bytes), milliseconds)
        } else {
            try db.run(
                "INSERT INTO kv(ino, key, value, updated_at, rev) VALUES (?1, ?2, ?3, ?4, -2)", row.id, key,
                KVValue(bytes, replacing: old), milliseconds)
        }
    }

    /// How many bytes the row holds, as it is read: a number lost its newline.
    func documentSize(_ row: NodeRow) throws(StoreError) -> Int64 {
        let sql: StaticString =
            row.node.namespace == .records
            ? "SELECT length(CAST(value AS BLOB)) FROM records WHERE ino = ?"
            : "SELECT length(CAST(value AS BLOB)) FROM kv WHERE ino = ?"
        return try db.first(sql, row.id, read: { $0.int(0) }) ?? 0
    }

    /// Removes the row, marked so that the trigger knows it for ours.
    func deleteDocument(_ row: NodeRow) throws(StoreError) {
        if row.node.namespace == .records {
            guard try db.run("UPDATE records SET rev = -1 WHERE ino = ?", row.id) > 0 else { return }
            try db.run("DELETE FROM records WHERE ino = ?", row.id)
        } else {
            guard try db.run("UPDATE kv SET rev = -1 WHERE ino = ?", row.id) > 0 else { return }
            try db.run("DELETE FROM kv WHERE ino = ?", row.id)
        }
    }

    /// Gives the document another key.
    func rekey(_ row: NodeRow, _ key: Text) throws(StoreError) {
        let sql: StaticString =
            row.node.namespace == .records
            ? "UPDATE records SET key = ?2, rev = coalesce(rev, 0) + 1 WHERE ino = ?1"
            : "UPDATE kv SET key = ?2, rev = coalesce(rev, 0) + 1 WHERE ino = ?1"
        try db.run(sql, row.id, key)
    }

    /// The value leaves the table and becomes a plain file's content: unlinked, or renamed to another class.
    func withdrawDocument(_ row: NodeRow) throws(StoreError) {
        let bytes = try db.bytes(of: row)
        try deleteDocument(row)
        try setPlain(row, bytes)
    }
}
