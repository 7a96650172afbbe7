internal import Persist

/// Content of files that are no documents.
extension RepairPart {
    func repairBodies() throws(StoreError) {
        for (id, _) in try db.incomplete() { try leaveHoles(id) }
        for (id, index) in try db.damagedPatches() { try dropPatch(id, index) }
        for id in try db.overlong() { try cutRest(id) }
        for body in try db.strayBodies() {
            let path = try adopt(body, as: FileName(unchecked: Array("#body-\(body)".utf8)))
            note(path, "a body belonged to nothing", "it has this name")
        }
        try adoptChunks()
        let miscounted = try db.miscounted()
        if miscounted > 0 {
            try db.run("DELETE FROM shared")
            try db.run(
                """
                INSERT INTO shared(cid, refs)
                    SELECT cid, count(*) FROM extent WHERE cid <> 0 GROUP BY cid HAVING count(*) > 1
                """)
            note("", "\(miscounted) chunks have a wrong number of owners", "counted again")
        }
    }

    /// What is there stays where it is; what is not reads as zeros, and `.persist/rejected` says where.
    private func leaveHoles(_ id: NodeID) throws(StoreError) {
        let row = try tx.fresh(id)
        guard let body = row.body else { return }
        let indexes = try db.all(
            """
            SELECT DISTINCT idx % ?2 FROM extent e WHERE body = ?1 AND NOT EXISTS (SELECT 1 FROM chunk c WHERE c.cid = e.cid)
                ORDER BY 1
            """, body, StoredPatch.firstIndex, read: { $0.int(0) })
        try db.run(
            "DELETE FROM extent WHERE body = ? AND NOT EXISTS (SELECT 1 FROM chunk c WHERE c.cid = extent.cid)", body)
        try db.run("UPDATE node SET rev = rev + 1 WHERE ino = ?", id)
        try countStored(id)
        let places = indexes.prefix(8).map { "\($0 << 16)" }.joined(separator: ", ")
        let words =
            "\(indexes.count) of its pieces of 64 KiB are lost and read as zeros, at \(places)"
            + (indexes.count > 8 ? ", …" : "")
        if !row.node.isUnlinked { try reject(try db.path(of: row), Array("\(words)\n".utf8), words) }
        note(id, indexes.count == 1 ? "a chunk of it is gone" : "\(indexes.count) chunks of it are gone", words)
    }

    /// The chunk shows what it was before; the damaged bytes get a name among those that belong to nothing.
    private func dropPatch(_ id: NodeID, _ index: Int64) throws(StoreError) {
        let row = try tx.fresh(id)
        guard let body = row.body else { return }
        try db.run("DELETE FROM extent WHERE body = ? AND idx = ?", body, index)
        try db.run("UPDATE node SET rev = rev + 1 WHERE ino = ?", id)
        try countStored(id)
        let words =
            "what was last written to the 64 KiB at \((index - StoredPatch.firstIndex) << 16) is damaged: they are as before"
        if !row.node.isUnlinked { try reject(try db.path(of: row), Array("\(words)\n".utf8), words) }
        note(id, "what was written over a chunk of it is damaged", words)
    }

    /// Chunks behind the end may be the end: they become a file of their own.
    private func cutRest(_ id: NodeID) throws(StoreError) {
        let row = try tx.fresh(id)
        guard let body = row.body else { return }
        let rest = try tx.newID(.body)
        let first = Int64((row.node.size + Connection.chunkBytes - 1) / Connection.chunkBytes)
        try db.run(
            "UPDATE extent SET body = ?2, idx = idx - ?3 WHERE body = ?1 AND idx % ?4 >= ?3", body, rest, first,
            StoredPatch.firstIndex)
        try countStored(id)
        let path = try adopt(rest, as: FileName(unchecked: Array("#\(id.rawValue)-rest".utf8)))
        note(id, "it has chunks behind its end", "they are in \(path)")
    }

    private func adoptChunks() throws(StoreError) {
        let chunks = try db.strayChunks()
        guard let first = chunks.first else { return }
        // In the order in which they were written, which mostly is that of their file.
        let body = try tx.newID(.body)
        for (index, cid) in chunks.enumerated() {
            try db.run("INSERT INTO extent(body, idx, cid) VALUES (?, ?, ?)", body, Int64(index), cid)
        }
        let path = try adopt(body, as: FileName(unchecked: Array("#chunks-\(first)".utf8)))
        note(path, "\(chunks.count) chunks belonged to nothing", "they have this name")
    }

    /// A new file in lost+found with this body. - Returns: its path.
    private func adopt(_ body: Int64, as name: FileName) throws(StoreError) -> String {
        // Of a draft that nobody knows: holes over what it was written on.
        try db.run("DELETE FROM extent WHERE body = ? AND cid = 0", body)
        let last = try db.first(
            """
            SELECT max((e.idx % ?2 << 16) + iif(e.idx < ?2, iif(e.cid < 0, 65536, coalesce(length(c.data), 0)), 65536))
                FROM extent e LEFT JOIN chunk c ON c.cid = e.cid WHERE e.body = ?1
            """, body, StoredPatch.firstIndex, read: { $0.int(0) })
        let size = last ?? 0
        let directory = try lostAndFound(.blobs)
        let id = try tx.newNodeID()
        try tx.insert(
            Creation(
                id: id, parent: directory, name: try free(name, in: directory), kind: .file, mode: nil, uid: nil,
                gid: nil, time: tx.now))
        try db.run("DELETE FROM garbage WHERE body = ?", body)
        try tx.setBody(id, body, size: size, stored: 0)
        try db.run("UPDATE node SET rev = 1 WHERE ino = ?", id)
        try countStored(id)
        return db.shownPath(id)
    }

    func free(_ name: FileName, in directory: NodeID) throws(StoreError) -> FileName {
        var found = name
        var number = 1
        while try db.child(found, of: directory) != nil {
            number += 1
            found = FileName(unchecked: Array("#\(number)".utf8) + name.bytes)
        }
        return found
    }

    private func countStored(_ id: NodeID) throws(StoreError) {
        try db.run(
            """
            UPDATE node SET stored = (SELECT coalesce(sum(iif(c.cid < 0, 65536, length(c.data))), 0) FROM extent e
                JOIN chunk c ON c.cid = e.cid WHERE e.body = node.body AND e.idx < ?2) WHERE ino = ?1
            """, id, StoredPatch.firstIndex)
    }
}
