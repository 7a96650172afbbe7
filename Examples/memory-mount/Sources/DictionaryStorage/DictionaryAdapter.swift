import Persist

/// The smallest adapter that there is: four methods over a dictionary, gone with the process.
public actor DictionaryAdapter: PersistAdapter {
    private var values: [StoreKey: [UInt8]] = [:]

    public init() {}

    public func get(_ key: StoreKey) throws -> [UInt8]? { values[key] }

    public func put(_ key: StoreKey, _ value: [UInt8]) throws {
        guard value.count <= Self.valueBytesMax else {
            throw StoreError(.tooLarge, key: key, hint: "values have at most \(Self.valueBytesMax) bytes here")
        }
        values[key] = value
    }

    public func delete(_ key: StoreKey) throws { values[key] = nil }

    public func list(_ prefix: StoreKey) throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        let found = values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        return AsyncThrowingStream { stream in
            for (key, value) in found { stream.yield(StoreEntry(key: key, value: value)) }
            stream.finish()
        }
    }

    /// 32 MiB.
    private static let valueBytesMax = 32 << 20
}
