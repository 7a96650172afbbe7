public import Persist

/// An adapter without what it can do beside the four methods.
public struct FourMethods: PersistAdapter {
    private let adapter: any PersistAdapter

    public init(_ adapter: any PersistAdapter) { self.adapter = adapter }

    public func get(_ key: StoreKey) async throws -> [UInt8]? { try await adapter.get(key) }
    public func put(_ key: StoreKey, _ value: [UInt8]) async throws { try await adapter.put(key, value) }
    public func delete(_ key: StoreKey) async throws { try await adapter.delete(key) }
    public func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        try await adapter.list(prefix)
    }
}
