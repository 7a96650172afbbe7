/// How many looks at the far side there have been since the mount began: they are numbered as they begin, from 1.
public struct LookCount: Sendable, Equatable {
    public var begun: Int64 = 0
    /// The last that came to its end, and the last that failed; 0: none has.
    public var ended: Int64 = 0
    public var failed: Int64 = 0
    /// Of that one.
    public var error: String?
}
