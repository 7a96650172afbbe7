/// Names a draft within this mount.
public struct Draft: Hashable, Sendable {
    public let id: Int64
    public let node: NodeID
    /// The published content that it lies over.
    public let baseRevision: Int64
    public let baseSize: UInt64

    public init(id: Int64, node: NodeID, baseRevision: Int64, baseSize: UInt64) {
        self.id = id
        self.node = node
        self.baseRevision = baseRevision
        self.baseSize = baseSize
    }
}

public struct DraftChunk: Sendable {
    public var index: UInt64
    public var bytes: [UInt8]

    public init(index: UInt64, bytes: [UInt8]) {
        self.index = index
        self.bytes = bytes
    }
}

/// Bytes of one chunk that have changed; the others stay as the draft shows them.
public struct DraftPatch: Sendable {
    public var index: UInt64
    public var bytes: ScatteredBytes

    public init(index: UInt64, bytes: ScatteredBytes) {
        self.index = index
        self.bytes = bytes
    }
}

/// What a draft is from now on: its size, what shows of its base, and chunks that have changed.
public struct DraftContent: Sendable {
    public var draft: Draft
    /// Whole chunks of `limits.chunkBytes`; the last of the file may be shorter.
    public var chunks: [DraftChunk]
    public var size: UInt64
    /// Bytes of the base from here on do not show: the smallest size that the file has had since `openDraft`.
    public var baseLimit: UInt64
    /// Chunks that become holes: zeros that take no room. Before `shared`, and before `chunks`.
    public var holes: [Range<UInt64>] = []
    /// Chunks that become those of other content. Before `chunks`.
    public var shared: [SharedChunks] = []
    /// Parts of chunks, within the size; at most one for each chunk. After `chunks`.
    public var patches: [DraftPatch] = []

    public init(draft: Draft, chunks: [DraftChunk], size: UInt64, baseLimit: UInt64) {
        self.draft = draft
        self.chunks = chunks
        self.size = size
        self.baseLimit = baseLimit
    }

    /// Chunks that it brings bytes of.
    public var changedChunks: Int { chunks.count + patches.count }
}
