import Foundation
import Persist
import PersistTestKit
import PersistVFS
import SQLiteStore
import Testing

@Suite("Random operations against a reference")
struct RandomFileOperationsTests {
    /// PERSISTFS_SEED runs one seed alone; PERSISTFS_TEST_LONG makes it a million operations.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["PERSISTFS_SEED"].flatMap({ UInt64($0) }) { return [given] }
        return (0..<4).map { _ in .random(in: 0...UInt64.max) }
    }()
    static let count: Int = {
        let environment = ProcessInfo.processInfo.environment
        if let given = environment["PERSISTFS_TEST_OPERATIONS"].flatMap({ Int($0) }) { return given }
        return environment["PERSISTFS_TEST_LONG"] == nil ? 10_000 : 250_000
    }()

    @Test("R1 to R10 random operations over the reference store", arguments: seeds)
    func overMemory(seed: UInt64) throws {
        try check(seed) { MemoryPlace() }
    }

    @Test("R1 to R10 random operations over a SQLite file that two more processes write", arguments: seeds)
    func overSQLite(seed: UInt64) throws {
        let directory = try ScratchDirectory()
        try check(seed) { SQLitePlace(directory) }
    }

    @Test("R1 to R10 the same over a copy of a far side, with long content beside it", arguments: seeds.prefix(2))
    func overCopy(seed: UInt64) throws {
        let directory = try ScratchDirectory()
        try check(seed) { SQLitePlace(directory, isCopy: true) }
    }

    @Test("R9 a value that was synced and never closed is no row for others to delete, under another name neither")
    func renamedBeforeItsFirstClose() throws {
        // create, write, fsync and rename in kv/; then others delete the key.
        let operations: [FileOperation] = [
            .init(.create, 17, 13, 1, 82110), .init(.write, 11, 31, 1, 117_217), .init(.fsync, 31, 8, 1, 99744),
            .init(.rename, 17, 15, 1, 37252), .init(.foreignDelete, 0, 29, 1, 53677), .init(.flush, 0, 0, 1, 0),
            .init(.foreignDelete, 0, 29, 1, 53677),
        ]
        let directory = try ScratchDirectory()
        #expect(try failure(operations) { MemoryPlace() } == nil)
        #expect(try failure(operations) { SQLitePlace(directory) } == nil)
    }

    @Test("R9 a new document that has taken a value's place is published: what others give it then shows")
    func publishedByRename() throws {
        let operations: [FileOperation] = [
            .init(.foreignPut, 23, 29, 1, 7540), .init(.create, 14, 32, 3, 44833), .init(.truncate, 31, 44, 3, 177_935),
            .init(.rename, 14, 23, 1, 55752), .init(.foreignPut, 20, 21, 3, 199_545),
        ]
        let directory = try ScratchDirectory()
        #expect(try failure(operations) { MemoryPlace() } == nil)
        #expect(try failure(operations) { SQLitePlace(directory) } == nil)
    }

    /// Runs a seed; shrinks what fails to the fewest operations that still do.
    private func check(_ seed: UInt64, _ make: () -> any FileOperationPlace) throws {
        print("PERSISTFS_SEED=\(seed)")
        var random = SplitMix64(seed: seed)
        let meeting = FileOperation.meeting
        let operations = (0..<Self.count).map { index in
            switch index % 100 {
            case 99: FileOperation(.compareTree, 0, 0, 0, 0)
            case 99 - meeting.count..<99: meeting[index % 100 - (99 - meeting.count)]
            default: FileOperation(using: &random)
            }
        }
        guard let first = try failure(operations, make) else { return }
        var shortest = Array(operations.prefix(first.index + 1))
        var failure = first
        let start = ContinuousClock.now
        var step = shortest.count / 2
        while step > 0 {
            var index = 0
            while index < shortest.count, ContinuousClock.now - start < .seconds(40) {
                let fewer = Array(shortest[..<index] + shortest[min(shortest.count, index + step)...])
                if let again = try self.failure(fewer, make) {
                    shortest = Array(fewer.prefix(again.index + 1))
                    failure = again
                } else {
                    index += step
                }
            }
            step /= 2
        }
        let list = shortest.map { "    \($0)" }.joined(separator: "\n")
        Issue.record("seed \(seed): \(first)\nshrunk: \(failure)\nafter\n\(list)")
    }

    /// A run that comes to none of these proves little.
    private func expectVariety(_ met: [String: Int]) {
        print(met.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        guard Self.count >= 2_000 else { return }
        for what in ["ok", "conflict", "rejected", "notPermitted", "exists", "notEmpty"] {
            #expect(met[what, default: 0] > 0, "\(what) never came up")
        }
    }

    private func failure(
        _ operations: [FileOperation], _ make: () -> any FileOperationPlace
    ) throws -> FileOperationRun.Disagreement? {
        let place = make()
        defer { place.abandon() }
        do throws(FileOperationRun.Disagreement) {
            var run = try FileOperationRun(in: place)
            try run.run(operations)
            if operations.count == Self.count { expectVariety(run.met) }
            return nil
        } catch {
            return error
        }
    }
}
