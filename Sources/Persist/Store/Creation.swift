/// A node that is to be made.
public struct Creation: Sendable {
    public var id: NodeID
    public var parent: NodeID
    public var name: FileName
    public var kind: Node.Kind
    public var mode: UInt16?
    public var uid: UInt32?
    public var gid: UInt32?
    /// mtime, ctime and btime at first.
    public var time: Timestamp
    /// Of a symlink.
    public var target: [UInt8]
    /// Of a device.
    public var device: UInt64
    /// The creator said O_EXCL: `4913` and `sed??????` are temporary only then.
    public var isExclusive: Bool
    /// A file that is made for a key, not by a program: in records/ and kv/ a document, even where its name looks
    /// temporary (`hasValue` of `NameClass.of`).
    public var isValue: Bool

    public init(
        id: NodeID, parent: NodeID, name: FileName, kind: Node.Kind, mode: UInt16?, uid: UInt32?, gid: UInt32?,
        time: Timestamp, target: [UInt8] = [], device: UInt64 = 0, isExclusive: Bool = false, isValue: Bool = false
    ) {
        self.id = id
        self.parent = parent
        self.name = name
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.time = time
        self.target = target
        self.device = device
        self.isExclusive = isExclusive
        self.isValue = isValue
    }
}

/// What a creation would find and make.
public struct CreationPreview: Sendable {
    /// Where the name would be.
    public var directory: Node
    /// What has the name already.
    public var existing: Node?
    /// What would be made, were the name free.
    public var node: Node

    public init(directory: Node, existing: Node?, node: Node) {
        self.directory = directory
        self.existing = existing
        self.node = node
    }
}
