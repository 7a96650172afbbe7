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
