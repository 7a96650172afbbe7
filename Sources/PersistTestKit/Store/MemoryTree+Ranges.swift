internal import Persist

/// Parts of contents: which of their chunks are not zeros, and those that a draft takes over.
extension MemoryTree {
    func nextData(of content: StoredContent, in range: Range<UInt64>) throws(StoreError) -> Range<UInt64>? {
        let bytes: [UInt8]
        var isWhole = false
        switch content {
        case .draft(let draft): bytes = try self.draft(draft).bytes
        case .published(let id):
            let found = try entry(id)
            bytes = found.bytes
            isWhole = found.node.isStream || found.node.isDocument
        }
        let range = range.clamped(to: 0..<UInt64(bytes.count))
        if range.isEmpty { return nil }
        if isWhole { return range }
        let first = range.lowerBound / limits.chunkBytes * limits.chunkBytes
        for start in stride(from: first, to: range.upperBound, by: Int(limits.chunkBytes)) {
            let end = start + limits.chunkBytes
            let chunk = bytes[Int(start)..<min(Int(end), bytes.count)]
            if chunk.contains(where: { $0 != 0 }) { return (start..<end).clamped(to: range) }
        }
        return nil
    }

    /// - Parameter draft: whose content it becomes, as it is by then.
    func bytes(of shared: SharedChunks, for draft: MemoryDraft) throws(StoreError) -> [UInt8] {
        let source: [UInt8]
        switch shared.source {
        case .published(let id): source = try content(id).bytes
        case .draft(draft.draft):
            guard !shared.chunks.overlaps(shared.targets) else { throw StoreError(.invalid) }
            source = draft.bytes
        case .draft(let other): source = try self.draft(other).bytes
        }
        let end = shared.chunks.upperBound * limits.chunkBytes
        guard end <= UInt64(source.count) else { throw StoreError(.invalid) }
        return Array(source[Int(shared.chunks.lowerBound * limits.chunkBytes)..<Int(end)])
    }
}
