import Persist
import PersistTestKit
import SQLiteStore

/// A run of random steps on a store whose disk writes everything down, and what must be found after a crash.
struct PowerLossRun {
    private let record: CrashRecord
    /// What the store must show in each state.
    private let views: [StoreContents]
    let checkpoints: Int

    var syncs: Int { record.syncs }
    /// Of each step there is what must be found after it.
    var isComplete: Bool { views.count == record.steps + 1 }

    init(seed: UInt64, steps: Int) async throws {
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: true)
        defer { disk.close() }
        var followed = try FollowedStore(Self.factory(file), seed: seed)
        var isOpen = true
        defer { if isOpen { followed.store.close() } }
        var record = CrashRecord(seed: seed)
        var views: [StoreContents] = []
        try await record.record(&followed, on: disk, steps: steps) { followed, isBefore in
            let view = try StoreContents(of: followed.referenceAfterCrash())
            if isBefore { views[views.count - 1] = view }
            views.append(view)
        }
        followed.store.close()
        isOpen = false
        record.finish(disk)
        (self.record, self.views, checkpoints) = (record, views, disk.checkpointCount)
    }

    /// Checkpoints come soon, and every other reopening is a clean one.
    private static func factory(_ file: StoreFile) -> LocalStoreFactory {
        let open: @Sendable () throws -> SQLiteStore = { try file.open { $0.walBytesMax = 200_000 } }
        return LocalStoreFactory(
            name: "SQLiteStore", make: { _ in try open() },
            reopen: { old in
                guard let old = old as? SQLiteStore else { throw StoreError(.invalid) }
                if old.syncCount % 2 == 0 { old.close() } else { old.abandon() }
                return try open()
            })
    }

    /// Cuts the power `count` times, at moments spread over the run.
    func tryImages(_ count: Int, _ random: inout SplitMix64) async throws {
        try await record.images(at: record.moments(count, &random), &random, look: look)
    }

    /// Cuts the power at each moment of the making of the store, in each way.
    func tryCreation(_ random: inout SplitMix64) async throws {
        let moments = (0...record.began[0]).flatMap { Array(repeating: $0, count: CrashDisk.Luck.allCases.count) }
        try await record.images(at: moments, &random, look: look)
    }

    private func look(_ file: StoreFile, _ moment: Int, _ luck: CrashDisk.Luck) throws -> String? {
        let found: StoreContents
        do {
            let store = try file.open()
            defer { store.close() }
            let findings = try store.check()
            guard findings.isEmpty else { return "check finds \(findings)" }
            found = try StoreContents(of: store)
        } catch let error as StoreError { return "\(error)" }
        let bounds = record.bounds(at: moment, luck)
        guard !views[bounds].contains(found) else { return nil }
        let step = views.firstIndex(of: found).map { "step \($0)" } ?? "no step"
        return """
            it is as after \(step), not as after one of the steps \(bounds.lowerBound) to \(bounds.upperBound); compared with the last:
            \(found.difference(to: views[bounds.upperBound]))
            """
    }
}
