internal import Persist
import Synchronization

/// The journal of a store that has a far side: in the transaction that changes a node, its entry is written.
extension Transaction {
    /// Not for what comes from the far side itself.
    func journal(_ id: NodeID, _ change: OutboxChange) {
        guard mount.outbox != nil, !isFromFar else { return }
        journalled[id, default: []].formUnion(change)
    }

    /// A file that was made here whole, and nothing else changes but its directory's times: its row can wait, and theirs.
    func journalNew(_ file: Node) throws(StoreError) {
        guard let outbox = mount.outbox, !isFromFar else { return }
        if !hasSavedOutbox, outbox.canWait(file.id) {
            newFile = file
        } else {
            try saveOutbox()
            journal(file.id, [.name, .content])
        }
    }

    /// Writes the rows that waited.
    func saveOutbox() throws(StoreError) {
        guard let outbox = mount.outbox else { return }
        let entries = outbox.unsaved.withLock { $0.values }
        guard !entries.isEmpty else { return }
        for entry in entries { _ = try db.mergeIntoOutbox(entry, first: entry.generation) }
        // From here on there may be another bound in the store than in memory: this transaction lets nothing wait.
        hasSavedOutbox = true
        let first = outbox.next(saving: entries)
        if let first { try db.setFirstUnsaved(first) }
        onCommit { outbox.saved(first: first) }
    }

    /// All rows are there: the next opening need look for none.
    func endOutbox() throws(StoreError) {
        guard let outbox = mount.outbox else { return }
        try saveOutbox()
        let next = try db.nextNodeID()
        try db.setFirstUnsaved(next)
        onCommit { outbox.saved(first: next) }
    }

    /// Before the commit.
    func writeOutbox() throws(StoreError) {
        guard let outbox = mount.outbox else { return }
        for (id, change) in journalled {
            if let newFile, id == newFile.parent, change == .attributes { continue }
            outbox.generation += 1
            let entry = OutboxEntry(
                node: id, generation: outbox.generation, change: change, since: now, changed: now)
            if var merged = try db.mergeIntoOutbox(entry, first: firstGeneration ?? entry.generation) {
                merged.bytes = try db.unsentBytes(of: merged)
                outboxEntries.append(merged)
            }
        }
    }

    /// After the commit.
    func tellOutbox() {
        guard let outbox = mount.outbox else { return }
        if let newFile { outboxEntries += outbox.add(newFile, now) }
        if !outboxEntries.isEmpty { outbox.changed(outboxEntries) }
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
    /// - Returns: the row as it is now.
    func mergeIntoOutbox(_ entry: OutboxEntry, first: Int64) throws(StoreError) -> OutboxEntry? {
        try self.first(
            """
            INSERT INTO outbox(ino, gen, first, what, since, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                ON CONFLICT(ino) DO UPDATE SET gen = max(gen, ?2), first = min(first, ?3), what = what | ?4,
                    changed = max(changed, ?6)
                RETURNING ino, gen, what, since, changed
            """, entry.node, entry.generation, first, entry.change.rawValue, entry.since, entry.changed,
            read: { $0.outboxEntry })
    }

    /// No node has been made from here on.
    func nextNodeID() throws(StoreError) -> NodeID {
        try first("SELECT value FROM meta WHERE name = 'next_ino'") { $0.id(0) } ?? NodeID(0)
    }

    func setFirstUnsaved(_ id: NodeID) throws(StoreError) {
        try run("INSERT OR REPLACE INTO meta(name, value) VALUES ('first_unsaved', ?)", id)
    }

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
