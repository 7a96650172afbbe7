public import Persist

/// Content of a file that only the far side has.
public struct AbsentContent: Sendable, Hashable {
    public let node: NodeID
    /// The bytes that somebody wants.
    public let range: Range<UInt64>

    public init(node: NodeID, range: Range<UInt64>) {
        self.node = node
        self.range = range
    }
}
