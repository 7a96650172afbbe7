/// How long to wait before the child is started again: not at all, then 0.1 s, doubling to 10 s, each a random part
/// less, so that many that lost the same far side do not come back at once.
struct Backoff {
    /// Starts that led to nothing, one after another.
    private(set) var failures = 0
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The child has answered something.
    mutating func reset() { failures = 0 }

    mutating func next() -> Duration {
        defer { failures += 1 }
        guard failures > 0 else { return .zero }
        let whole = min(100 << min(failures - 1, 20), 10_000)
        return .milliseconds(whole - random(below: whole / 2))
    }

    /// SplitMix64.
    private mutating func random(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }
}
