/// What the store knows of a file or directory, without its content.
public struct Node: Sendable, Equatable {
    public enum Kind: UInt8, Sendable {
        case file = 1
        case directory = 2
        case symlink = 3
        case fifo = 4
        case socket = 5
        case characterDevice = 6
        case blockDevice = 7
    }

    public var id: NodeID
    /// Where its name is. An unlinked node that is still open keeps its last parent.
    public var parent: NodeID
    public var name: FileName
    public var namespace: Namespace?
    public var kind: Kind
    public var nameClass: NameClass
    /// Permission bits (07777); nil: the mount's default.
    public var mode: UInt16?
    public var uid: UInt32?
    public var gid: UInt32?
    public var mtime: Timestamp
    public var ctime: Timestamp
    public var btime: Timestamp
    /// nil: the same as mtime. Only utimensat sets it (R4).
    public var atime: Timestamp?
    /// Bytes of the published content; of a symlink its target's.
    public var size: UInt64
    /// Bytes that lie in the store: st_blocks × 512. A sparse file has fewer than `size`.
    public var allocated: UInt64
    /// Moves on with every change of the content by anyone. Zero: a file without a value
    /// (a placeholder in records/, a creation that has not been published).
    public var revision: Int64
    /// st_rdev of a device.
    public var device: UInt64
    /// No name leads to it any more.
    public var isUnlinked: Bool

    public init(
        id: NodeID, parent: NodeID, name: FileName, namespace: Namespace?, kind: Kind, nameClass: NameClass,
        mode: UInt16?, uid: UInt32?, gid: UInt32?, mtime: Timestamp, ctime: Timestamp, btime: Timestamp,
        atime: Timestamp?, size: UInt64, allocated: UInt64, revision: Int64, device: UInt64, isUnlinked: Bool
    ) {
        self.id = id
        self.parent = parent
        self.name = name
        self.namespace = namespace
        self.kind = kind
        self.nameClass = nameClass
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime = mtime
        self.ctime = ctime
        self.btime = btime
        self.atime = atime
        self.size = size
        self.allocated = allocated
        self.revision = revision
        self.device = device
        self.isUnlinked = isUnlinked
    }

    /// A log in events/: a regular file of the document class there (R8).
    public var isStream: Bool { namespace == .events && nameClass == .document && kind == .file }
    /// A value in records/ or kv/: whole or not at all (R5, R6).
    public var isDocument: Bool {
        (namespace == .records || namespace == .kv) && nameClass == .document && kind == .file
    }
}

/// One line of a listing.
public struct DirectoryEntry: Sendable, Equatable {
    /// Where a listing goes on after this entry: stable while the directory changes.
    /// From 16 to 2^62: FUSE needs the smallest for `.` and `..`. Spread evenly, as hashes are: by how dense they lie
    /// a part of a listing tells how large the directory is.
    public let cookie: UInt64
    public let node: Node
    public var name: FileName { node.name }

    public init(cookie: UInt64, node: Node) {
        self.cookie = cookie
        self.node = node
    }
}
