/// Where an event stands in its stream.
struct StreamEvent {
    var sequence: Int64
    /// Of its first byte.
    var position: UInt64
    var hasNewline: Bool
}
