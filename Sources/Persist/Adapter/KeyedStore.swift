/// The four methods over a local store: what `get`, `put`, `rm`, `ls` and `copy` speak to, mounted or not.
///
/// Keys are `records/users/alice`, `kv/theme`, `blobs/photos/cat.jpg`. `events/orders` is the stream `orders.jsonl`:
/// putting appends a line to it, getting gives the whole log; each event has a key of its own, its position in
/// 16 hex digits behind that. Plain and temporary files of records/, kv/ and events/ have no key here.
///
/// Calls block the thread they run on while the store waits for its disk, or for another process's transaction.
public struct KeyedStore: PersistAdapter {
    /// The largest value that is given or taken whole; `.tooLarge`. 64 MiB.
    public static let valueBytesMax: UInt64 = 64 << 20

    let store: any LocalStore

    public init(_ store: any LocalStore) { self.store = store }

    public func get(_ key: StoreKey) async throws -> [UInt8]? {
        switch try KeyedAddress(key) {
        case .value(let namespace, let names):
            guard let node = try find(names, in: namespace) else { return nil }
            return try value(of: node.id, key)
        case .stream(let names, nil):
            guard let node = try find(names, in: .events) else { return nil }
            return try value(of: node.id, key)
        case .stream(let names, let position?):
            return try event(at: position, of: names, key)
        }
    }

    /// Makes the directories that the key needs; a value in the place of one becomes `%self` in it.
    ///
    /// - Throws: `.rejected` (not JSON), `.tooLarge`; `.notDirectory` or `.invalid` where a file that is no value is
    ///   in the way; `.notPermitted` for an event where there is another.
    public func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        guard UInt64(value.count) <= Self.valueBytesMax else { throw tooLarge(key) }
        switch try KeyedAddress(key) {
        case .value(let namespace, let names): try putValue(value, names, in: namespace, key)
        case .stream(let names, let position): try putEvent(value, at: position, to: names, key)
        }
    }

    /// In records/ and kv/ directories go that are empty then and have no attributes, as those that `put` makes;
    /// in blobs/ they stay.
    ///
    /// - Throws: `.notPermitted` for events.
    public func delete(_ key: StoreKey) async throws {
        switch try KeyedAddress(key) {
        case .value(let namespace, let names): try deleteValue(names, in: namespace)
        case .stream(let names, nil):
            guard let node = try find(names, in: .events) else { return }
            try ignoringAbsence { () throws(StoreError) in _ = try store.unlink(node.name, in: node.parent) }
        case .stream(let names, let position?):
            guard try event(at: position, of: names, key) != nil else { return }
            throw StoreError(.notPermitted, key: key, hint: "events are never removed one by one")
        }
    }

    /// Streamed: in memory are the names of the directories on the way to the current key, and its value.
    ///
    /// Only directories that can hold keys of the prefix are read. The events of a stream come before the keys in a
    /// directory of the same name. A value over 64 MiB ends the listing with `.tooLarge`.
    public func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        KeyedListing(store: self, prefix: prefix.bytes)
    }

    // MARK: Finding

    /// The file with the value of a key; nil where the key has none.
    func find(_ names: [FileName], in namespace: Namespace) throws(StoreError) -> Node? {
        var node: Node?
        var parent = namespace.node
        for name in names {
            guard let found = try lookup(name, in: parent) else { return nil }
            (node, parent) = (found, found.id)
        }
        if node?.kind == .directory { node = try lookup(FileName(unchecked: PathNames.selfName), in: parent) }
        guard let node, hasValue(node) else { return nil }
        return node
    }

    /// Whether a node is the value of its key. A placeholder is none.
    func hasValue(_ node: Node) -> Bool {
        node.namespace == .blobs ? node.kind == .file : node.isStream || node.isDocument && node.revision != 0
    }

    func lookup(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node? {
        do throws(StoreError) { return try store.lookup(name, in: parent) } catch {
            guard error.kind == .notFound || error.kind == .notDirectory else { throw error }
            return nil
        }
    }

    /// All bytes of one revision; nil where the node is gone.
    func value(of id: NodeID, _ key: StoreKey) throws(StoreError) -> [UInt8]? {
        // Whoever writes without a pause cannot hold a reader for ever.
        for _ in 0..<16 {
            do throws(StoreError) {
                let node = try store.node(id)
                guard node.size <= Self.valueBytesMax else { throw tooLarge(key) }
                var revision: Int64 = 0
                let bytes = try [UInt8](capacity: Int(node.size)) { span throws(StoreError) in
                    revision = try store.read(id, at: 0, into: &span)
                }
                // A stream only grows: what was there is whole.
                if revision == node.revision || node.isStream && bytes.count == Int(node.size) { return bytes }
            } catch {
                guard error.kind == .notFound else { throw error.about(key) }
                return nil
            }
        }
        throw StoreError(.timedOut, key: key, hint: "the value changes faster than it can be read")
    }

    func tooLarge(_ key: StoreKey) -> StoreError {
        StoreError(
            .tooLarge, key: key, hint: "values are taken whole up to 64 MiB: mount the store to use larger files")
    }

    /// What is gone already needs no deleting.
    func ignoringAbsence(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try body() } catch {
            guard error.kind == .notFound else { throw error }
        }
    }
}
