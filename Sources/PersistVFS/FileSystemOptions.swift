/// How a mount shows and bounds a store.
public struct FileSystemOptions: Sendable {
    /// Shown where nothing is stored (R4).
    public var uid: UInt32
    public var gid: UInt32
    /// Taken from 0777 and 0666 where no mode is stored.
    public var umask: UInt16
    public var isReadOnly = false
    /// Owner and mode are checked here, in OPEN, CREATE and the rest; false where the kernel does it
    /// (default_permissions).
    public var checksPermissions = true
    /// Files open at once, all programs together; EMFILE.
    public var openFilesMax = 65_536
    /// Bytes of working copies in memory, all files together; ENOMEM... 256 MiB.
    public var unpublishedBytesMax: UInt64 = 256 << 20
    /// Dirty bytes of one plain file or blob, in whole chunks, before they go to the store as a draft, and what one
    /// transaction of it takes. 4 MiB. Parts of chunks wait for others of theirs: until all are four times as much.
    public var spillBytes: UInt64 = 4 << 20

    /// `fsync=remote`: fsync(2) publishes, and is answered when the far side has it (R1, R2).
    public var fsyncReachesFarSide = false

    public init(uid: UInt32, gid: UInt32, umask: UInt16) {
        self.uid = uid
        self.gid = gid
        self.umask = umask
    }
}
