/// A working copy that is to become the value of its node.
public struct Publication: Sendable {
    public enum Content: Sendable {
        /// All of it.
        case bytes([UInt8])
        /// What `writeDraft` has stored and what is given with it; the draft is used up.
        case draft(DraftContent)
    }

    public var node: NodeID
    /// Where the node is not there yet: made in the same transaction.
    public var creation: Creation?
    public var content: Content
    public var mtime: Timestamp
    /// The revision that the writer began from; of a document another one now is a conflict (R10).
    /// nil: whatever is there is replaced.
    public var base: Int64?
    /// A draft that this content makes superfluous.
    public var draft: Draft?
    /// Where others have made the name of the creation meanwhile, it gets one beside it (`ConflictName`). Else: `.exists`.
    public var isBeside = false

    public init(
        node: NodeID, creation: Creation? = nil, content: Content, mtime: Timestamp,
        base: Int64? = nil, draft: Draft? = nil
    ) {
        self.node = node
        self.creation = creation
        self.content = content
        self.mtime = mtime
        self.base = base
        self.draft = draft
    }
}

public struct Published: Sendable {
    public var node: Node
    /// The content went here instead: the path in `.persist/conflicts` (R10).
    public var conflict: [UInt8]?

    public init(node: Node, conflict: [UInt8]? = nil) {
        self.node = node
        self.conflict = conflict
    }
}
