/// What fallocate(2) is asked to do with a range.
public struct Allocation: Sendable, Equatable {
    public enum Content: Sendable {
        /// Stays as it is.
        case kept
        /// FALLOC_FL_ZERO_RANGE.
        case zeros
        /// FALLOC_FL_PUNCH_HOLE.
        case hole
    }

    public var content: Content
    /// FALLOC_FL_KEEP_SIZE.
    public var keepsSize: Bool

    public init(_ content: Content, keepsSize: Bool) {
        self.content = content
        self.keepsSize = keepsSize
    }
}
