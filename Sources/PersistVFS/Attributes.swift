public import Persist

/// What stat(2) shows of a file.
public struct Attributes: Sendable, Equatable {
    public var id: NodeID
    public var kind: Node.Kind
    /// Permission bits, 07777.
    public var mode: UInt16
    public var uid: UInt32
    public var gid: UInt32
    public var links: UInt32
    public var size: UInt64
    /// Of 512 bytes.
    public var blocks: UInt64
    public var atime: Timestamp
    public var mtime: Timestamp
    public var ctime: Timestamp
    public var device: UInt64
    /// Changes without notice (control files): the kernel may not keep them.
    public var isVolatile: Bool

    public init(
        id: NodeID, kind: Node.Kind, mode: UInt16, uid: UInt32, gid: UInt32, links: UInt32, size: UInt64,
        blocks: UInt64, atime: Timestamp, mtime: Timestamp, ctime: Timestamp, device: UInt64, isVolatile: Bool
    ) {
        self.id = id
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.links = links
        self.size = size
        self.blocks = blocks
        self.atime = atime
        self.mtime = mtime
        self.ctime = ctime
        self.device = device
        self.isVolatile = isVolatile
    }
}

/// Who asks.
public struct Caller: Sendable, Equatable {
    public var uid: UInt32
    public var gid: UInt32
    public var umask: UInt16

    public init(uid: UInt32, gid: UInt32, umask: UInt16 = 0) {
        self.uid = uid
        self.gid = gid
        self.umask = umask
    }
}

/// open(2)'s flags, as far as they reach a filesystem.
public struct OpenFlags: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let read = OpenFlags(rawValue: 1)
    public static let write = OpenFlags(rawValue: 2)
    public static let append = OpenFlags(rawValue: 4)
    public static let truncate = OpenFlags(rawValue: 8)
    public static let exclusive = OpenFlags(rawValue: 16)
    /// O_DIRECT.
    public static let direct = OpenFlags(rawValue: 32)
}

/// What OPEN and CREATE answer.
public struct Opened: Sendable, Equatable {
    public var handle: UInt64
    /// FOPEN_DIRECT_IO.
    public var usesDirectIO: Bool
    /// FOPEN_KEEP_CACHE: the body is the one that the kernel last saw.
    public var keepsCache: Bool
    /// FOPEN_NOFLUSH: read-only.
    public var needsNoFlush: Bool

    public init(handle: UInt64, usesDirectIO: Bool, keepsCache: Bool, needsNoFlush: Bool) {
        self.handle = handle
        self.usesDirectIO = usesDirectIO
        self.keepsCache = keepsCache
        self.needsNoFlush = needsNoFlush
    }
}

/// SETATTR: what is nil stays.
public struct AttributeSetting: Sendable {
    public enum Time: Sendable { case now, at(Timestamp) }

    public var mode: UInt16?
    public var uid: UInt32?
    public var gid: UInt32?
    public var size: UInt64?
    public var atime: Time?
    public var mtime: Time?

    public init(
        mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil, size: UInt64? = nil, atime: Time? = nil,
        mtime: Time? = nil
    ) {
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.size = size
        self.atime = atime
        self.mtime = mtime
    }
}

/// One line of READDIR.
public struct ListedEntry: Sendable {
    public var cookie: UInt64
    public var name: FileName
    public var attributes: Attributes

    public init(cookie: UInt64, name: FileName, attributes: Attributes) {
        self.cookie = cookie
        self.name = name
        self.attributes = attributes
    }
}
