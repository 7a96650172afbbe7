public import Persist

/// Where the only copy of a file's content is.
public struct AwayContent: Sendable, Equatable {
    public var node: NodeID
    /// What the file was called when its content went away: as `FarRecord.path`.
    public var path: [UInt8]
    /// On the far side.
    public var key: [UInt8]
    /// Of the value.
    public var sum: [UInt8]?

    public init(node: NodeID, path: [UInt8], key: [UInt8], sum: [UInt8]?) {
        self.node = node
        self.path = path
        self.key = key
        self.sum = sum
    }
}
