import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

/// A run of random steps on a store whose disk writes everything down, and what must be found after a crash.
struct PowerLossRun {
    /// What the store must show where the step was the last whose transaction is there.
    private var views: [StoreContents] = []
    /// How many events there were when the step began, and when it had returned.
    private var began: [Int] = []
    private var returned: [Int] = []
    /// A sync had returned when there were so many events; so many steps had been taken before.
    private var synced: [(events: Int, steps: Int)] = []
    private let events: [DiskEvent]
    let checkpoints: Int
    private let seed: UInt64

    var syncs: Int { synced.count }

    init(seed: UInt64, steps: Int) throws {
        self.seed = seed
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: true)
        defer { disk.close() }
        var random = SplitMix64(seed: ~seed)
        var followed = try FollowedStore(Self.factory(file), seed: seed)
        var isOpen = true
        defer { if isOpen { followed.store.close() } }
        views.append(try StoreContents(of: followed.referenceAfterCrash()))
        var isAliased = false
        while views.count <= steps || isAliased {
            let operation = try followed.next()
            began.append(disk.eventCount)
            let outcome = followed.take(operation)
            guard case .done = outcome else { throw StoreError(.corrupt, hint: "seed \(seed): \(outcome)") }
            returned.append(disk.eventCount)
            let view = try StoreContents(of: followed.referenceAfterCrash())
            if isAliased { views[views.count - 1] = view }
            views.append(view)
            isAliased = followed.isKeptAgainNext
            if !isAliased, Int.random(in: 0..<6, using: &random) == 0 {
                let count = views.count - 1
                try followed.store.sync()
                synced.append((disk.eventCount, count))
            }
        }
        followed.store.close()
        isOpen = false
        checkpoints = disk.checkpointCount
        events = disk.events
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
    func tryImages(_ count: Int, _ random: inout SplitMix64) throws {
        let moments = (0..<count).map { _ in Int.random(in: 0...events.count, using: &random) }
        try tryImages(at: moments.sorted(), &random)
    }

    /// Cuts the power at each moment of the making of the store, in each way.
    func tryCreation(_ random: inout SplitMix64) throws {
        let moments = (0...began[0]).flatMap { Array(repeating: $0, count: CrashDisk.Luck.allCases.count) }
        try tryImages(at: moments, &random)
    }

    private func tryImages(at moments: [Int], _ random: inout SplitMix64) throws {
        let file = try StoreFile(in: StoreFile.memory)
        var disk = CrashDisk()
        var applied = 0
        for (number, moment) in moments.enumerated() {
            while applied < moment {
                disk.apply(events[applied])
                applied += 1
            }
            let luck = CrashDisk.Luck.allCases[number % CrashDisk.Luck.allCases.count]
            file.removeAll()
            for (name, bytes) in disk.image(luck, &random) { try file.write(bytes, to: name) }
            if let problem = try look(file, moment, luck) {
                Issue.record("seed \(seed), power lost at event \(moment) of \(events.count), \(luck): \(problem)")
                return
            }
        }
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
        var floor = synced.last { $0.events <= moment }?.steps ?? 0
        if luck == .all { floor = max(floor, returned.count { $0 <= moment }) }
        // Step n begins where there were began[n - 1] events: what it wrote came after those.
        let last = max(floor, began.count { $0 < moment })
        guard !views[floor...last].contains(found) else { return nil }
        let step = views.firstIndex(of: found).map { "step \($0)" } ?? "no step"
        return """
            it is as after \(step), not as after one of the steps \(floor) to \(last); compared with step \(last):
            \(found.difference(to: views[last]))
            """
    }
}
