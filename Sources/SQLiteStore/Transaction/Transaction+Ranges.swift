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
            INSERT INTO extent(body, idx, cid) SELECT ?2, idx, 0 FROM extent
                WHERE body = ?1 AND idx BETWEEN ?3 AND ?4 AND idx < ?5
            """, base, body, first, last, Int64(state.baseLimit.chunks))
    }

    /// Chunks of other content become chunks of the draft.
    func share(_ shared: SharedChunks, into state: DraftState, _ body: Int64) throws(StoreError) {
        let end = shared.chunks.upperBound * Connection.chunkBytes
        switch shared.source {
        case .published(let id):
            guard let row = try db.node(id) else { throw StoreError(.notFound) }
            guard !row.isDirectory else { throw StoreError(.isDirectory) }
            guard row.node.kind == .file, row.node.size >= end else { throw Self.tooShort }
            _ = try punch(shared.targets, in: state, body)
            guard let source = row.isStream || row.isDocument ? nil : row.body else {
                return try copy(shared, to: body) { (offset, sink) throws(StoreError) in
                    try db.read(row, at: offset, into: &sink)
                }
            }
            try shareExtents(of: source, hiddenBy: nil, shared.chunks, into: body, at: Int64(shared.target))
        case .draft(let draft):
            let isOwn = draft == state.draft
            let source = isOwn ? state : try self.draft(draft)
            guard source.size >= end, !isOwn || !shared.chunks.overlaps(shared.targets) else { throw Self.tooShort }
            _ = try punch(shared.targets, in: state, body)
            try share(shared, of: source, into: body)
        }
    }

    private func share(_ shared: SharedChunks, of source: DraftState, into body: Int64) throws(StoreError) {
        let target = Int64(shared.target)
        switch source.base {
        case .none: break
        case .body(let base) where !source.cutsBase(in: shared.chunks):
            let shown = shared.chunks.clamped(to: 0..<source.baseLimit.chunks)
            try shareExtents(of: base, hiddenBy: source.body, shown, into: body, at: target)
        case .bytes, .body:
            return try copy(shared, to: body) { (offset, sink) throws(StoreError) in
                try db.read(source, at: offset, into: &sink)
            }
        }
        guard let overlay = source.body else { return }
        try shareExtents(of: overlay, hiddenBy: nil, shared.chunks, into: body, at: target)
    }

    /// One owner more for the chunks of a body, but for those that lie under others.
    func shareExtents(
        of source: Int64, hiddenBy overlay: Int64?, _ chunks: Range<UInt64>, into body: Int64, at target: Int64
    ) throws(StoreError) {
        guard !chunks.isEmpty else { return }
        let (first, last) = (Int64(chunks.lowerBound), Int64(chunks.upperBound) - 1)
        try db.run(
            """
            INSERT INTO shared(cid, refs) SELECT b.cid, 2 FROM extent b
                WHERE b.body = ?1 AND b.idx BETWEEN ?3 AND ?4 AND b.cid <> 0
                AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?2 AND o.idx = b.idx)
                ON CONFLICT (cid) DO UPDATE SET refs = refs + 1
            """, source, overlay, first, last)
        try db.run(
            """
            INSERT OR REPLACE INTO extent(body, idx, cid) SELECT ?5, b.idx + ?6, b.cid FROM extent b
                WHERE b.body = ?1 AND b.idx BETWEEN ?3 AND ?4 AND b.cid <> 0
                AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?2 AND o.idx = b.idx)
            """, source, overlay, first, last, body, target - first)
    }

    /// Where there is nothing to share: content that is no body, or of which a chunk shows in part.
    private func copy(
        _ shared: SharedChunks, to body: Int64, from read: (UInt64, inout ByteSink) throws(StoreError) -> Void
    ) throws(StoreError) {
        for (index, target) in zip(shared.chunks, shared.targets) {
            let bytes = try ByteSink.collect(Int(Connection.chunkBytes)) { sink throws(StoreError) in
                try read(index * Connection.chunkBytes, &sink)
            }
            try cut(body, from: Int64(target), through: Int64(target))
            _ = try putChunk(bytes[...], body, Int64(target))
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
