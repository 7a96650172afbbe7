internal import Glibc

/// The monotonic clock, in nanoseconds.
@inline(__always)
func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// How long each of many equal operations took, and all of them together.
struct Samples {
    private(set) var nanoseconds: [UInt64] = []
    private var began = now()
    private(set) var total: UInt64 = 0

    init(count: Int) { nanoseconds.reserveCapacity(count) }

    /// Starts the clock of the whole; what was done before is not counted.
    mutating func begin() { began = now() }
    /// Stops it.
    mutating func end() { total = now() - began }

    @inline(__always)
    mutating func add(_ time: UInt64) { nanoseconds.append(time) }

    /// The samples of many threads that ran at once.
    static func joined(_ parts: [Samples], total: UInt64) -> Samples {
        var all = Samples(count: parts.reduce(0) { $0 + $1.nanoseconds.count })
        for part in parts { all.nanoseconds += part.nanoseconds }
        all.total = total
        return all
    }

    /// One line: p50 and p99 in microseconds, and operations a second.
    func line(units: Double? = nil) -> String {
        let sorted = nanoseconds.sorted()
        func percentile(_ part: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]) / 1000
        }
        let rate = (units ?? Double(nanoseconds.count)) / (Double(total) / 1e9)
        return "\(percentile(0.5)) \(percentile(0.99)) \(rate)"
    }
}
