/// Something that the far side does not have yet: a file, the attributes of a directory, a deletion.
public struct UploadItem: Sendable, Equatable {
    /// The node of the local store; a negative number for what is only to be deleted.
    public var id: Int64
    /// Moves on with every change of the same id.
    public var generation: Int64
    /// When it changed last, on the clock of `UploadSchedule.handle`. Of several that can go the oldest goes first.
    public var changed: Int64
    /// Somebody may still write to it (R1).
    public var isOpenForWriting: Bool
    /// Its name is one that programs give to what they will soon rename.
    public var isTemporary: Bool
    public var bytes: UInt64
    /// What an upload has of it in memory, and on the way, at once.
    public var bytesAtOnce: UInt64
    /// Must have gone before: the directory that this is in, what had this path before. Ids that are not pending are
    /// no hindrance.
    public var after: [Int64]

    public init(
        id: Int64, generation: Int64, changed: Int64, isOpenForWriting: Bool = false, isTemporary: Bool = false,
        bytes: UInt64 = 0, bytesAtOnce: UInt64? = nil, after: [Int64] = []
    ) {
        self.id = id
        self.generation = generation
        self.changed = changed
        self.isOpenForWriting = isOpenForWriting
        self.isTemporary = isTemporary
        self.bytes = bytes
        self.bytesAtOnce = bytesAtOnce ?? bytes
        self.after = after
    }
}
