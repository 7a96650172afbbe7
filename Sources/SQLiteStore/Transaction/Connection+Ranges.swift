internal import Persist

/// Where content has chunks, and where it has holes.
extension Connection {
    /// Of one answer: a larger file is looked through in several.
    private static let chunksAtOnce = 16_384

    func nextData(of row: NodeRow, in range: Range<UInt64>) throws(StoreError) -> Range<UInt64>? {
        let range = range.clamped(to: 0..<row.node.size)
        guard !range.isEmpty else { return nil }
        guard row.node.kind == .file, !row.isDocument, !row.isStream else { return range }
        // What is not here is no hole for that: a program that copies the file must not leave it out.
        guard try isHere(row) else { return range }
        guard let body = row.body else { return Self.nextData(in: try small(of: row.id)[...], range) }
        return try nextData(of: body, over: nil, baseLimit: 0, range)
    }

    func nextData(of state: DraftState, in range: Range<UInt64>) throws(StoreError) -> Range<UInt64>? {
        let range = range.clamped(to: 0..<state.size)
        guard !range.isEmpty else { return nil }
        return switch state.base {
        case .bytes(let bytes): Self.nextData(in: bytes.prefix(Int(clamping: state.baseLimit)), range)
        case .own(let bytes): Self.nextData(in: bytes[...], range)
        case .none: try nextData(of: state.body, over: nil, baseLimit: 0, range)
        case .body(let base): try nextData(of: state.body, over: base, baseLimit: state.baseLimit, range)
        }
    }

    /// Chunks that are not zeros.
    private static func nextData(in bytes: ArraySlice<UInt8>, _ range: Range<UInt64>) -> Range<UInt64>? {
        let first = range.lowerBound / chunkBytes * chunkBytes
        for start in stride(from: first, to: min(range.upperBound, UInt64(bytes.count)), by: Int(chunkBytes)) {
            let end = start + chunkBytes
            guard bytes[Int(start)..<min(Int(end), bytes.count)].contains(where: { $0 != 0 }) else { continue }
            return (start..<end).clamped(to: range)
        }
        return nil
    }

    private func nextData(
        of overlay: Int64?, over base: Int64?, baseLimit: UInt64, _ range: Range<UInt64>
    ) throws(StoreError) -> Range<UInt64>? {
        var found: Range<Int64>?
        try each(
            """
            SELECT idx FROM extent WHERE body = ?1 AND idx BETWEEN ?3 AND ?4 AND cid <> 0
            UNION SELECT idx - ?6 FROM extent WHERE body = ?1 AND idx BETWEEN ?6 + ?3 AND ?6 + ?4
            UNION SELECT b.idx FROM extent b WHERE b.body = ?2 AND b.idx BETWEEN ?3 AND min(?4, ?5)
                AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?1 AND o.idx = b.idx)
            UNION SELECT b.idx - ?6 FROM extent b WHERE b.body = ?2 AND b.idx BETWEEN ?6 + ?3 AND ?6 + min(?4, ?5)
                AND NOT EXISTS (SELECT 1 FROM extent o WHERE o.body = ?1 AND o.idx = b.idx - ?6)
            ORDER BY idx
            """, overlay, base, Int64(range.lowerBound / Self.chunkBytes),
            Int64((range.upperBound - 1) / Self.chunkBytes),
            baseLimit == 0 ? -1 : Int64((baseLimit - 1) / Self.chunkBytes), StoredPatch.firstIndex
        ) { row throws(StoreError) in
            let index = row.int(0)
            let before = found ?? index..<index
            guard index == before.upperBound, before.count < Self.chunksAtOnce else { return false }
            found = before.lowerBound..<(index + 1)
            return true
        }
        guard let found else { return nil }
        return (UInt64(found.lowerBound) * Self.chunkBytes..<UInt64(found.upperBound) * Self.chunkBytes)
            .clamped(to: range)
    }
}
