internal import Persist

/// Holes in drafts, and chunks that they share with other content.
extension Transaction {
    /// Chunks of a draft become holes; where the base has something, a row says so.
    /// - Returns: how many chunks of the base that hides.
    func punch(_ chunks: Range<UInt64>, in state: DraftState, _ body: Int64) throws(StoreError) -> Int {
        guard !chunks.isEmpty else { return 0 }
        let (first, last) = (Int64(chunks.lowerBound), Int64(chunks.upperBound) - 1)
        try cut(body, from: first, through: last)
        guard case .body(let base) = state.base else { return 0 }
        return try db.run(
            """
            INSERT INTO extent(body, idx, cid) SELECT ?2, idx, 0 FROM
                (SELECT idx FROM extent WHERE body = ?1 AND idx BETWEEN ?3 AND ?4
                UNION SELECT idx - ?6 FROM extent WHERE body = ?1 AND idx BETWEEN ?6 + ?3 AND ?6 + ?4)
                WHERE idx < ?5
            """, base, body, first, last, Int64(state.baseLimit.chunks), StoredPatch.firstIndex)
    }

    /// Chunks of other content become chunks of the draft.
    func share(_ shared: SharedChunks, into state: DraftState, _ body: Int64) throws(StoreError) {
        let end = shared.chunks.upperBound * Connection.chunkBytes
        switch shared.source {
        case .published(let id):
            guard let row = try db.node(id) else { throw StoreError(.notFound) }
            guard !row.isDirectory else { throw StoreError(.isDirectory) }
            guard row.node.kind == .file, row.node.size >= end else { throw Self.tooShort }
            try db.requireHere(row)
            _ = try punch(shared.targets, in: state, body)
            guard let source = row.isStream || row.isDocument ? nil : row.body else {
                return try copy(shared, into: state, body) { (offset, sink) throws(StoreError) in
                    try db.read(row, at: offset, into: &sink)
                }
            }
            try shareExtents(of: source, hiddenBy: nil, shared.chunks, into: body, at: Int64(shared.target))
        case .draft(let draft):
            let isOwn = draft == state.draft
            let source = isOwn ? state : try self.draft(draft)
            guard source.size >= end, !isOwn || !shared.chunks.overlaps(shared.targets) else { throw Self.tooShort }
            try rewritePatched(shared.chunks, of: source)
            _ = try punch(shared.targets, in: state, body)
            try share(shared, of: source, into: state, body)
        }
    }

    private func share(
        _ shared: SharedChunks, of source: DraftState, into state: DraftState, _ body: Int64
    ) throws(StoreError) {
        let target = Int64(shared.target)
        switch source.base {
        case .none: break
        case .body(let base) where !source.cutsBase(in: shared.chunks):
            let shown = shared.chunks.clamped(to: 0..<source.baseLimit.chunks)
            try shareExtents(of: base, hiddenBy: source.body, shown, into: body, at: target)
        case .bytes, .own, .body:
            return try copy(shared, into: state, body) { (offset, sink) throws(StoreError) in
                try db.read(source, at: offset, into: &sink)
            }
        }
        guard let overlay = source.body else { return }
        try shareExtents(of: overlay, hiddenBy: nil, shared.chunks, into: body, at: target)
    }

    /// One owner more for the chunks of a body and their patches, but for those that lie under others.
    func shareExtents(
        of source: Int64, hiddenBy overlay: Int64?, _ chunks: Range<UInt64>, into body: Int64, at target: Int64
    ) throws(StoreError) {
        guard !chunks.isEmpty else { return }
        let (first, last) = (Int64(chunks.lowerBound), Int64(chunks.upperBound) - 1)
        // Patches first: a chunk of the overlay hides them too, and its own come with the chunks.
        for rows in [StoredPatch.firstIndex, 0] {
            try db.run(
                """
                INSERT INTO shared(cid, refs) SELECT b.cid, 2 FROM extent b
                    WHERE b.body = ?1 AND b.idx BETWEEN ?3 AND ?4 AND b.cid <> 0
                    AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?2 AND o.idx IN (b.idx, b.idx - ?5))
                    ON CONFLICT (cid) DO UPDATE SET refs = refs + 1
                """, source, overlay, rows + first, rows + last, rows)
            try db.run(
                """
                INSERT OR REPLACE INTO extent(body, idx, cid) SELECT ?6, b.idx + ?7, b.cid FROM extent b
                    WHERE b.body = ?1 AND b.idx BETWEEN ?3 AND ?4 AND b.cid <> 0
                    AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?2 AND o.idx IN (b.idx, b.idx - ?5))
                """, source, overlay, rows + first, rows + last, rows, body, target - first)
        }
    }

    /// Where there is nothing to share: content that is no body, or of which a chunk shows in part.
    private func copy(
        _ shared: SharedChunks, into state: DraftState, _ body: Int64,
        from read: (UInt64, inout ByteSink) throws(StoreError) -> Void
    ) throws(StoreError) {
        for (index, target) in zip(shared.chunks, shared.targets) {
            let bytes = try ByteSink.collect(Int(Connection.chunkBytes)) { sink throws(StoreError) in
                try read(index * Connection.chunkBytes, &sink)
            }
            try cut(body, from: Int64(target), through: Int64(target))
            if try putChunk(bytes[...], body, Int64(target)) == 0 { try hide(Int64(target), of: state, body) }
        }
    }

    private static var tooShort: StoreError {
        StoreError(.invalid, hint: "what is to be shared is not that long, or overlaps itself")
    }
}

extension DraftState {
    /// Whether one of these chunks shows a part of its base's.
    fileprivate func cutsBase(in chunks: Range<UInt64>) -> Bool {
        baseLimit % Connection.chunkBytes > 0 && chunks.contains(baseLimit / Connection.chunkBytes)
    }
}

extension UInt64 {
    /// How many chunks so many bytes lie in.
    fileprivate var chunks: UInt64 { (self + Connection.chunkBytes - 1) / Connection.chunkBytes }
}
