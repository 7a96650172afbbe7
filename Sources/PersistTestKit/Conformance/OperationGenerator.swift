internal import Persist

/// Makes up steps: mostly on names that are there, and never far more than 64 of them.
struct OperationGenerator {
    private var random: SplitMix64
    private let canReopen: Bool
    private let hasOthers: Bool
    private var known: [String] = []
    /// The path that a slot's draft was last opened at.
    private var drafted: [Int: String] = [:]

    init(seed: UInt64, canReopen: Bool, hasOthers: Bool) {
        random = SplitMix64(seed: seed)
        self.canReopen = canReopen
        self.hasOthers = hasOthers
    }

    /// - Parameter paths: what there is by now; nil: as it was.
    mutating func next(paths: [String]?) -> StoreOperation {
        if let paths { known = paths }
        if known.count > 64 {
            let path = random.one(of: known)
            return Self.directories.contains(path.last) ? .removeDirectory(path) : .unlink(path)
        }
        switch random.below(100) {
        case 0..<8: return .create(newPath())
        case 8..<16: return .directory(newDirectory())
        case 16..<18: return .symlink(newDirectory().replacingLast(by: "l"), target: "a.json")
        case 18..<34:
            let path = path()
            return .put(path, value(for: path))
        case 34..<36:
            let slot = random.below(2)
            let path = drafted[slot] ?? path()
            return .putBased(path, value(for: path), slot: slot)
        case 36..<44:
            return .append(streamPath(), lines(), continuing: random.isOne(in: 3), unterminated: random.isOne(in: 3))
        case 44..<48: return .unlink(path())
        case 48..<50: return .removeDirectory(directory())
        case 50..<62:
            let from = random.isOne(in: 4) ? directory() : path()
            return .rename(from, to: neighbour(of: from))
        case 62..<64:
            let from = path()
            return .renameNew(from, to: neighbour(of: from))
        case 64..<67:
            let from = random.isOne(in: 3) ? directory() : path()
            return .exchange(from, with: neighbour(of: from))
        case 67..<69: return .setMode(path(), random.one(of: [0o600, 0o644, 0o755, 0o4755]))
        case 69..<71: return .setTimes(path())
        case 71..<73:
            return .setAttribute(path(), random.one(of: ["user.a", "user.b"]), random.one(of: ["", "x", "yy"]))
        case 73: return .removeAttribute(path(), random.one(of: ["user.a", "user.b"]))
        case 74..<86: return draftOperation()
        case 86..<90: return tailOperation()
        case 90..<92: return .hold(random.below(2), path())
        case 92: return .release(random.below(2))
        case 93: return .keepRejected(path(), "{")
        case 94..<97: return hasOthers ? foreignOperation() : .create(newPath())
        case 97..<99: return canReopen ? .reopen : .release(random.below(2))
        default: return .unlink(path())
        }
    }

    private mutating func draftOperation() -> StoreOperation {
        let slot = random.below(2)
        switch random.below(19) {
        case 15...18:
            // No zeros: whether a chunk that has become zeros is a hole differs from store to store.
            let count = random.one(of: [1, 100, 4_096, 20_000, 40_000])
            return .patchChunk(
                slot, index: random.below(3), at: random.below(65_537 - count), count: count,
                byte: UInt8(1 + random.below(255)))
        case 12: return .punchDraft(slot, chunks())
        case 13: return .share(slot, path(), chunks(), to: UInt64(random.below(4)))
        case 14: return .shareDraft(slot, of: random.below(2), chunks(), to: UInt64(random.below(4)))
        case 0, 1, 2:
            let path = path()
            drafted[slot] = path
            return .openDraft(slot, path)
        case 3, 4, 5: return .writeChunk(slot, index: random.below(3), byte: UInt8(random.below(256)))
        case 6: return .writeEnd(slot, index: random.below(3), count: 1 + random.below(1_000), byte: UInt8(ascii: "0"))
        case 7:
            // One digit is a document.
            return .writeEnd(slot, index: 0, count: 1, byte: UInt8(ascii: "7"))
        case 8: return .cutDraft(slot, size: random.one(of: [0, 1, 5, 65_535, 65_536, 70_000, 131_072]))
        case 9: return .keepDraft(slot)
        case 10: return .publishDraft(slot)
        default: return random.isOne(in: 3) ? .dropDraft(slot) : .publishDraft(slot)
        }
    }

