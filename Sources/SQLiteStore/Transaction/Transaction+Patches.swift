internal import CSQLite
internal import Persist

/// Parts of chunks, which lie beside chunks that they were written over (`StoredPatch`).
///
/// Nothing of the chunk below is read for them, by publishing neither: 4 KiB here and there in a large file are stored
/// as 4 KiB.
extension Transaction {
    /// The patch of a chunk from now on; of no bytes: none.
    func putPatch(_ bytes: ScatteredBytes, _ body: Int64, _ index: Int64) throws(StoreError) {
        let row = StoredPatch.firstIndex + index
        try cutRows(body, from: row, through: row)
        guard !bytes.isEmpty else { return }
        _ = try putRow(StoredPatch.encode(bytes)[...], body, row)
    }

    /// Bytes of one chunk of a draft: beside a chunk of its base, until they are many; in a chunk of its own.
    func apply(_ patch: DraftPatch, to state: DraftState, _ body: Int64) throws(StoreError) {
        let index = Int64(patch.index)
        guard patch.bytes.end <= Int(Connection.chunkBytes),
            patch.index * Connection.chunkBytes + UInt64(patch.bytes.end) <= state.size
        else { throw StoreError(.invalid) }
        let own = try db.first(
            """
            SELECT e.cid, length(c.data), EXISTS (SELECT 1 FROM shared s WHERE s.cid = e.cid)
                OR EXISTS (SELECT 1 FROM extent p WHERE p.body = ?1 AND p.idx = ?3)
                FROM extent e LEFT JOIN chunk c ON c.cid = e.cid WHERE e.body = ?1 AND e.idx = ?2
            """, body, index, StoredPatch.firstIndex + index
        ) { row throws(StoreError) in (cid: row.int(0), bytes: Int(row.int(1)), isNotAlone: row.int(2) != 0) }
        if let own {
            // What lies beside the store is never changed: others may refer to it after a loss of power.
            guard own.cid > 0, !own.isNotAlone, patch.bytes.end <= own.bytes else {
                return try rewrite(index, of: state, body, with: patch.bytes)
            }
            return try db.overwrite(own.cid, with: patch.bytes)
        }
        var bytes = try db.patch(of: body, index) ?? ScatteredBytes()
        bytes.write(patch.bytes)
        guard StoredPatch.size(of: bytes) <= StoredPatch.bytesMax, try hasBase(index, state) else {
            return try rewrite(index, of: state, body, with: patch.bytes)
        }
        try putPatch(bytes, body, index)
    }

    private func hasBase(_ index: Int64, _ state: DraftState) throws(StoreError) -> Bool {
        guard case .body(let base) = state.base, UInt64(index) * Connection.chunkBytes < state.baseLimit else {
            return false
        }
        return try db.exists("SELECT 1 FROM extent WHERE body = ? AND idx = ?", base, index)
    }

    /// A chunk of a draft becomes one of its own, as it shows, with `bytes` over it.
    func rewrite(
        _ index: Int64, of state: DraftState, _ body: Int64, with bytes: ScatteredBytes = ScatteredBytes()
    ) throws(StoreError) {
        let start = UInt64(index) * Connection.chunkBytes
        guard start < state.size else { return }
        let count = Int(min(Connection.chunkBytes, state.size - start))
        var whole = try ByteSink.collect(count) { sink throws(StoreError) in
            try db.read(state, at: start, into: &sink)
        }
        bytes.overlay(&whole)
        try cut(body, from: index, through: index)
        if try putChunk(whole[...], body, index) == 0 { try hide(index, of: state, body) }
    }

    /// Zeros of a draft, which are not stored, must hide what the base has there.
    func hide(_ index: Int64, of state: DraftState, _ body: Int64) throws(StoreError) {
        guard state.base != .none, UInt64(index) * Connection.chunkBytes < state.baseLimit else { return }
        try db.run("INSERT INTO extent(body, idx, cid) VALUES (?, ?, 0)", body, index)
    }

    /// Chunks of a draft of which only parts are its own become its own, so that others may have them.
    func rewritePatched(_ chunks: Range<UInt64>, of state: DraftState) throws(StoreError) {
        guard let body = state.body, !chunks.isEmpty else { return }
        let patched = try db.all(
            """
            SELECT p.idx - ?4 FROM extent p WHERE p.body = ?1 AND p.idx BETWEEN ?4 + ?2 AND ?4 + ?3
                AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?1 AND o.idx = p.idx - ?4)
            """, body, Int64(chunks.lowerBound), Int64(chunks.upperBound) - 1, StoredPatch.firstIndex,
            read: { $0.int(0) })
        for index in patched { try rewrite(index, of: state, body) }
    }

    /// Patches of a draft become one with those that the same chunks have in its base, and the chunk that the base is
    /// cut in one of its own: then each of its rows stands for what it hides.
    func joinPatches(of state: DraftState, _ overlay: Int64, over base: Int64) throws(StoreError) {
        let (end, keep) = state.baseLimit.quotientAndRemainder(dividingBy: Connection.chunkBytes)
        if keep > 0 { try rewritePatched(end..<(end + 1), of: state) }
        let both = try db.all(
            """
            SELECT p.idx - ?3 FROM extent p JOIN extent b ON b.body = ?2 AND b.idx = p.idx
                WHERE p.body = ?1 AND p.idx >= ?3
                AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?1 AND o.idx = p.idx - ?3)
            """, overlay, base, StoredPatch.firstIndex, read: { $0.int(0) })
        for index in both {
            guard var bytes = try db.patch(of: base, index), let own = try db.patch(of: overlay, index) else {
                continue
            }
            bytes.write(own)
            if StoredPatch.size(of: bytes) <= StoredPatch.bytesMax {
                try putPatch(bytes, overlay, index)
            } else {
                try rewrite(index, of: state, overlay)
            }
        }
    }
}

extension Connection {
    /// Changes a chunk where it lies: only the pages that the bytes lie on.
    fileprivate func overwrite(_ cid: Int64, with bytes: ScatteredBytes) throws(StoreError) {
        var blob: OpaquePointer?
        let code = sqlite3_blob_open(handle, "main", "chunk", "data", cid, 1, &blob)
        defer { sqlite3_blob_close(blob) }
        guard code == SQLITE_OK, let blob else { throw error(code) }
        for piece in bytes.pieces {
            let result = piece.bytes.withUnsafeBytes {
                sqlite3_blob_write(blob, $0.baseAddress, Int32($0.count), Int32(piece.start))
            }
            guard result == SQLITE_OK else { throw error(result) }
        }
    }
}
