internal import Persist

/// Where the bytes of plain files lie: up to 1 KiB in the node, else in chunks under a body.
extension Transaction {
    static let smallMax = 1 << 10
    /// What is collected inside the transaction that abandons it: the rest is done piece by piece.
    static let collectedAtOnce: Int64 = 64

    /// The whole content of a plain file. Its size and place are set, revision and times are the caller's.
    func setPlain(_ row: NodeRow, _ bytes: [UInt8]) throws(StoreError) {
        if let body = row.body { try abandon(body) }
        if bytes.count <= Self.smallMax {
            try db.run(
                "UPDATE node SET body = NULL, small = ?2, size = ?3, stored = ?3 WHERE ino = ?1", row.id,
                bytes.isEmpty ? nil : bytes, Int64(bytes.count))
            return
        }
        let body = try newID(.body)
        var stored: Int64 = 0
        let chunk = Int(Connection.chunkBytes)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            stored += try putChunk(bytes[start..<min(start + chunk, bytes.count)], body, Int64(start / chunk))
        }
        try setBody(row.id, body, size: Int64(bytes.count), stored: stored)
    }

    /// The same of another node, which may be larger than memory.
    func setPlain(_ row: NodeRow, contentOf source: NodeRow) throws(StoreError) {
        let size = source.node.size
        let pieceBytes = UInt64(64 * Connection.chunkBytes)
        guard size > pieceBytes else { return try setPlain(row, try db.bytes(of: source)) }
        if let body = row.body { try abandon(body) }
        let body = try newID(.body)
        var stored: Int64 = 0
        let chunk = Int(Connection.chunkBytes)
        for position in stride(from: 0, to: size, by: Int(pieceBytes)) {
            let bytes = try ByteSink.collect(Int(min(pieceBytes, size - position))) { sink throws(StoreError) in
                try db.read(source, at: position, into: &sink)
            }
            let first = Int64(position / UInt64(chunk))
            for start in stride(from: 0, to: bytes.count, by: chunk) {
                let part = bytes[start..<min(start + chunk, bytes.count)]
                stored += try putChunk(part, body, first + Int64(start / chunk))
            }
        }
        try setBody(row.id, body, size: Int64(size), stored: stored)
    }

    func setBody(_ id: NodeID, _ body: Int64, size: Int64, stored: Int64) throws(StoreError) {
        try db.run(
            "UPDATE node SET body = ?2, small = NULL, size = ?3, stored = ?4 WHERE ino = ?1", id, body, size, stored)
    }

    /// A chunk where there is none. Zeros are not stored, nor those at its end.
    ///
    /// - Parameter isOfMany: of a long file: where that may be, it lies in a file beside the store.
    /// - Returns: the bytes that it takes.
    func putChunk(
        _ bytes: ArraySlice<UInt8>, _ body: Int64, _ index: Int64, isOfMany: Bool = false
    ) throws(StoreError) -> Int64 {
        guard let last = bytes.lastIndex(where: { $0 != 0 }) else { return 0 }
        if isOfMany, let files = filesForChunk(of: bytes.count) { return try put(bytes, into: files, body, index) }
        return try putRow(bytes[...last], body, index)
    }

    func putRow(_ bytes: ArraySlice<UInt8>, _ body: Int64, _ index: Int64) throws(StoreError) -> Int64 {
        let cid = try newID(.chunk)
        try bytes.span.bytes.withUnsafeBytes { raw throws(StoreError) in
            _ = try db.run("INSERT INTO chunk(cid, data) VALUES (?, ?)", cid, InPlace(bytes: raw))
        }
        try db.run("INSERT INTO extent(body, idx, cid) VALUES (?, ?, ?)", body, index, cid)
        return Int64(bytes.count)
    }

    /// Takes chunks away, with their patches. - Returns: the bytes that the chunks took: st_blocks tells of those alone.
    @discardableResult
    func cut(_ body: Int64, from first: Int64, through last: Int64 = .max) throws(StoreError) -> Int64 {
        let last = min(last, StoredPatch.firstIndex - 1)
        try cutRows(body, from: StoredPatch.firstIndex + first, through: StoredPatch.firstIndex + last)
        return try cutRows(body, from: first, through: last)
    }

    /// Takes extents away, and the rows that nobody else has. - Returns: the bytes that they took.
    @discardableResult
    func cutRows(_ body: Int64, from first: Int64, through last: Int64) throws(StoreError) -> Int64 {
        let found = try db.all(
            """
            SELECT e.cid, iif(e.cid < 0, 65536, length(c.data)), s.refs FROM extent e LEFT JOIN chunk c ON c.cid = e.cid
                LEFT JOIN shared s ON s.cid = e.cid WHERE e.body = ?1 AND e.idx BETWEEN ?2 AND ?3
            """, body, first, last
        ) { row throws(StoreError) in (cid: row.int(0), bytes: row.int(1), refs: row.int(2)) }
        guard !found.isEmpty else { return 0 }
        try db.run("DELETE FROM extent WHERE body = ?1 AND idx BETWEEN ?2 AND ?3", body, first, last)
        var bytes: Int64 = 0
        // A body may have a chunk in several places: each takes one owner away.
        var owners: [Int64: Int64] = [:]
        for extent in found where extent.cid != 0 {
            bytes += extent.bytes
            let others = extent.refs == 0 ? 0 : owners[extent.cid, default: extent.refs] - 1
            if extent.refs > 0 { owners[extent.cid] = others }
            if others > 1 {
                try db.run("UPDATE shared SET refs = refs - 1 WHERE cid = ?", extent.cid)
            } else if others == 1 {
                try db.run("DELETE FROM shared WHERE cid = ?", extent.cid)
            } else {
                try db.run("DELETE FROM chunk WHERE cid = ?", extent.cid)
                if extent.cid < 0 { freedSlots.append(-extent.cid) }
            }
        }
        return bytes
    }

    /// Bytes of one chunk from `keep` on become zeros. - Returns: how many bytes fewer it takes.
    func trim(_ body: Int64, _ index: Int64, keep: Int) throws(StoreError) -> Int64 {
        let length = try db.first(
            """
            SELECT iif(e.cid < 0, 65536, length(c.data)) FROM extent e LEFT JOIN chunk c ON c.cid = e.cid
                WHERE e.body = ? AND e.idx = ?
            """, body, index, read: { Int($0.int(0)) })
        var patch = try db.patch(of: body, index)
        guard max(length ?? 0, patch?.end ?? 0) > keep else { return 0 }
        if length == nil {
            // Of a draft: it lies over its base.
            patch?.cut(at: keep)
            try putPatch(patch ?? ScatteredBytes(), body, index)
            return 0
        }
        let data = try ByteSink.collect(keep) { sink throws(StoreError) in
            try db.readBody(body, at: UInt64(index) * Connection.chunkBytes, keep, into: &sink)
        }
        return try cut(body, from: index, through: index) - putChunk(data[...], body, index)
    }

    /// Nothing refers to the body any more, but drafts of other mounts may: then it waits.
    func abandon(_ body: Int64) throws(StoreError) {
        if mount.outbox != nil { try db.run("DELETE FROM away WHERE body = ?", body) }
        let isBase = try db.exists("SELECT 1 FROM work WHERE base = ? LIMIT 1", body)
        let isLarge =
            (try db.first(
                "SELECT count(*) FROM (SELECT 1 FROM extent WHERE body = ?1 LIMIT ?2 + 1)", body,
                Self.collectedAtOnce, read: { $0.int(0) }) ?? 0) > Self.collectedAtOnce
        if isBase || isLarge || mount.hasPeers || mount.drafts.hasBase(body) {
            try db.run("INSERT OR IGNORE INTO garbage(body, since) VALUES (?, ?)", body, now)
            mount.housekeepingIsDue()
        } else {
            try cut(body, from: 0)
        }
    }

    /// A piece of what waits to be collected. - Returns: whether there is more to do right now.
    func collectGarbage(linger: Int64) throws(StoreError) -> Bool {
        let body = try db.first(
            """
            SELECT body FROM garbage g WHERE since <= ?
                AND NOT EXISTS (SELECT 1 FROM work w WHERE w.base = g.body) ORDER BY body LIMIT 1
            """, newestCollected(linger), read: { $0.int(0) })
        guard let body, !mount.drafts.hasBase(body) else { return false }
        let last = try db.first(
            "SELECT idx FROM extent WHERE body = ?1 ORDER BY idx LIMIT 1 OFFSET ?2", body, Self.collectedAtOnce,
            read: { $0.int(0) })
        if let last {
            // Behind the last chunk are the patches.
            try cut(body, from: 0, through: last % StoredPatch.firstIndex)
        } else {
            try cut(body, from: 0)
            try db.run("DELETE FROM garbage WHERE body = ?", body)
        }
        return true
    }
}
