/// How much of a file is fetched when a part of it is missed. A value; offsets and sizes are bytes.
///
/// Who reads from one end to the other gets more each time; who jumps gets what was asked for.
struct FetchWindow: Sendable, Equatable {
    static let first: UInt64 = 128 << 10
    static let most: UInt64 = 8 << 20

    /// Where the last fetch ended: who misses there reads on.
    private var next: UInt64 = 0
    private var window = Self.first
    private let unit: UInt64

    /// - Parameter unit: what is fetched begins and ends at multiples of it, but for the end of the file.
    init(unit: UInt64) { self.unit = unit }

    /// What to fetch where `wanted` is missed in a file of `size` bytes.
    mutating func take(_ wanted: Range<UInt64>, of size: UInt64) -> Range<UInt64> {
        let start = wanted.lowerBound / unit * unit
        // The kernel reads ahead in several requests at once, which come in no order; and what was missed may have come
        // since, with what was fetched ahead.
        let isNear = next > 0 && start + 2 * window >= next && start <= next + window
        let isBehind = isNear && start < next
        if !isBehind { window = isNear ? min(window * 2, Self.most) : Self.first }
        let end = max(wanted.upperBound, isBehind ? 0 : start + window)
        let range = start..<min(size, (end + unit - 1) / unit * unit)
        next = isBehind ? max(next, range.upperBound) : range.upperBound
        return range
    }

    /// Whoever waits for what ends there reads on.
    func isLast(_ fetched: Range<UInt64>) -> Bool { fetched.upperBound == next }

    /// What to fetch beside, before it is missed; nil where nobody reads on for long.
    func ahead(of size: UInt64) -> Range<UInt64>? {
        guard window >= Self.most / 4, next < size else { return nil }
        return next..<min(size, next + window)
    }

    /// That was fetched too.
    mutating func took(_ ahead: Range<UInt64>) { next = ahead.upperBound }
}
