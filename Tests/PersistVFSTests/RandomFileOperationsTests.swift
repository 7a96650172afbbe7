import Foundation
import Persist
import PersistTestKit
import PersistVFS
import SQLiteStore
import Testing

@Suite("Random operations against a reference")
struct RandomFileOperationsTests {
    /// PERSISTFS_SEED runs one seed alone; PERSISTFS_TEST_LONG runs a hundred times as many operations.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["PERSISTFS_SEED"].flatMap({ UInt64($0) }) { return [given] }
        return (0..<4).map { _ in .random(in: 0...UInt64.max) }
    }()
    static let count: Int = {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["PERSISTFS_TEST_OPERATIONS"].flatMap({ Int($0) }) { return given }
        return environment["PERSISTFS_TEST_LONG"] == nil ? 2_500 : 250_000
    }()

    @Test("R1 to R7 random operations over the reference store", arguments: seeds)
    func overMemory(seed: UInt64) throws {
        try check(seed) {
            FileOperationRun(TestBed(MemoryStore()) { $0.spillBytes = 100_000 }) { try $0.afterCrash() }
        }
    }

    @Test("R1 to R7 random operations over a SQLite file", arguments: seeds)
    func overSQLite(seed: UInt64) throws {
        let directory = try ScratchDirectory()
        try check(seed) { try SQLiteBed(directory).run() }
    }

    /// Runs a seed; shrinks what fails to the fewest operations that still do.
    private func check(_ seed: UInt64, _ make: () throws -> FileOperationRun) throws {
        print("PERSISTFS_SEED=\(seed)")
        var random = SplitMix(seed: seed)
        let operations = (0..<Self.count).map { _ in FileOperation(using: &random) }
        guard try failure(operations, every: 100, make) != nil else { return }
        // Compared after each operation it fails where it first goes wrong: what comes later can go at once.
        var shortest = operations
        let start = ContinuousClock.now
        var low = 0
        while shortest.count - low > 25 {
            let middle = (low + shortest.count) / 2
            let prefix = Array(operations[..<middle])
            if try failure(prefix, every: 10, make) != nil { shortest = prefix } else { low = middle }
        }
        var step = shortest.count / 2
        while step > 0 {
            var index = 0
            while index < shortest.count, ContinuousClock.now - start < .seconds(40) {
                let fewer = Array(shortest[..<index] + shortest[min(shortest.count, index + step)...])
                if try self.failure(fewer, every: 10, make) != nil { shortest = fewer } else { index += step }
            }
            step /= 2
        }
        let failure = try self.failure(shortest, every: 10, make) ?? "only when compared every 100 operations"
        let list = shortest.map { "    \($0)" }.joined(separator: "\n")
        Issue.record("seed \(seed): \(failure)\nafter\n\(list)")
    }

    private func failure(
        _ operations: [FileOperation], every: Int, _ make: () throws -> FileOperationRun
    ) throws -> String? {
        var run = try make()
        do {
            try run.run(operations, treeEvery: every)
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// SplitMix64.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
