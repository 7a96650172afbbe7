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

/// renameat2(2).
public struct Rename: Sendable {
    public enum Mode: Sendable { case replace, noReplace, exchange }

    public var parent: NodeID
    public var name: FileName
    public var newParent: NodeID
    public var newName: FileName
    public var mode: Mode

    public init(parent: NodeID, name: FileName, newParent: NodeID, newName: FileName, mode: Mode = .replace) {
        self.parent = parent
        self.name = name
        self.newParent = newParent
        self.newName = newName
        self.mode = mode
    }
}

public struct Renamed: Sendable {
    /// The node that now has the new name. Over a stream: the stream, which took what the source had more (R8).
    public var node: Node
    /// What had the new name and lost it (or, by exchange, has the old one now).
    public var replaced: Node?
    /// Over a stream: the source's id, which is gone; the name's entry is to be invalidated.
    public var absorbed: NodeID?

    public init(node: Node, replaced: Node?, absorbed: NodeID? = nil) {
        self.node = node
        self.replaced = replaced
        self.absorbed = absorbed
    }
}

/// What chmod, chown and utimensat change; nil: as it is. ctime moves on to `time`.
public struct AttributeChange: Sendable {
    public var mode: UInt16?
    public var uid: UInt32?
    public var gid: UInt32?
    public var mtime: Timestamp?
    public var atime: Timestamp?
    public var time: Timestamp

    public init(
        mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil, mtime: Timestamp? = nil, atime: Timestamp? = nil,
        time: Timestamp
    ) {
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime = mtime
        self.atime = atime
        self.time = time
    }
}

/// setxattr(2)'s flags.
public enum AttributeMode: Sendable { case set, create, replace }

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
    /// suid and sgid go with it (R4).
    public var clearsSetID: Bool
    /// The revision that the writer began from; of a document another one now is a conflict (R10).
    /// nil: whatever is there is replaced.
    public var base: Int64?
    /// A draft that this content makes superfluous.
    public var draft: Draft?

    public init(
        node: NodeID, creation: Creation? = nil, content: Content, mtime: Timestamp, clearsSetID: Bool = false,
        base: Int64? = nil, draft: Draft? = nil
    ) {
        self.node = node
        self.creation = creation
        self.content = content
        self.mtime = mtime
        self.clearsSetID = clearsSetID
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

/// What a draft is from now on: its size, what shows of its base, and chunks that have changed.
public struct DraftContent: Sendable {
    public var draft: Draft
    /// Whole chunks of `limits.chunkBytes`; the last of the file may be shorter.
    public var chunks: [DraftChunk]
    public var size: UInt64
    /// Bytes of the base from here on do not show: the smallest size that the file has had since `openDraft`.
    public var baseLimit: UInt64

    public init(draft: Draft, chunks: [DraftChunk], size: UInt64, baseLimit: UInt64) {
        self.draft = draft
        self.chunks = chunks
        self.size = size
        self.baseLimit = baseLimit
    }
}

public struct TailID: Hashable, Sendable {
    public let rawValue: Int64
    public init(_ rawValue: Int64) { self.rawValue = rawValue }
}

public struct Append: Sendable {
    public enum Start: Sendable {
        /// O_APPEND: after an event without a newline, the newline comes first.
        case newLine
        /// A positioned write at the end: an event without a newline is continued.
        case continuing
    }

    public var stream: NodeID
    public var creation: Creation?
    public var bytes: [UInt8]
    public var start: Start
    /// RELEASE: the last line has no newline, and is an event all the same.
    public var endsUnterminated: Bool
    public var time: Timestamp
    /// The kept tail that is joined by this.
    public var tail: TailID?

    public init(
        stream: NodeID, creation: Creation? = nil, bytes: [UInt8], start: Start, endsUnterminated: Bool = false,
        time: Timestamp, tail: TailID? = nil
    ) {
        self.stream = stream
        self.creation = creation
        self.bytes = bytes
        self.start = start
        self.endsUnterminated = endsUnterminated
        self.time = time
        self.tail = tail
    }
}

public struct Appended: Sendable {
    /// The stream afterwards.
    public var node: Node
    /// How many of the bytes given are in it: fewer where a later line is not JSON.
    public var accepted: Int
    /// Where the accepted bytes begin.
    public var position: UInt64

    public init(node: Node, accepted: Int, position: UInt64) {
        self.node = node
        self.accepted = accepted
        self.position = position
    }
}

/// The two places for versions that are under no name.
public enum KeptArea: UInt8, Sendable, CaseIterable {
    /// What did not parse (R5, R8).
    case rejected = 1
    /// The local side of a conflict (R10).
    case conflicts = 2

    public var name: FileName {
        switch self {
        case .rejected: "rejected"
        case .conflicts: "conflicts"
        }
    }
}

public struct KeptVersion: Sendable, Equatable {
    /// Below the area: the path of the file, in conflicts with `@HOST-TIME` behind it.
    public var path: [UInt8]
    public var size: UInt64
    public var time: Timestamp
    /// The parser's words, line and column; who won a conflict.
    public var error: String

    public init(path: [UInt8], size: UInt64, time: Timestamp, error: String) {
        self.path = path
        self.size = size
        self.time = time
        self.error = error
    }
}
