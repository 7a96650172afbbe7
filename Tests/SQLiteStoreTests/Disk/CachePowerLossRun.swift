import Persist
@testable import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

/// Random steps on a write-back cache whose disk writes everything down, and what it brings to its far side after a
/// crash. The far side has then what it had been given by that moment: it may know of a step that this disk has lost.
struct CachePowerLossRun {
    private let record: CrashRecord
    /// What the local store shows in each state, and what a far side is to have of that.
    private let views: [StoreContents]
    private let trees: [[String: String]]
    private let far: RecordedFar

    var syncs: Int { record.syncs }
    var uploads: Int { far.count }
    /// Of each step there is what must be found after it.
    var isComplete: Bool { views.count == record.steps + 1 && trees.count == views.count }

    init(seed: UInt64, steps: Int) async throws {
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: true)
        defer { disk.close() }
        far = RecordedFar { disk.eventCount }
        let caches = CrashingCaches(file, far, on: disk)
        var followed = try FollowedStore(caches.factory, seed: seed)
        var record = CrashRecord(seed: seed)
        var (views, trees): ([StoreContents], [[String: String]]) = ([], [])
        try await record.record(&followed, on: disk, steps: steps) { followed, isBefore in
            let store = try followed.referenceAfterCrash()
            let (view, tree) = (try StoreContents(of: store), try Self.contents(of: store))
            if isBefore { (views[views.count - 1], trees[trees.count - 1]) = (view, tree) }
            views.append(view)
            trees.append(tree)
        } meanwhile: { random in
            // Some of it goes up.
            guard Int.random(in: 0..<4, using: &random) == 0 else { return }
            try caches.hurry()
            try await Task.sleep(for: .milliseconds(5))
        }
        caches.end()
        record.finish(disk)
        (self.record, self.views, self.trees) = (record, views, trees)
    }

    private static let log = "log: "

    /// Each line of a log arrives by itself: of one step's lines some may be there.
    private static func isPart(_ found: String?, of possible: [String?]) -> Bool {
        guard let found, found.hasPrefix(log) else { return false }
        return possible.contains { found.hasPrefix($0 ?? log) }
            && possible.contains { $0?.hasPrefix(found.hasSuffix("\n") ? found : found + "\n") == true }
    }

    /// A line that the far side had been given and this disk has lost stays there, and what the disk has still is appended to
    /// it: the lines of one state, and between them such as another one has.
    private static func isUnion(_ found: String?, of possible: [String?]) -> Bool {
        guard let found, found.hasPrefix(log) else { return false }
        let logs = possible.map { lines($0 ?? log) }
        return logs.contains { state in
            var (rest, others) = (state[...], [String]())
            for line in lines(found) { if line == rest.first { rest.removeFirst() } else { others.append(line) } }
            return rest.isEmpty && logs.contains { isPart(others, of: $0) }
        }
    }

    private static func lines(_ text: String) -> [String] {
        text.dropFirst(log.count).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private static func isPart(_ lines: [String], of state: [String]) -> Bool {
        var state = state
        return lines.allSatisfy { line in
            guard let place = state.firstIndex(of: line) else { return false }
            state.remove(at: place)
            return true
        }
    }

    /// By path, what a far side keeps, but for what its side data says: a value may be there before that.
    private static func contents(of store: any LocalStore) throws -> [String: String] {
        let client = StoreClient(store, .memory)
        var found: [String: String] = [:]
        for path in try StoreView.paths(in: client) {
            let node = try client.node(path)
            guard !(node.isDocument && node.revision == 0) else { continue }
            var bytes = node.kind == .directory ? [] : try client.bytes(of: node.id)
            if node.isStream {
                if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
                found[path] = log + String(decoding: bytes, as: UTF8.self)
            } else {
                found[path] = words(bytes, "\(node.kind)")
            }
        }
        return found
    }

    private static func words(_ bytes: [UInt8], _ kind: String = "file") -> String {
        "\(kind), \(bytes.count) bytes: \(StoreView.words(bytes))"
    }

    /// Whatever it is called in them: content that each of the states has is somewhere.
    private static func lost(_ found: some Collection<String>, of possible: ArraySlice<[String: String]>) -> String? {
        var common = Set(possible.first?.values.filter { $0.hasPrefix("file, ") && !$0.hasPrefix("file, 0 ") } ?? [])
        for state in possible { common.formIntersection(state.values) }
        return common.subtracting(found).min()
    }

    func tryImages(_ count: Int, _ random: inout SplitMix64) async throws {
        let moments = record.moments(count, from: record.began[0], &random)
        try await record.images(at: moments, &random, look: look)
    }

    private func look(_ file: StoreFile, _ moment: Int, _ luck: CrashDisk.Luck) async throws -> String? {
        let bounds = record.bounds(at: moment, luck)
        let there = MemoryAdapter()
        for (key, value) in far.values(at: moment) { await there.put(key, value) }
        do {
            let cache = try CrashingCaches.open(file.path, FourMethods(there), boot: luck == .all ? nil : "another")
            defer { cache.store.close() }
            let findings = try cache.store.check()
            guard findings.isEmpty else { return "check finds \(findings)" }
            // That the first look had come to its end may be lost with the power: then no name is known without another.
            if cache.knowsAllNames {
                let found = try StoreContents(of: cache.store)
                guard views[bounds].contains(found) else {
                    return "it is not as after one of the steps \(bounds.lowerBound) to \(bounds.upperBound):\n"
                        + found.difference(to: views[bounds.upperBound])
                }
            }
            cache.run()
            // What the far side has of steps that were lost here is somebody else's to it (R10).
            try await cache.sync()
            try await cache.refresh()
            try await cache.sync()
            let fresh = try await Self.fresh(there)
            let kept = try cache.store.keptVersions(.conflicts).map {
                Self.words(try cache.store.keptBytes(.conflicts, $0.path))
            }
            await cache.stop()
            if let lost = Self.lost(fresh.values + kept, of: trees[bounds]) { return "this is nowhere: \(lost)" }
            for path in Set(fresh.keys).union(trees[bounds].flatMap(\.keys)) {
                let possible = trees[bounds].map { $0[path] }
                if !possible.contains(fresh[path]), !Self.isPart(fresh[path], of: possible),
                    !Self.isUnion(fresh[path], of: possible)
                {
                    return "a fresh cache shows of \(path)\n\(fresh[path] ?? "nothing")\nand not one of\n"
                        + Set(possible.map { $0 ?? "nothing" }).sorted().joined(separator: "\n")
                }
            }
            return nil
        } catch let error as StoreError { return "\(error); \(SharedMemory.report(of: file.path))" }
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
