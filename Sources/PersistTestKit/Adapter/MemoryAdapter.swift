public import Persist

/// The smallest adapter: four methods over a dictionary. The reference for others.
public actor MemoryAdapter: PersistAdapter {
    private var values: [StoreKey: [UInt8]] = [:]

    public init() {}

    public var count: Int { values.count }
    public var keys: [StoreKey] { values.keys.sorted() }

    public func get(_ key: StoreKey) -> [UInt8]? { values[key] }
    public func put(_ key: StoreKey, _ value: [UInt8]) { values[key] = value }
    public func delete(_ key: StoreKey) { values[key] = nil }

    public func list(_ prefix: StoreKey) -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        let found = values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        return AsyncThrowingStream { stream in
            for (key, value) in found { stream.yield(StoreEntry(key: key, value: value)) }
            stream.finish()
        }
    }
}
