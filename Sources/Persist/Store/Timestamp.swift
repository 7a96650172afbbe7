/// Nanoseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Sendable, Comparable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// From a `struct timespec`; times past what 64 bits of nanoseconds hold (the year 2262) are clamped.
    public init(seconds: Int64, nanoseconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, more) = product.addingReportingOverflow(nanoseconds)
        self.nanoseconds = overflow || more ? (seconds < 0 ? .min : .max) : sum
    }

    /// Rounded down.
    public var seconds: Int64 {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return rest < 0 ? seconds - 1 : seconds
    }
    /// 0 to 999,999,999, before 1970 too.
    public var subsecond: Int64 { ((nanoseconds % 1_000_000_000) + 1_000_000_000) % 1_000_000_000 }

    public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
}
