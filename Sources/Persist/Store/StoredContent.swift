/// Content that the store has: the value of a node, or what a draft shows.
public enum StoredContent: Hashable, Sendable {
    case published(NodeID)
    case draft(Draft)
}

/// Whole chunks of one content that become chunks of a draft, holes among them; no byte of them is copied where the
/// store can let both have the same.
public struct SharedChunks: Sendable {
    public var source: StoredContent
    /// Chunks of the source. All of them lie before its end: else nothing changes, and `.invalid` is thrown.
    public var chunks: Range<UInt64>
    /// Where the first of them comes to lie. In the source itself the two may not overlap (`.invalid`).
    public var target: UInt64

    public init(source: StoredContent, chunks: Range<UInt64>, target: UInt64) {
        self.source = source
        self.chunks = chunks
        self.target = target
    }

    public var targets: Range<UInt64> { target..<(target + UInt64(chunks.count)) }
}
