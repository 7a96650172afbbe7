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
