internal import Persist

/// Where an event stands in its stream, and when it was written.
struct StreamEvent {
    var sequence: Int64
    /// Of its first byte.
    var position: UInt64
    /// Of the byte after its last.
    var end: UInt64
    var hasNewline: Bool
    var time: Timestamp
}
