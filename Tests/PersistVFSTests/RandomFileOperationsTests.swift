import Foundation
import Persist
import PersistTestKit
import PersistVFS
import Testing

@Suite("Random operations against a reference")
struct RandomFileOperationsTests {
    /// PERSISTFS_SEED runs one seed alone; PERSISTFS_TEST_LONG runs a hundred times as many operations.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["PERSISTFS_SEED"].flatMap({ UInt64($0) }) { return [given] }
        return (0..<4).map { _ in .random(in: 0...UInt64.max) }
    }()
    static let count = ProcessInfo.processInfo.environment["PERSISTFS_TEST_LONG"] == nil ? 2_500 : 250_000

    @Test("R1 to R7 random operations over the reference store", arguments: seeds)
    func overMemory(seed: UInt64) throws {
        try check(seed) {
            FileOperationRun(TestBed(MemoryStore()) { $0.spillBytes = 100_000 }) { try $0.afterCrash() }
        }
    }

    /// Runs a seed; shrinks what fails to the fewest operations that still do.
    private func check(_ seed: UInt64, _ make: () throws -> FileOperationRun) throws {
        print("PERSISTFS_SEED=\(seed)")
        var random = SplitMix(seed: seed)
        let operations = (0..<Self.count).map { _ in FileOperation(using: &random) }
        guard var failure = try failure(operations, make) else { return }
        var shortest = operations
        var step = shortest.count / 2
        while step > 0 {
            var start = 0
            while start < shortest.count {
                let fewer = Array(shortest[..<start] + shortest[min(shortest.count, start + step)...])
                if let again = try self.failure(fewer, make) {
                    shortest = fewer
                    failure = again
                } else {
                    start += step
                }
            }
            step /= 2
        }
        let list = shortest.map { "    \($0)" }.joined(separator: "\n")
        Issue.record("seed \(seed): \(failure)\nafter\n\(list)")
    }

    private func failure(_ operations: [FileOperation], _ make: () throws -> FileOperationRun) throws -> String? {
        var run = try make()
        do {
            try run.run(operations)
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
