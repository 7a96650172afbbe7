public import Persist

/// A node as it is to be sent, all of it of one moment.
public struct OutboxSnapshot: Sendable {
    public var entry: OutboxEntry
    /// nil: it has no name any more.
    public var node: Node?
    /// Below the namespace; empty for a namespace itself.
    public var names: [FileName]
    /// Of a file that is no log: its value; empty where it is long (`isLong`). Of a symlink: its target.
    public var content: [UInt8]
    /// The content goes in parts, which are read when each is sent.
    public var isLong = false
    /// Of content that is not here: where it is.
    public var away: AwayContent?
    /// What of it is under way.
    public var upload: FarUpload?
    public var attributes: [(name: [UInt8], value: [UInt8])]
    /// What the far side has of it under this path and earlier ones.
    public var records: [FarRecord]
}

/// One event of a log.
public struct LogEvent: Sendable, Equatable {
    /// Never given twice in a store; within a log in its order.
    public var id: Int64
    public var time: Timestamp
    /// Without its newline.
    public var line: [UInt8]
    /// It has a newline; the last one may have none, and be continued.
    public var isFinished: Bool

    public init(id: Int64, time: Timestamp, line: [UInt8], isFinished: Bool = true) {
        self.id = id
        self.time = time
        self.line = line
        self.isFinished = isFinished
    }
}
