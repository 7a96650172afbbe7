internal import Persist

/// Content that goes away here, because the far side has it, and comes back.
extension Transaction {
    /// Content up to this size is not worth it: the name takes as much.
    static let evictedMin: UInt64 = 1 << 10

    /// Takes the content of a file away here. Nothing of it changes for who looks at it.
    ///
    /// - Returns: how many bytes that gives back; nil where the far side may not have just this, or somebody writes.
    func evict(_ id: NodeID) throws(StoreError) -> UInt64? {
        guard let row = try db.node(id), row.node.kind == .file, !row.isStream, !row.node.isUnlinked,
            row.node.size > Self.evictedMin, try db.outboxEntry(of: id) == nil,
            let record = try db.far(at: try db.path(of: row)), record.node == id, record.key != nil,
            record.sum != nil, record.tried == nil,
            try !db.exists("SELECT 1 FROM work WHERE ino = ?", id)
        else { return nil }
        if row.isDocument {
            guard try db.isHere(row) else { return nil }
            try deleteDocument(row)
            return row.node.size
        }
        if let body = row.body {
            guard !mount.drafts.hasBase(body), try db.exists("SELECT 1 FROM extent WHERE body = ? LIMIT 1", body)
            else { return nil }
        }
        try makeHollow(row)
        return row.node.allocated
    }

    /// From now on only the far side has its content.
    func makeHollow(_ row: NodeRow) throws(StoreError) {
        if let body = row.body { try abandon(body) }
        let body = try newID(.body)
        // What it takes stays as it was: programs take a file that takes nothing for one that is all zeros.
        try db.run("UPDATE node SET body = ?2, small = NULL WHERE ino = ?1", row.id, body)
        try db.run("INSERT INTO hollow(body, ino) VALUES (?, ?)", body, row.id)
    }

    /// All of a file's content is here again, as it was.
    func fill(_ row: NodeRow, _ bytes: [UInt8]) throws(StoreError) {
        if row.isDocument {
            try requireValue(bytes, of: row.node)
            try deleteDocument(row)
            try insertDocument(row, try tableKey(of: row), bytes, replacing: nil)
            guard UInt64(bytes.count) != row.node.size else { return }
            try db.run("UPDATE node SET size = ?2, stored = ?2 WHERE ino = ?1", row.id, Int64(bytes.count))
        } else {
            try setPlain(row, bytes)
        }
        if UInt64(bytes.count) != row.node.size { tell(.changed(.attributes(row.id))) }
    }
}
