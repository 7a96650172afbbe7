import Foundation
import Persist
import PersistTestKit
import Testing
import WriteBackCache

@Suite("Two caches of one far side", .serialized)
struct TwoCachesTests {
    /// `PERSISTFS_SEED` runs one alone, `PERSISTFS_TEST_LONG` takes more of them. The last one found what few did.
    private static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["PERSISTFS_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        return environment["PERSISTFS_TEST_LONG"] == nil ? Array(1...8) + [66] : Array(1...400)
    }()

    @Test(
        "R10 whatever two machines do at once, in the end both show the same, and no content is lost",
        arguments: seeds, [CacheBed.Shown.fourMethods, .all])
    func randomSteps(seed: UInt64, shows: CacheBed.Shown) async throws {
        var machines = try await TwoMachines(seed: seed, shows: shows)
        for cache in machines.caches { machines.bed.setDown(true, for: cache) }
        for number in 0..<120 {
            machines.step()
            if number % 15 == 14 { try await machines.meetAlone() }
        }
        try await machines.quiet()
        let trees = try (machines.trees(0), machines.trees(1), TwoMachines.withoutLog(await machines.bed.freshTree()))
        let everything = try machines.everything()
        let lost = machines.kept.filter { !everything.contains($0 + " ") && !everything.contains($0 + "\"") }
        #expect(lost.isEmpty, "seed \(seed)")
        for side in 0..<2 {
            let lines = try machines.log(side)
            #expect(Set(lines) == machines.lines && lines.count == machines.lines.count, "seed \(seed): log of \(side)")
        }
        #expect(trees.0 == trees.1, "seed \(seed)")
        #expect(trees.0 == trees.2, "seed \(seed)")
        if trees.0 != trees.1 || trees.0 != trees.2 || !lost.isEmpty {
            let different = Set(trees.0).symmetricDifference(trees.1).union(Set(trees.0).symmetricDifference(trees.2))
            print("seed \(seed), different:\n" + different.sorted().joined(separator: "\n"))
            print("lost \(lost.sorted()), after\n" + machines.steps.joined(separator: "\n"))
            print(machines.bed.history.lines(with: "").joined(separator: "\n"))
        }
        await machines.close()
    }
}
