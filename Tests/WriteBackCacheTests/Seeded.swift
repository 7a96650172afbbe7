import Foundation

/// Random numbers from a seed that is printed, and that PERSISTFS_SEED overrides.
struct Seeded: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(_ test: String) {
        let given = ProcessInfo.processInfo.environment["PERSISTFS_SEED"].flatMap { UInt64($0) }
        seed = given ?? .random(in: 0...UInt64.max)
        state = seed
        print("\(test): PERSISTFS_SEED=\(seed)")
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    /// Up to `count` of the pieces, one after another.
    mutating func join(_ pieces: [[UInt8]], upTo count: Int) -> [UInt8] {
        var result: [UInt8] = []
        for _ in 0..<below(count + 1) { result += pieces[below(pieces.count)] }
        return result
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
