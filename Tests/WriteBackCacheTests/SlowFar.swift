import Persist
import PersistTestKit

/// A far side in memory, each of whose values takes a while.
struct SlowFar: AttributedPutting, RangedReading {
    let values = MemoryAdapter()
    let takes: Duration

    func get(_ key: StoreKey) async throws -> [UInt8]? {
        try await Task.sleep(for: takes)
        return await values.get(key)
    }

    func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        try await Task.sleep(for: takes)
        await values.put(key, value)
    }

    func delete(_ key: StoreKey) async throws { await values.delete(key) }

    func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        await values.list(prefix)
    }

    func getRevised(_ key: StoreKey) async throws -> RevisedValue? {
        try await Task.sleep(for: takes)
        return await values.getRevised(key)
    }

    func put(_ key: StoreKey, _ value: [UInt8], replacing revision: Revision?) async throws -> Revision {
        try await Task.sleep(for: takes)
        return try await values.put(key, value, replacing: revision)
    }

    func listKeys(_ prefix: StoreKey) async throws -> any AsyncSequence<KeyEntry, any Error> & Sendable {
        await values.listKeys(prefix)
    }

    func get(_ key: StoreKey, range: Range<UInt64>) async throws -> RevisedValue? {
        try await Task.sleep(for: takes)
        return await values.get(key, range: range)
    }

    func canCarry(_ attributes: ValueAttributes) -> Bool { values.canCarry(attributes) }

    func getAttributed(_ key: StoreKey) async throws -> AttributedValue? {
        try await Task.sleep(for: takes)
        return await values.getAttributed(key)
    }

    func put(
        _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes, on condition: PutCondition
    ) async throws -> DatedRevision {
        try await Task.sleep(for: takes)
        return try await values.put(key, value, attributes, on: condition)
    }

    func setAttributes(
        _ attributes: ValueAttributes, of key: StoreKey, on condition: PutCondition
    ) async throws -> DatedRevision {
        try await values.setAttributes(attributes, of: key, on: condition)
    }

    func attributes(of entries: [KeyEntry]) async throws -> [ValueAttributes?] {
        await values.attributes(of: entries)
    }
}
