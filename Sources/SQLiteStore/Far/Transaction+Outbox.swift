internal import Persist

/// The journal of a store that has a far side: in the transaction that changes a node, its entry is written.
extension Transaction {
    /// Not for what comes from the far side itself.
    func journal(_ id: NodeID, _ change: OutboxChange) {
        guard mount.outbox != nil, !isFromFar else { return }
        journalled[id, default: []].formUnion(change)
    }

    /// Before the commit.
    func writeOutbox() throws(StoreError) {
        guard let outbox = mount.outbox, !journalled.isEmpty else { return }
        var entries: [OutboxEntry] = []
        for (id, change) in journalled {
            outbox.generation += 1
            let entry = try db.first(
                """
                INSERT INTO outbox(ino, gen, first, what, since, changed) VALUES (?1, ?2, ?5, ?3, ?4, ?4)
                    ON CONFLICT(ino) DO UPDATE SET gen = ?2, first = min(first, ?5), what = what | ?3, changed = ?4
                    RETURNING ino, gen, what, since, changed
                """, id, outbox.generation, change.rawValue, now, firstGeneration ?? outbox.generation,
                read: { $0.outboxEntry })
            if var entry {
                entry.bytes = try db.unsentBytes(of: entry)
                entries.append(entry)
            }
        }
        onCommit { outbox.changed(entries) }
    }

    /// Everything below a directory that moved has another path.
    /// - Parameter after: the last id that was noted; nodes come in the order of theirs.
    func journalChildren(of directory: NodeID, after: NodeID?, most: Int) throws(StoreError) -> NodeID? {
        firstGeneration = try db.first(
            "SELECT first FROM outbox WHERE ino = ?", directory, read: { $0.int(0) })
        let children = try db.all(
            "SELECT ino FROM node WHERE parent = ? AND cookie >= 0 AND ino > ? ORDER BY ino LIMIT ?", directory,
            after ?? NodeID(0), Int64(most), read: { $0.id(0) })
        for child in children { journal(child, .name) }
        return children.count == most ? children.last : nil
    }

    /// Before a record is changed: what it is, where that is what the far side has (R10: merging needs it).
    func keepBase(of row: NodeRow) throws(StoreError) {
        guard mount.outbox != nil, !isFromFar, try db.outboxEntry(of: row.id) == nil else { return }
        // What is not here is not fetched for that alone: an edit of others meanwhile is a conflict then.
        guard try db.isHere(row) else { return }
        try db.run("INSERT OR REPLACE INTO base(ino, value) VALUES (?, ?)", row.id, try db.bytes(of: row))
    }

    func putFar(_ record: FarRecord) throws(StoreError) {
        try db.run(
            """
            INSERT OR REPLACE INTO far(path, ino, key, sum, tried, meta_key, meta, event, position, time, revision,
                modified, meta_revision)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, record.path, record.node, record.key, record.sum, record.tried, record.metaKey, record.meta,
            record.event, record.position, record.time, record.revision?.bytes, record.modified,
            record.metaRevision?.bytes)
    }
}

extension Connection {
    func far(at path: [UInt8]) throws(StoreError) -> FarRecord? {
        try first(
            """
            SELECT path, ino, key, sum, tried, meta_key, meta, event, position, time, revision, modified,
                meta_revision FROM far
                WHERE path = ?
            """, path, read: { $0.farRecord })
    }

    func far(of id: NodeID) throws(StoreError) -> [FarRecord] {
        try all(
            """
            SELECT path, ino, key, sum, tried, meta_key, meta, event, position, time, revision, modified,
                meta_revision FROM far
                WHERE ino = ?
            """, id, read: { $0.farRecord })
    }

    /// How much content of a node waits to be sent; of a log, what has come since its last event that was.
    func unsentBytes(of entry: OutboxEntry) throws(StoreError) -> UInt64 {
        guard !entry.change.isDisjoint(with: [.content, .name]), let row = try node(entry.node),
            !row.node.isUnlinked, row.node.kind == .file
        else { return 0 }
        guard row.isStream else { return row.node.size }
        guard let stream = row.body else { return 0 }
        let (first, end) = (Self.eventID(stream, 0), Self.eventID(stream, Self.sequenceMax))
        let sent = try self.first("SELECT max(event) FROM far WHERE ino = ?", row.id, read: { $0.int(0) }) ?? 0
        let from = try self.first(
            "SELECT pos FROM event WHERE id > ? AND id <= ? ORDER BY id LIMIT 1", max(first, min(sent, end)), end,
            read: { $0.int(0) })
        let to = try self.first(
            "SELECT pos + length(line) + newline FROM event WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT 1", first,
            end, read: { $0.int(0) })
        guard let from, let to, to > from else { return 0 }
        return UInt64(to - from)
    }

    func outboxEntry(of id: NodeID) throws(StoreError) -> OutboxEntry? {
        try first(
            "SELECT ino, gen, what, since, changed FROM outbox WHERE ino = ?", id, read: { $0.outboxEntry })
    }
}

extension Row {
    /// Of `SELECT ino, gen, what, since, changed`.
    var outboxEntry: OutboxEntry {
        OutboxEntry(
            node: id(0), generation: int(1), change: OutboxChange(rawValue: int(2)), since: time(3), changed: time(4))
    }

    /// Of `SELECT path, ino, key, sum, tried, meta_key, meta, event, position, time, revision, modified,
    /// meta_revision`.
    var farRecord: FarRecord {
        FarRecord(
            path: bytes(0), node: id(1), key: optionalBytes(2), sum: optionalBytes(3), tried: optionalBytes(4),
            revision: optionalBytes(10).map(Revision.init), metaKey: optionalBytes(5), meta: optionalBytes(6),
            metaRevision: optionalBytes(12).map(Revision.init), event: int(7), position: int(8),
            modified: optionalTime(11),
            time: time(9))
    }
}
