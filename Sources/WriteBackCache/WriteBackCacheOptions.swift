/// How a cache treats its far side. Each bound has its unit in its name.
public struct WriteBackCacheOptions: Sendable {
    /// A file that stays open goes up so long after its last change (R1).
    public var settleMilliseconds: Int64 = 10_000
    /// A file with the name of a temporary one goes up so long after its last change.
    public var temporaryMilliseconds: Int64 = 60_000
    /// Uploads at once.
    public var uploadsMax = 8
    /// Their values together; one that is larger goes alone.
    public var uploadBytesMax: UInt64 = 32 << 20
    /// The largest value that the far side takes: `.tooLarge` past it. Of `PartedPutting` that says it itself.
    public var valueBytesMax: UInt64 = 64 << 20
    /// Between two looks at what the far side has.
    public var refreshMilliseconds: Int64 = 300_000
    /// Up to this size a value is read before it is replaced, to find what others have written (R10).
    public var compareBytesMax = 1 << 20
    /// A request without an answer has failed after this.
    public var requestMilliseconds: Int64 = 60_000
    /// What the local copy may take; content that the far side has is taken away past it. What has not been sent, names
    /// and what is open stay.
    public var cacheBytesMax: UInt64 = 10 << 30
    /// As much of the disk is left to others, as far as that goes.
    public var freeBytesMin: UInt64 = 1 << 30
    /// Between two looks at what the local copy takes.
    public var evictMilliseconds: Int64 = 5_000
    /// Content that waits for the far side, of all files together: who writes more waits, then gets `.full`. Never more
    /// than half of what the disk would have free without it. 10 GiB.
    public var dirtyBytesMax: UInt64 = 10 << 30
    /// How long programs wait for the far side: for room, and with `fsync=remote` for what they have written.
    public var waitMilliseconds: Int64 = 60_000
    /// One line for a person.
    public var log: @Sendable (String) -> Void = { _ in }

    public init() {}
}
