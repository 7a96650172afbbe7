public import Persist

/// What has happened to a node that a far side has not been told of.
public struct OutboxChange: OptionSet, Sendable, Hashable {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }

    public static let content = OutboxChange(rawValue: 1)
    public static let attributes = OutboxChange(rawValue: 2)
    /// It appeared or has another path; of a directory: with all below it.
    public static let name = OutboxChange(rawValue: 4)
    /// It has no name any more.
    public static let removed = OutboxChange(rawValue: 8)
}

/// One node that waits to be sent: however often it changes, it has one entry, and what is sent is what it is then.
public struct OutboxEntry: Sendable, Hashable {
    public var node: NodeID
    /// Moves on with each change; the entry goes when this very generation has been sent.
    public var generation: Int64
    public var change: OutboxChange
    /// When the first change came that has not been sent, and the last.
    public var since: Timestamp
    public var changed: Timestamp
    /// Of its content that the far side does not have.
    public var bytes: UInt64

    public init(
        node: NodeID, generation: Int64, change: OutboxChange, since: Timestamp, changed: Timestamp, bytes: UInt64 = 0
    ) {
        self.node = node
        self.generation = generation
        self.change = change
        self.since = since
        self.changed = changed
        self.bytes = bytes
    }
}
