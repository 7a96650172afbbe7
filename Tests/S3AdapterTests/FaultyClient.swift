import Persist
import PersistTestKit
import S3Adapter
import Testing

/// Uses keys of its own at random through an adapter whose requests may fail, and knows what each may have.
///
/// What failed may have been done: then a key has one of several values, until one is seen.
struct FaultyClient: Sendable {
    private let adapter: S3Adapter
    private let prefix: String
    private let putsConditionally: Bool
    private var random: SplitMix64
    /// nil: no value.
    private var possible: [StoreKey: Set<[UInt8]?>] = [:]
    private(set) var errorKinds: Set<StoreError.Kind> = []

    private static let keysMax = 4

    init(_ adapter: S3Adapter, _ number: Int, seed: UInt64, putsConditionally: Bool) {
        self.adapter = adapter
        self.putsConditionally = putsConditionally
        prefix = "blobs/\(number)/"
        random = SplitMix64(seed: seed)
        for number in 0..<Self.keysMax { possible[StoreKey(stringLiteral: "\(prefix)\(number)")] = [nil] }
    }

    mutating func run(steps: Int) async throws {
        // Something is there from the first step.
        for key in possible.keys.sorted().prefix(2) { try await attempt(key) { try await $0.put(key) } }
        for _ in 0..<steps {
            let key = StoreKey(stringLiteral: "\(prefix)\(random.below(Self.keysMax))")
            let step = random.below(putsConditionally ? 12 : 10)
            try await attempt(key) { client in
                switch step {
                case 0..<3: try await client.put(key)
                case 3..<6: try await client.get(key)
                case 6: try await client.delete(key)
                case 7: try await client.list()
                case 8..<10: try await client.getPart(key)
                default: try await client.putConditionally(key)
                }
            }
        }
    }

    /// Without faults: all is as it may be.
    mutating func settle() async throws {
        for key in possible.keys.sorted() { try await get(key) }
        try await list()
    }

    // MARK: Steps

    private mutating func attempt(
        _ key: StoreKey, _ step: (inout FaultyClient) async throws -> Void
    ) async throws {
        do { try await step(&self) } catch let error as StoreError {
            #expect(error.kind == .timedOut || error.kind == .io, "\(error)")
            #expect(error.hint?.isEmpty == false)
            errorKinds.insert(error.kind)
        }
    }

    private mutating func put(_ key: StoreKey) async throws {
        let value = newValue()
        possible[key]?.insert(value)
        try await adapter.put(key, value)
        possible[key] = [value]
    }

    private mutating func get(_ key: StoreKey) async throws {
        saw(try await adapter.get(key), at: key)
    }

    private mutating func delete(_ key: StoreKey) async throws {
        possible[key]?.insert(nil)
        try await adapter.delete(key)
        possible[key] = [nil]
    }

    private mutating func list() async throws {
        var sizes: [StoreKey: UInt64] = [:]
        for try await entry in try await adapter.listKeys(StoreKey(stringLiteral: prefix)) {
            #expect(possible[entry.key] != nil, "\(entry.key)")
            sizes[entry.key] = entry.size
        }
        for (key, values) in possible {
            let fitting = values.filter { $0.map { UInt64($0.count) } == sizes[key] }
            let isPossible = !fitting.isEmpty
            #expect(isPossible, "\(key) is listed with \(sizes[key].map { "\($0) bytes" } ?? "nothing")")
            possible[key] = fitting
        }
    }

    private mutating func getPart(_ key: StoreKey) async throws {
        let start = random.below(200)
        let range = UInt64(start)..<UInt64(start + 1 + random.below(300))
        let part = try await adapter.get(key, range: range)?.value
        let fitting = possible[key]!.filter { value in
            value.map { Array($0[range.clamped(to: 0..<UInt64($0.count)).indices(of: $0)]) } == part
        }
        let isPossible = !fitting.isEmpty
        #expect(isPossible, "\(key) \(range)")
        possible[key] = fitting
    }

    private mutating func putConditionally(_ key: StoreKey) async throws {
        let found = try await adapter.getRevised(key)
        saw(found?.value, at: key)
        let value = newValue()
        possible[key]?.insert(value)
        do {
            _ = try await adapter.put(key, value, replacing: found?.revision)
        } catch is RevisionConflict {
            // Nobody else puts here: it has met its own.
        }
        possible[key] = [value]
    }

    private mutating func saw(_ value: [UInt8]?, at key: StoreKey) {
        // Not in the macro, which shows all values.
        let isPossible = possible[key]!.contains(value)
        #expect(isPossible, "\(key) has \(value.map { "\($0.count) bytes" } ?? "no value")")
        possible[key] = [value]
    }

    /// Another one each time, some longer than a packet.
    private mutating func newValue() -> [UInt8] {
        let count = random.below(4) == 0 ? 100_000 + random.below(100_000) : 1 + random.below(600)
        let words = (0...count / 8).map { _ in random.next() }
        return Array(
            words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }.prefix(count))
    }
}

extension Range<UInt64> {
    fileprivate func indices(of value: [UInt8]) -> Range<Int> { Int(lowerBound)..<Int(upperBound) }
}
