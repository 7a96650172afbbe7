/// The bounds of a store (R14): each has a unit, a default, an `-o` option and an error when it is reached.
public struct StoreLimits: Sendable, Equatable {
    /// A document in records/; `.tooLarge`. 16 MiB.
    public var recordBytesMax: UInt64 = 16 << 20
    /// A value in kv/; `.tooLarge`. 1 MiB.
    public var kvBytesMax: UInt64 = 1 << 20
    /// A file in blobs/; `.tooLarge`. 1 TiB.
    public var blobBytesMax: UInt64 = 1 << 40
    /// A log; nil: `blobBytesMax`. A far side that takes values whole has each event by itself.
    public var logBytesMax: UInt64?
    /// A line in events/; `.tooLarge`. 1 MiB.
    public var lineBytesMax: UInt64 = 1 << 20
    /// All extended attributes of one file; `.full`, as ext4 says. 64 KiB.
    public var attributeBytesMax: UInt64 = 64 << 10
    /// The unit in which drafts are written, as a whole or in parts. 64 KiB.
    public var chunkBytes: UInt64 = 64 << 10
    /// How deep a JSON document may nest; `.rejected`.
    public var depthMax = 512
    /// The longest wait for another process's write transaction; `.timedOut`. 5 s.
    public var busyMilliseconds = 5_000
    /// `-o events=rw`: streams may be unlinked, truncated to nothing and renamed away.
    public var removesEvents = false

    public init() {}

    /// How large a file of this class may become.
    public func bytesMax(_ namespace: Namespace?, _ nameClass: NameClass) -> UInt64 {
        guard nameClass == .document else { return blobBytesMax }
        return switch namespace {
        case .records: recordBytesMax
        case .kv: kvBytesMax
        default: logBytesMax ?? blobBytesMax
        }
    }
}

/// What statfs(2) and `status` tell of a store.
public struct StoreStatistics: Sendable {
    public var bytesUsed: UInt64
    /// Free on the disk, and within the file.
    public var bytesFree: UInt64
    /// Files of all kinds, without directories; nil: not counted.
    public var nodes: UInt64?
    public var notes: [String]

    public init(bytesUsed: UInt64, bytesFree: UInt64, nodes: UInt64?, notes: [String] = []) {
        self.bytesUsed = bytesUsed
        self.bytesFree = bytesFree
        self.nodes = nodes
        self.notes = notes
    }
}
