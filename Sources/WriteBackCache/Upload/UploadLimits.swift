/// The bounds of the uploader (R14). Times are milliseconds.
public struct UploadLimits: Sendable, Equatable {
    /// How long a file that is still open for writing must lie unchanged. `--settle`; 10 s.
    public var settleMilliseconds: Int64 = 10_000
    /// How long a temporary file must. 60 s.
    public var temporaryMilliseconds: Int64 = 60_000
    /// Uploads at once. 8.
    public var parallelMax = 8
    /// Their bytes together: half of it for long items, half for the others; an item that is larger than its half goes alone
    /// of its kind. 128 MiB.
    public var bytesInFlightMax: UInt64 = 128 << 20
    /// The wait after a first failure; it doubles with each further one of the same item. 0.5 s.
    public var backoffMilliseconds: Int64 = 500
    /// The longest wait between two probes of a far side that is down. 10 s.
    public var probeMillisecondsMax: Int64 = 10_000
    /// The longest wait after a failure that may pass. What fails while others succeed costs little to try again: a far
    /// side that answers nothing counts as down, and is spared by that. 30 s; for what is in a hurry that of a probe.
    public var backoffMillisecondsMax: Int64 = 30_000
    /// The wait after an error that is final. 5 minutes.
    public var refusedMilliseconds: Int64 = 300_000
    /// So many items that fail with nothing done between them mean that the far side is down. 4.
    public var failuresUntilDown = 4
    /// Over how long the retries are spread once the far side is back. 2 s.
    public var spreadMilliseconds: Int64 = 2_000

    public init() {}

    /// Four of these take all of a half.
    func isLong(_ bytes: UInt64) -> Bool { bytes > bytesInFlightMax / 8 }
}
