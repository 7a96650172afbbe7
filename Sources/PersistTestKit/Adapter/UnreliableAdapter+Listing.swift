public import Persist
import Synchronization

extension UnreliableAdapter: KeyListing, RangedReading {
    public func listKeys(_ prefix: StoreKey) async throws -> any AsyncSequence<KeyEntry, any Error> & Sendable {
        try await ask(prefix) { far in
            guard let far = far as? any KeyListing else { throw StoreError(.unsupported) }
            return try await far.listKeys(prefix)
        }
    }

    public func get(_ key: StoreKey, range: Range<UInt64>) async throws -> RevisedValue? {
        state.withLock { $0.ranges[key, default: []].append(range) }
        return try await ask(key) { far in
            guard let far = far as? any RangedReading else { throw StoreError(.unsupported) }
            return try await far.get(key, range: range)
        }
    }

    /// The parts of each value that were asked for.
    public var ranges: [StoreKey: [Range<UInt64>]] { state.withLock { $0.ranges } }
}