    private mutating func chunks() -> Range<UInt64> {
        let first = UInt64(random.below(3))
        return first..<(first + UInt64(1 + random.below(2)))
    }

    private mutating func tailOperation() -> StoreOperation {
        let slot = random.below(2)
        return switch random.below(4) {
        case 0, 1: .keepTail(slot, streamPath(), random.one(of: ["1", "12", "{\"a", "[1]"]))
        case 2: .joinTail(slot, lines())
        default: .dropTail(slot)
        }
    }

    private mutating func foreignOperation() -> StoreOperation {
        let namespace = random.one(of: [Namespace.records, .kv])
        let names = namespace == .records ? ["a", "b"] : ["a.json", "a.txt", "d"]
        let prefix = random.one(of: ["", "", "d/", "e/", "d/e/"])
        let key = prefix + random.one(of: names)
        return random.isOne(in: 3)
            ? .foreignDelete(namespace, key) : .foreignPut(namespace, key, random.one(of: ["1", "[2]", "\"three\""]))
    }

    // MARK: Names

    private static let files = ["a.json", "b.json", "a.txt", "a.tmp", "a.jsonl", "b.log", ".a.json.Ab3dEf"]
    private static let directories = ["d", "e", ".~tmp~"]

    private mutating func namespace() -> String { random.one(of: ["records", "records", "kv", "blobs", "events"]) }

    private mutating func newDirectory() -> String {
        let parent = random.isOne(in: 2) ? namespace() : directory()
        return (parent.depth > 3 ? namespace() : parent) + "/" + random.one(of: Self.directories)
    }

    private mutating func newPath() -> String {
        (random.isOne(in: 2) ? namespace() : directory()) + "/" + random.one(of: Self.files)
    }

    private mutating func path() -> String {
        if random.isOne(in: 20), let any = known.randomElement(using: &random) { return any }
        let found = known.filter { !Self.directories.contains($0.last) }
        return found.isEmpty || random.isOne(in: 4) ? newPath() : random.one(of: found)
    }

    private mutating func directory() -> String {
        let found = known.filter { Self.directories.contains($0.last) }
        return found.isEmpty || random.isOne(in: 8) ? namespace() : random.one(of: found)
    }

    private mutating func streamPath() -> String {
        let found = known.filter { $0.hasPrefix("events/") }
        return found.isEmpty || random.isOne(in: 3)
            ? "events/" + random.one(of: ["a.jsonl", "b.log"])
            : random.one(of: found)
    }

    /// Another name, in the same namespace but for a few.
    private mutating func neighbour(of path: String) -> String {
        let namespace = random.isOne(in: 20) ? self.namespace() : String(path.prefix { $0 != "/" })
        let found = known.filter { $0.hasPrefix(namespace + "/") }
        let alike = found.filter { Self.directories.contains($0.last) == Self.directories.contains(path.last) }
        if !alike.isEmpty, random.isOne(in: 2) { return random.one(of: alike) }
        let parents = [namespace] + found.filter { Self.directories.contains($0.last) && $0.depth <= 3 }
        return random.one(of: parents) + "/"
            + random.one(
                of: Self.directories.contains(path.last) != random.isOne(in: 10) ? Self.directories : Self.files)
    }

    // MARK: Contents

    private mutating func value(for path: String) -> String {
        path.hasPrefix("events/") && random.isOne(in: 2)
            ? lines() : random.one(of: ["", "1", "[2]\n", "{\"a\": 3}", "{", "text", "1\n2\n", "007"])
    }

    private mutating func lines() -> String {
        (0...random.below(3)).map { _ in random.one(of: ["1\n", "{\"a\":2}\n", "[3]\n", "x\n", "\n", "4", ""]) }
            .joined()
    }
}

extension String {
    fileprivate var last: String { String(split(separator: "/").last ?? "") }
    fileprivate var depth: Int { split(separator: "/").count }
    fileprivate func replacingLast(by name: String) -> String {
        split(separator: "/").dropLast().joined(separator: "/") + "/" + name
    }
}
