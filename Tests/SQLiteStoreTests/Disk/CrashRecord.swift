import Persist
import PersistTestKit
import Testing

/// Random steps on a store whose disk writes everything down, and which of them a crash at some moment may leave.
///
/// State 0 is that before the first step, state n that after step n: whoever keeps what must be found keeps one of each.
struct CrashRecord {
    /// How many events there were when each step began, and when it had returned.
    private(set) var began: [Int] = []
    private var returned: [Int] = []
    /// A sync had returned when there were so many events; so many steps had been taken before.
    private var synced: [(events: Int, steps: Int)] = []
    private(set) var events: [DiskEvent] = []
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    var steps: Int { began.count }
    var syncs: Int { synced.count }

    /// Takes steps, with a sync after some.
    ///
    /// - Parameters:
    ///   - note: called with each state, from 0 on; where `isBefore`, the state before is this one too
    ///     (`FollowedStore.isKeptAgainNext`).
    ///   - meanwhile: called after each step.
    mutating func record(
        _ followed: inout FollowedStore, on disk: Disk, steps: Int,
        note: (_ followed: FollowedStore, _ isBefore: Bool) throws -> Void,
        meanwhile: (inout SplitMix64) async throws -> Void = { _ in }
    ) async throws {
        var random = SplitMix64(seed: ~seed)
        var isAliased = false
        try note(followed, false)
        while self.steps < steps || isAliased {
            let operation = try followed.next()
            began.append(disk.eventCount)
            let outcome = followed.take(operation)
            guard case .done = outcome else {
                let memory = SharedMemory.report(of: disk.directory + "/store.db")
                throw StoreError(.corrupt, hint: "seed \(seed): \(outcome); \(memory)")
            }
            returned.append(disk.eventCount)
            try note(followed, isAliased)
            isAliased = followed.isKeptAgainNext
            if !isAliased, Int.random(in: 0..<6, using: &random) == 0 {
                try followed.store.sync()
                synced.append((disk.eventCount, self.steps))
            }
            try await meanwhile(&random)
        }
    }

    /// When the store is closed: takes what the disk has written down.
    mutating func finish(_ disk: Disk) { events = disk.events }

    /// The states of which one must be found.
    func bounds(at moment: Int, _ luck: CrashDisk.Luck) -> ClosedRange<Int> {
        var floor = synced.last { $0.events <= moment }?.steps ?? 0
        if luck == .all { floor = max(floor, returned.count { $0 <= moment }) }
        // Step n begins where there were began[n - 1] events: what it wrote came after those.
        return floor...max(floor, began.count { $0 < moment })
    }

    /// Cuts the power at each of these moments, in one way after another.
    ///
    /// - Parameters:
    ///   - moments: in their order.
    ///   - look: what is wrong with what the disk holds then; nil: nothing.
    func images(
        at moments: [Int], _ random: inout SplitMix64,
        look: (_ file: StoreFile, _ moment: Int, _ luck: CrashDisk.Luck) async throws -> String?
    ) async throws {
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
            if let problem = try await look(file, moment, luck) {
                Issue.record("seed \(seed), power lost at event \(moment) of \(events.count), \(luck): \(problem)")
                return
            }
        }
    }

    /// So many moments from this one to the end, in their order.
    func moments(_ count: Int, from first: Int = 0, _ random: inout SplitMix64) -> [Int] {
        (0..<count).map { _ in Int.random(in: first...events.count, using: &random) }.sorted()
    }
}
