/// How far an item has come: for `status` and `user.persist.state`.
public struct UploadState: Sendable, Equatable {
    public enum Phase: Sendable, Equatable {
        /// It goes as soon as there is room, and the far side is not down.
        case ready
        /// For it to settle, or after a failure.
        case waiting(until: Int64)
        /// For these, which must go first.
        case behind([Int64])
        case uploading(generation: Int64)
    }

    public var phase: Phase
    /// Failures since the far side has done any of it.
    public var tries: Int
    /// What the last failure said; nil after a success.
    public var lastError: String?
    /// The far side refused it for good: it is tried again all the same, rarely, or once it changes.
    public var isRefused: Bool
}

/// All that is pending.
public struct UploadTotals: Sendable, Equatable {
    public var items = 0
    public var bytes: UInt64 = 0
    /// Of these on the way now.
    public var itemsInFlight = 0
    public var bytesInFlight: UInt64 = 0
    /// With a failure since their last success.
    public var itemsFailing = 0
    /// Since when the far side counts as down; nil while it does not.
    public var downSince: Int64?
    /// While it does: when it is asked again.
    public var probeAt: Int64?

    public init() {}
}
