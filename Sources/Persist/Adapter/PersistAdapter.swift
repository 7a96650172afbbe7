/// The four methods of a far side: what somebody writes who brings their own storage.
///
/// Keys are bytes (`records/users/alice`, `kv/theme`), values whole. Everything else persistfs offers is built on
/// these; what an adapter can do better it says by conforming to further small protocols.
public protocol PersistAdapter: Sendable {
    /// The value, or nil where there is none.
    func get(_ key: StoreKey) async throws -> [UInt8]?
    /// Creates or replaces; a reader sees the old value or the new, never a mixture.
    func put(_ key: StoreKey, _ value: [UInt8]) async throws
    /// Deleting what is not there is no error.
    func delete(_ key: StoreKey) async throws
    /// Keys that begin with `prefix` and their values, in the order of the keys' bytes.
    func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable
}

/// One key and its value.
public struct StoreEntry: Sendable, Equatable {
    public let key: StoreKey
    public let value: [UInt8]

    public init(key: StoreKey, value: [UInt8]) {
        self.key = key
        self.value = value
    }
}
