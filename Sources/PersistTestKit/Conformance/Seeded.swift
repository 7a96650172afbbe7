/// Random numbers from a seed that is printed, and that PERSISTFS_SEED overrides.
package struct Seeded: RandomNumberGenerator {
    package let seed: UInt64
    private var random: SplitMix64

    package init(_ test: String) {
        seed = Binary.environment("PERSISTFS_SEED").flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
        random = SplitMix64(seed: seed)
        print("\(test): PERSISTFS_SEED=\(seed)")
    }

    package mutating func next() -> UInt64 { random.next() }

    package mutating func below(_ bound: Int) -> Int { random.below(bound) }

    /// Up to `count` of the pieces, one after another.
    package mutating func join(_ pieces: [[UInt8]], upTo count: Int) -> [UInt8] {
        var result: [UInt8] = []
        for _ in 0..<below(count + 1) { result += pieces[below(pieces.count)] }
        return result
    }
}

package func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
