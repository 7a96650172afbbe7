/// The identity of a file or directory: what the kernel calls its inode, and FUSE its node id.
///
/// Never used twice in one store; the same in every mount of it.
public struct NodeID: Hashable, Sendable, Comparable {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// FUSE_ROOT_ID of fuse_lowlevel.h.
    public static let root = NodeID(1)
    /// Numbers below it belong to the root and the four namespaces.
    public static let firstFree: UInt64 = 16

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension NodeID: CustomStringConvertible {
    public var description: String { "node \(rawValue)" }
}
