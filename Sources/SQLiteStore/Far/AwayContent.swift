public import Persist

/// Where the only copy of a file's content is.
public struct AwayContent: Sendable, Equatable {
    public var node: NodeID
    /// What the file was called when its content went away: as `FarRecord.path`.
    public var path: [UInt8]
    /// On the far side.
    public var key: [UInt8]
    /// Of the value; nil: it has never been here.
    public var sum: [UInt8]?
    public var revision: Revision?

    public init(node: NodeID, path: [UInt8], key: [UInt8], sum: [UInt8]?, revision: Revision?) {
        self.node = node
        self.path = path
        self.key = key
        self.sum = sum
        self.revision = revision
    }

    /// Whether a value with this sum, and this revision where that is known, is what went away.
    public func isValue(_ sum: [UInt8]?, _ revision: Revision?) -> Bool {
        if let known = self.sum { return known == sum }
        // Without a revision the newest value is as good as the one that a listing told of.
        return self.revision == nil || revision == nil || self.revision == revision
    }
}
