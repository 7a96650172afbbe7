import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

/// R2 where a power cut is played: every state that the disk may be left in, by the order of writes and syncs.
@Suite("Loss of power")
struct PowerLossTests {
    static let seeds = (1...TestSize.number("PERSISTFS_TEST_POWER_SEEDS", 4, long: 100)).map { UInt64($0) }
    static let imagesPerSeed = TestSize.isLong ? 1_000 : 150

    @Test(
        "R2 after loss of power the store opens, is clean, and is as it was at, or at a step after, the last sync",
        arguments: seeds)
    func powerLoss(seed: UInt64) async throws {
        let run = try await PowerLossRun(seed: seed, steps: 110)
        #expect(run.checkpoints >= 3, "the run has \(run.checkpoints) checkpoints: too few to prove anything")
        #expect(run.syncs >= 8 && run.isComplete)
        var random = SplitMix64(seed: seed &* 0x9E37)
        try await run.tryImages(Self.imagesPerSeed, &random)
    }

    @Test("R2 a power cut while the store is made leaves nothing that keeps it from being made")
    func creation() async throws {
        let run = try await PowerLossRun(seed: 5, steps: 1)
        var random = SplitMix64(seed: 5)
        try await run.tryCreation(&random)
    }
}

/// Larger numbers with PERSISTFS_TEST_LONG.
enum TestSize {
    static let isLong = getenv("PERSISTFS_TEST_LONG").map { $0.pointee != 0 } ?? false

    /// - Parameter variable: overrides both.
    static func number(_ variable: String, _ short: Int, long: Int) -> Int {
        getenv(variable).flatMap { Int(String(cString: $0)) } ?? (isLong ? long : short)
    }
}
