import Foundation
import Persist
import PersistTestKit
import Testing

/// R2 of a write-back cache: what was fsynced reaches the far side, whatever the disk was left with.
@Suite("Loss of power under a write-back cache", .serialized)
struct CachePowerLossTests {
    /// 4 is early: it keeps a draft again (`FollowedStore.isKeptAgainNext`).
    static let seeds: [UInt64] = {
        if let one = ProcessInfo.processInfo.environment["PERSISTFS_SEED"].flatMap({ UInt64($0) }) { return [one] }
        return ([1, 4, 2, 3] + Array(5...1_000)).prefix(TestSize.number("PERSISTFS_TEST_POWER_SEEDS", 5, long: 40)).map
        {
            UInt64($0)
        }
    }()
    static let imagesPerSeed = TestSize.isLong ? 400 : 100

    @Test(
        "R2 after loss of power the cache opens, and brings each fsynced byte to the far side, nothing half",
        arguments: seeds)
    func powerLoss(seed: UInt64) async throws {
        let run = try await CachePowerLossRun(seed: seed, steps: 90)
        #expect(run.syncs >= 6 && run.uploads >= 20 && run.isComplete)
        var random = SplitMix64(seed: seed &* 0x9E37)
        try await run.tryImages(Self.imagesPerSeed, &random)
    }
}
