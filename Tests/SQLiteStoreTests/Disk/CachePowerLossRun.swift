import Glibc
import Persist
@testable import PersistTestKit
import SQLiteStore
import Synchronization
import Testing
import WriteBackCache

/// Random steps on a write-back cache whose disk writes everything down, and what it brings to its far side after a
/// crash. The far side has then what it had been given by that moment: it may know of a step that this disk has lost.
struct CachePowerLossRun {
    /// What the local store shows after each step, as a crash leaves it, and what a far side is to have of that.
    private var views: [StoreContents] = []
    private var trees: [[String: String]] = []
    private var began: [Int] = []
    private var returned: [Int] = []
    private var synced: [(events: Int, steps: Int)] = []
    private var events: [DiskEvent] = []
    private let far: RecordedFar
    private let seed: UInt64

    var syncs: Int { synced.count }
    var uploads: Int { far.count }

    init(seed: UInt64, steps: Int) async throws {
        self.seed = seed
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: true)
        defer { disk.close() }
        far = RecordedFar { disk.eventCount }
        let caches = CrashingCaches(file, far)
        var random = SplitMix64(seed: ~seed)
        var followed = try FollowedStore(caches.factory, seed: seed)
        try note(followed)
        var isAliased = false
        while views.count <= steps || isAliased {
            let operation = try followed.next()
            began.append(disk.eventCount)
            let outcome = followed.take(operation)
            guard case .done = outcome else { throw StoreError(.corrupt, hint: "seed \(seed): \(outcome)") }
            returned.append(disk.eventCount)
            if isAliased {
                views.removeLast()
                trees.removeLast()
            }
            try note(followed)
            isAliased = followed.isKeptAgainNext
            if !isAliased, Int.random(in: 0..<6, using: &random) == 0 {
                let count = views.count - 1
                try followed.store.sync()
                synced.append((disk.eventCount, count))
            }
            // Some of it goes up meanwhile.
            if Int.random(in: 0..<4, using: &random) == 0 {
                try caches.hurry()
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        caches.end()
        events = disk.events
    }

    private mutating func note(_ followed: FollowedStore) throws {
        let store = try followed.referenceAfterCrash()
        views.append(try StoreContents(of: store))
        trees.append(try Self.contents(of: store))
    }

    /// By path, what a far side keeps, but for what its side data says: a value may be there before that.
    private static func contents(of store: any LocalStore) throws -> [String: String] {
        let client = StoreClient(store, .memory)
        var found: [String: String] = [:]
        for path in try StoreView.paths(in: client) {
            let node = try client.node(path)
            guard !(node.isDocument && node.revision == 0) else { continue }
            var bytes = node.kind == .directory ? [] : try client.bytes(of: node.id)
            if node.isStream, let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
            found[path] = "\(node.kind), \(bytes.count) bytes: \(StoreView.words(bytes))"
        }
        return found
    }

    func tryImages(_ count: Int, _ random: inout SplitMix64) async throws {
        let moments = (0..<count).map { _ in Int.random(in: began[0]...events.count, using: &random) }.sorted()
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

    private func look(_ file: StoreFile, _ moment: Int, _ luck: CrashDisk.Luck) async throws -> String? {
        var floor = synced.last { $0.events <= moment }?.steps ?? 0
        if luck == .all { floor = max(floor, returned.count { $0 <= moment }) }
        let last = max(floor, began.count { $0 < moment })
        let there = MemoryAdapter()
        for (key, value) in far.values(at: moment) { await there.put(key, value) }
        do {
            let cache = try CrashingCaches.open(file.path, FourMethods(there))
            defer { cache.store.close() }
            let findings = try cache.store.check()
            guard findings.isEmpty else { return "check finds \(findings)" }
            let found = try StoreContents(of: cache.store)
            guard views[floor...last].contains(found) else {
                return "it is not as after one of the steps \(floor) to \(last):\n"
                    + found.difference(to: views[last])
            }
            cache.run()
            // What the far side has of steps that were lost here is somebody else's to it (R10).
            try await cache.sync()
            try await cache.refresh()
            try await cache.sync()
            let fresh = try await Self.fresh(there)
            await cache.stop()
            for path in Set(fresh.keys).union(trees[floor...last].flatMap(\.keys)) {
                let possible = trees[floor...last].map { $0[path] }
                if !possible.contains(fresh[path]) {
                    return "a fresh cache shows of \(path)\n\(fresh[path] ?? "nothing")\nand not one of\n"
                        + Set(possible.map { $0 ?? "nothing" }).sorted().joined(separator: "\n")
                }
            }
            return nil
        } catch let error as StoreError { return "\(error)" }
    }

    private static func fresh(_ far: MemoryAdapter) async throws -> [String: String] {
        let file = try StoreFile(in: StoreFile.memory)
        let cache = try CrashingCaches.open(file.path, FourMethods(far))
        cache.run()
        try await cache.refresh()
        let found = try Self.contents(of: cache.store)
        await cache.stop()
        cache.store.close()
        return found
    }
}

/// A far side in memory that knows when it was given what.
final class RecordedFar: PersistAdapter {
    private let values = MemoryAdapter()
    private let changes = Mutex<[(event: Int, key: StoreKey, value: [UInt8]?)]>([])
    private let now: @Sendable () -> Int

    init(now: @escaping @Sendable () -> Int) { self.now = now }

    var count: Int { changes.withLock { $0.count } }

    func values(at event: Int) -> [StoreKey: [UInt8]] {
        var found: [StoreKey: [UInt8]] = [:]
        for change in changes.withLock({ $0 }) where change.event <= event { found[change.key] = change.value }
        return found
    }

    private func note(_ key: StoreKey, _ value: [UInt8]?) { changes.withLock { $0.append((now(), key, value)) } }

    func get(_ key: StoreKey) async throws -> [UInt8]? { await values.get(key) }

    func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        await values.put(key, value)
        note(key, value)
    }

    func delete(_ key: StoreKey) async throws {
        await values.delete(key)
        note(key, nil)
    }

    func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        await values.list(prefix)
    }
}

/// The cache of one run, which is killed and opened again now and then.
final class CrashingCaches: Sendable {
    private let file: StoreFile
    private let far: RecordedFar
    private let open = Mutex<(cache: WriteBackCache, way: UnreliableAdapter)?>(nil)

    init(_ file: StoreFile, _ far: RecordedFar) {
        self.file = file
        self.far = far
    }

    static func open(_ path: String, _ far: any PersistAdapter) throws -> WriteBackCache {
        var store = SQLiteStoreOptions()
        store.reserveBytes = 0
        store.walBytesMax = 200_000
        var options = WriteBackCacheOptions()
        options.refreshMilliseconds = 3_600_000
        options.temporaryMilliseconds = 0
        return try WriteBackCache(far, path: path, storeOptions: store, options: options)
    }

    private func make() throws -> any LocalStore {
        let way = UnreliableAdapter(far, seed: 1)
        let cache = try Self.open(file.path, way)
        cache.run()
        while !cache.knowsAllNames { usleep(1_000) }
        open.withLock { $0 = (cache, way) }
        return cache.store
    }

    /// Sends what is there now.
    func hurry() throws { _ = try open.withLock { $0 }?.cache.hurry() }

    /// As if the process had been killed.
    func end() {
        guard let (cache, way) = open.withLock({ $0.take() }) else { return }
        way.cut()
        cache.abandon()
    }

    var factory: LocalStoreFactory {
        LocalStoreFactory(
            name: "WriteBackCache", make: { [self] _ in try make() },
            reopen: { [self] _ in
                end()
                return try make()
            })
    }
}
