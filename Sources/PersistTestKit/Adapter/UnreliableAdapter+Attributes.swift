public import Persist
import Synchronization

/// An unreliable way to a far side whose values have their attributes with them.
public struct AttributedWay: AttributedPutting, RevisedDeleting, RangedReading, EventSegments {
    let way: UnreliableAdapter

    /// - Precondition: `way` leads to an `AttributedPutting`.
    public init(_ way: UnreliableAdapter) { self.way = way }

    public func get(_ key: StoreKey) async throws -> [UInt8]? { try await way.get(key) }
    public func put(_ key: StoreKey, _ value: [UInt8]) async throws { try await way.put(key, value) }
    public func delete(_ key: StoreKey) async throws { try await way.delete(key) }
    public func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        try await way.list(prefix)
    }
    public func getRevised(_ key: StoreKey) async throws -> RevisedValue? { try await way.getRevised(key) }
    public func put(_ key: StoreKey, _ value: [UInt8], replacing revision: Revision?) async throws -> Revision {
        try await way.put(key, value, replacing: revision)
    }
    public func listKeys(_ prefix: StoreKey) async throws -> any AsyncSequence<KeyEntry, any Error> & Sendable {
        try await way.listKeys(prefix)
    }
    public func delete(_ key: StoreKey, having revision: Revision) async throws -> Bool {
        try await way.ask(key, isChange: true) { far in
            guard let far = far as? any RevisedDeleting else { throw StoreError(.unsupported) }
            let isDone = try await far.delete(key, having: revision)
            way.history?.note("delete \(key): \(isDone)")
            return isDone
        }
    }
    public func get(_ key: StoreKey, range: Range<UInt64>) async throws -> RevisedValue? {
        try await way.get(key, range: range)
    }

    // MARK: Attributes

    public func canCarry(_ attributes: ValueAttributes) -> Bool {
        way.attributed?.canCarry(attributes) ?? false
    }

    public func getAttributed(_ key: StoreKey) async throws -> AttributedValue? {
        way.state.withLock { $0.gets += 1 }
        return try await way.ask(key) { far in
            let found = try await Self.attributed(far).getAttributed(key)
            let value = found.map { String(decoding: $0.value, as: UTF8.self).debugDescription }
            way.history?.note("get \(key): \(value ?? "nil")")
            return found
        }
    }

    public func put(
        _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes, on condition: PutCondition
    ) async throws -> DatedRevision {
        way.state.withLock { $0.puts[key, default: 0] += 1 }
        return try await changed(key, "put \(String(decoding: value, as: UTF8.self).debugDescription)", condition) {
            try await $0.put(key, value, attributes, on: condition)
        }
    }

    public func setAttributes(
        _ attributes: ValueAttributes, of key: StoreKey, on condition: PutCondition
    ) async throws -> DatedRevision {
        way.state.withLock { $0.attributeChanges[key, default: 0] += 1 }
        return try await changed(key, "attributes", condition) {
            try await $0.setAttributes(attributes, of: key, on: condition)
        }
    }

    public func attributes(of entries: [KeyEntry]) async throws -> [ValueAttributes?] {
        guard let first = entries.first else { return [] }
        way.state.withLock { $0.attributesAsked += entries.count }
        return try await way.ask(first.key) { try await Self.attributed($0).attributes(of: entries) }
    }

    private static func attributed(_ far: any PersistAdapter) throws -> any AttributedPutting {
        guard let far = far as? any AttributedPutting else { throw StoreError(.unsupported) }
        return far
    }

    private func changed(
        _ key: StoreKey, _ what: String, _ condition: PutCondition,
        _ change: @Sendable (any AttributedPutting) async throws -> DatedRevision
    ) async throws -> DatedRevision {
        try await way.ask(key, isChange: true) { far in
            do {
                let revision = try await change(Self.attributed(far))
                way.history?.note("\(key) \(condition): \(what)")
                return revision
            } catch let error as RevisionConflict {
                way.history?.note("\(key) \(condition): \(what): conflict")
                throw error
            }
        }
    }
}

extension UnreliableAdapter {
    var attributed: (any AttributedPutting)? { far as? any AttributedPutting }

    /// How often the attributes of each key were set alone.
    public var attributeChanges: [StoreKey: Int] { state.withLock { $0.attributeChanges } }
    /// Of how many values of listings the attributes were asked for.
    public var attributesAsked: Int { state.withLock { $0.attributesAsked } }
}
