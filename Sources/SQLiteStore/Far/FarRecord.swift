public import Persist

/// What the far side holds under one path, as of the last time that it was told or asked.
public struct FarRecord: Sendable, Equatable {
    /// As shown, the namespace first; a directory has no slash at its end.
    public var path: [UInt8]
    public var node: NodeID
    /// The key of its value; of a log what the keys of its events begin with; nil where it has none.
    public var key: [UInt8]?
    /// The sum of the value; nil where it is not known that there is one.
    public var sum: [UInt8]?
    /// The sums, one behind the other, of values that were sent or removed when nobody knows whether that came through.
    /// Empty: so was one that nobody has read here, of which no more than `revision` is known.
    public var tried: [UInt8]?
    /// Of the value, where the far side puts on a condition: that of `sum`, or where that is nil of what was there
    /// before something was tried. nil: not known, or there is none.
    public var revision: Revision?
    /// The key of its side data, and what that is; nil where there is none, empty where it is not known.
    public var metaKey: [UInt8]?
    public var meta: [UInt8]?
    /// Of the side data under `metaKey`; nil: not known.
    public var metaRevision: Revision?
    /// Of a log: its own events up to this one have been sent (`LogEvent.id`).
    public var event: Int64
    /// Where that one stands there: the next one comes behind it, whatever the clock says.
    public var position: Int64
    /// What is there was put, or got its attributes, then or before; nil: not known.
    public var modified: Timestamp?
    /// When it was told or asked.
    public var time: Timestamp

    public init(
        path: [UInt8], node: NodeID, key: [UInt8]? = nil, sum: [UInt8]? = nil, tried: [UInt8]? = nil,
        revision: Revision? = nil, metaKey: [UInt8]? = nil, meta: [UInt8]? = nil,
        metaRevision: Revision? = nil, event: Int64 = 0, position: Int64 = 0,
        modified: Timestamp? = nil, time: Timestamp
    ) {
        self.path = path
        self.node = node
        self.key = key
        self.sum = sum
        self.tried = tried
        self.revision = revision
        self.metaKey = metaKey
        self.meta = meta
        self.metaRevision = metaRevision
        self.event = event
        self.position = position
        self.modified = modified
        self.time = time
    }

    /// Whether a value with this sum is one that was sent.
    public func mayHave(_ found: [UInt8]) -> Bool {
        guard found != sum else { return true }
        let tried = tried ?? []
        return stride(from: 0, to: tried.count, by: found.count).contains { tried[$0...].starts(with: found) }
    }
}
