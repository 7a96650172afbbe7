import Foundation
@testable import PersistTestKit
import Persist
import SQLiteStore
import WriteBackCache

/// Two caches of one far side, random steps on both, and which contents must still be somewhere in the end.
///
/// Every content has a word that is in no other one. It may go only where somebody who had it replaced or removed it.
struct TwoMachines {
    let bed: CacheBed
    let caches: [WriteBackCache]
    private var clients: [StoreClient]
    private var random: SplitMix64
    private var count = 0
    /// Words that nobody has replaced.
    private(set) var kept: Set<String> = []
    private(set) var lines: Set<String> = []
    private(set) var steps: [String] = []

    init(seed: UInt64, shows: CacheBed.Shown) async throws {
        bed = try CacheBed(seed: seed, shows: shows)
        random = SplitMix64(seed: seed)
        let bed = bed
        caches = try (0..<2).map { _ in try bed.cache(at: bed.newPath()) }
        clients = caches.map { StoreClient($0.store, .memory) }
        for cache in caches { try await cache.refresh() }
    }

    func close() async {
        for cache in caches {
            await cache.stop()
            cache.store.close()
        }
    }

    /// Nobody is at the far side but one: between its look and its put no other one can come (R10 is best effort there).
    mutating func meetAlone() async throws {
        let side = random.below(2)
        steps.append("\(side) meets the far side")
        bed.setDown(false, for: caches[side])
        if random.below(3) > 0 { try await caches[side].sync() }
        if random.below(3) > 0 { try await look(side) }
        try await caches[side].sync()
        // What has not been read is not there while the far side is away.
        _ = try await caches[side].keptTree()
        bed.setDown(true, for: caches[side])
    }

    private func look(_ side: Int) async throws {
        // One that is under way since the far side was down fails.
        for _ in 0..<5 { if (try? await caches[side].refresh()) != nil { return } }
        try await caches[side].refresh()
    }

    /// Until neither has anything to say to the other.
    mutating func quiet() async throws {
        for cache in caches { bed.setDown(true, for: cache) }
        for round in 0..<6 {
            for side in 0..<2 {
                steps.append("\(side) is quiet, \(round)")
                bed.setDown(false, for: caches[side])
                try await caches[side].sync()
                try await look(side)
                try await caches[side].sync()
                _ = try await caches[side].keptTree()
                bed.setDown(true, for: caches[side])
            }
            guard try trees(0) != trees(1) else { break }
        }
        for cache in caches { bed.setDown(false, for: cache) }
    }

    /// But for the log, which each has in the order of arrival.
    func trees(_ side: Int) throws -> [String] {
        try Self.withoutLog(StoreTree.kept(of: caches[side].store))
    }

    static func withoutLog(_ tree: [String]) -> [String] { tree.filter { !$0.hasPrefix("events/log.jsonl:") } }

    /// All contents of both, conflicts among them.
    func everything() throws -> String {
        var all: [UInt8] = []
        for client in clients {
            for path in try StoreView.paths(in: client) {
                guard try client.node(path).kind == .file else { continue }
                all += try client.bytes(path) + [10]
            }
            for version in try client.store.keptVersions(.conflicts) {
                all += try client.store.keptBytes(.conflicts, version.path) + [10]
            }
        }
        return String(decoding: all, as: UTF8.self)
    }

    func log(_ side: Int) throws -> [String] {
        guard try clients[side].has("events/log.jsonl") else { return [] }
        return try clients[side].text("events/log.jsonl").split(separator: "\n").map(String.init)
    }

    // MARK: Steps

    mutating func step() {
        let side = random.below(2)
        count += 1
        clients[side].setClock(count)
        let before = kept
        do {
            try step(side)
        } catch {
            // Not there, in the way: nothing was done.
            kept = before
        }
    }

    private mutating func note(_ side: Int, _ what: String) { steps.append("\(count): \(side) \(what)") }

    private mutating func step(_ side: Int) throws {
        let path = file()
        switch random.below(20) {
        case 0...8:
            note(side, "writes w\(count) to \(path)")
            try write(path, side)
        case 9, 10:
            note(side, "removes \(path)")
            forget(words(path, side))
            try clients[side].unlink(path)
        case 11, 12, 13:
            let target = file(in: String(path.prefix { $0 != "/" }))
            guard target != path else { return }
            note(side, "renames \(path) to \(target)")
            forget(words(target, side))
            try clients[side].rename(path, to: target)
        case 14, 15:
            let new = random.one(of: Self.directories)
            note(side, "makes \(new)")
            try clients[side].directory(new)
        case 16:
            let (old, new) = (random.one(of: Self.directories), random.one(of: Self.directories))
            guard old != new, old.prefix(2) == new.prefix(2) else { return }
            note(side, "renames \(old) to \(new)")
            try clients[side].rename(old, to: new)
        case 17:
            note(side, "appends")
            let line = "{\"by\":\(side),\"n\":\(count)}"
            try clients[side].append("events/log.jsonl", line + "\n")
            lines.insert(line)
        case 18:
            note(side, "changes the mode of \(path)")
            let id = try clients[side].node(path).id
            _ = try clients[side].store.setAttributes(
                id, AttributeChange(mode: random.one(of: [0o600, 0o644, 0o755]), time: clients[side].tick()))
        default:
            note(side, "links \(path)")
            let parent = path.split(separator: "/").dropLast().joined(separator: "/")
            try clients[side].create(parent + "/l", .symlink, target: "t\(count)")
        }
    }

    private static let directories = ["kv/d", "kv/e", "blobs/d", "blobs/e", "records/d", "records/e"]

    private mutating func file(in namespace: String? = nil) -> String {
        let namespace = namespace ?? random.one(of: ["kv", "blobs", "records"])
        let name = random.one(of: ["a", "b", "c"]) + (namespace == "records" ? ".json" : "")
        return namespace + "/" + random.one(of: ["", "", "", "d/", "e/"]) + name
    }

    /// What is there, as this machine knows it.
    private func words(_ path: String, _ side: Int) -> Set<String> {
        guard let text = try? clients[side].text(path) else { return [] }
        return Set(text.split { !$0.isLetter && !$0.isNumber }.map(String.init))
    }

    private mutating func forget(_ words: Set<String>) { kept.subtract(words) }

    private mutating func write(_ path: String, _ side: Int) throws {
        let word = "w\(count)"
        if path.hasSuffix(".json") {
            var fields: [String: String] = [:]
            if let text = try? clients[side].text(path) {
                fields = (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? [:]
            }
            let field = random.one(of: ["x", "y", "z"])
            if let old = fields.updateValue(word, forKey: field) { forget([old]) }
            let text = fields.sorted { $0.key < $1.key }.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
            try clients[side].put(path, "{\(text)}\n")
        } else {
            forget(words(path, side))
            try clients[side].put(path, word + " " + String(repeating: "-", count: random.below(200)))
        }
        kept.insert(word)
    }
}
