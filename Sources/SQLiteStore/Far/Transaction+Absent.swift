internal import Persist

/// Content that goes away here, because the far side has it, and comes back.
extension Transaction {
    /// Takes the content of a file away here. Nothing of it changes for who looks at it.
    ///
    /// Only while its name is the one under which the far side has it: what is moved later is brought before anything else
    /// gets that key.
    ///
    /// - Returns: how many bytes that gives back; nil where the far side may not have just this, or somebody writes.
    func evict(_ id: NodeID) throws(StoreError) -> UInt64? {
        guard let row = try db.node(id), row.node.kind == .file, !row.isStream, !row.node.isUnlinked,
            row.node.size > 0, try db.outboxEntry(of: id) == nil,
            try !db.exists("SELECT 1 FROM work WHERE ino = ?", id)
        else { return nil }
        if let body = row.body, mount.drafts.hasBase(body) { return nil }
        if let away = try db.away(id) {
            // A part of it has come back: for somebody else's sake, where it has moved since.
            guard let body = row.body, try db.path(of: row) == away.path,
                try db.exists("SELECT 1 FROM extent WHERE body = ? LIMIT 1", body)
            else { return nil }
            let came = try db.first("SELECT count(*) FROM extent WHERE body = ?", body) { $0.int(0) } ?? 0
            try makeAway(row, away)
            return min(row.node.allocated, UInt64(came) * Connection.chunkBytes)
        } else {
            guard let record = try db.far(at: try db.path(of: row)), record.node == id, let key = record.key,
                record.sum != nil || record.revision != nil, record.tried == nil,
                // It came here with a directory, and has not been sent as what this path leads to.
                try db.far(of: id).allSatisfy({ $0.path == record.path })
            else { return nil }
            try makeAway(
                row, AwayContent(node: id, path: record.path, key: key, sum: record.sum, revision: record.revision))
        }
        return row.node.allocated
    }

    /// From now on only the far side has its content.
    func makeAway(_ row: NodeRow, _ content: AwayContent) throws(StoreError) {
        var body: Int64?
        if row.isDocument {
            try deleteDocument(row)
        } else {
            if let body = row.body { try abandon(body) }
            body = try makeHollow(row)
        }
        try putAway(content, body: body, size: row.node.size)
    }

    /// A document that the far side has no more, and whose content is not here, is no document any more. Who still has it
    /// open, and reads, is told so.
    func withdrawAway(_ row: NodeRow, _ content: AwayContent) throws(StoreError) {
        try putAway(content, body: try makeHollow(row), size: row.node.size)
    }

    /// What it takes stays as it was: programs take a file that takes nothing for one that is all zeros.
    private func makeHollow(_ row: NodeRow) throws(StoreError) -> Int64 {
        let body = try newID(.body)
        try db.run("UPDATE node SET body = ?2, small = NULL WHERE ino = ?1", row.id, body)
        return body
    }

    func putAway(_ content: AwayContent, body: Int64?, size: UInt64) throws(StoreError) {
        let chunks = (size + Connection.chunkBytes - 1) / Connection.chunkBytes
        try db.run(
            """
            INSERT OR REPLACE INTO away(ino, body, path, key, sum, revision, missing) VALUES (?, ?, ?, ?, ?, ?, ?)
            """, content.node, body, content.path, content.key, content.sum, content.revision?.bytes, Int64(chunks))
    }

    /// A part of a file's content is here again.
    ///
    /// - Parameters:
    ///   - offset: where a chunk begins.
    ///   - bytes: up to the end of one, or of the file.
    func fill(_ row: NodeRow, _ bytes: ArraySlice<UInt8>, at offset: UInt64) throws(StoreError) {
        guard let body = row.body else { return }
        let chunk = Int(Connection.chunkBytes)
        var came: Int64 = 0
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: chunk) {
            let index = Int64(offset / Connection.chunkBytes) + Int64((start - bytes.startIndex) / chunk)
            guard try !db.exists("SELECT 1 FROM extent WHERE body = ? AND idx = ?", body, index) else { continue }
            let piece = bytes[start..<min(start + chunk, bytes.endIndex)]
            if row.node.size >= Self.placedBytesMin, let files = filesForChunk(of: piece.count) {
                _ = try put(piece, into: files, body, index)
            } else {
                // Zeros need a row too: what has none is not here.
                let last = piece.lastIndex { $0 != 0 } ?? piece.startIndex
                _ = try putRow(piece[...last], body, index)
            }
            came += 1
        }
        try db.run("UPDATE away SET missing = missing - ?2 WHERE ino = ?1", row.id, came)
        let isWhole = try db.run("DELETE FROM away WHERE ino = ? AND missing <= 0", row.id) > 0
        if isWhole, try db.outboxEntry(of: row.id) != nil { try requireDurable([body]) }
    }

    /// All of a file's content is here again, as it was.
    func fill(_ row: NodeRow, _ bytes: [UInt8]) throws(StoreError) {
        if row.isDocument {
            try requireValue(bytes, of: row.node)
            try insertDocument(row, try tableKey(of: row), bytes, replacing: nil)
            let size = try documentSize(row)
            if UInt64(size) != row.node.size {
                try db.run("UPDATE node SET size = ?2, stored = ?2 WHERE ino = ?1", row.id, size)
            }
        } else {
            try setPlain(row, bytes)
        }
        if UInt64(bytes.count) != row.node.size { tell(.changed(.attributes(row.id))) }
    }
}
