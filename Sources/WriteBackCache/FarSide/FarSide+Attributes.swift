import Persist

/// A value as the far side has it.
struct FarValue: Sendable {
    var value: [UInt8]
    /// nil: the far side has no such thing.
    var revision: Revision?
    /// Side data that lay with it (`FarMeta.isCarried`); nil: it lies under a key of its own.
    var meta: [UInt8]?
}

/// Attributes that lie with their value, where the adapter can do that.
extension FarSide {
    /// A value there is the bytes of its file: what a document's exact bytes are is said nowhere else.
    var keepsBytes: Bool { attributed != nil }

    /// What of the side data of a file goes with its value; nil: nothing, all of it has a key of its own.
    func carried(of meta: FarMeta) -> ValueAttributes? {
        guard let attributed else { return nil }
        var attributes = meta.carried
        guard !attributed.canCarry(attributes) else { return attributes }
        (attributes.extended, attributes.hasMore) = ([:], true)
        return attributes
    }

    /// The side data of a value, and where it lies; asked for where that is a key of its own.
    ///
    /// - Parameters:
    ///   - carried: what lay with the value; nil: nothing does.
    ///   - key: the one that it would have.
    func meta(of carried: [UInt8]?, at key: StoreKey) async throws(StoreError) -> (meta: [UInt8]?, key: StoreKey?) {
        guard let carried else { return (try await get(key), key) }
        guard FarMeta(decoding: carried).hasMore, let more = try await get(key) else { return (carried, nil) }
        return (more, key)
    }

    func getAttributed(
        _ key: StoreKey, of adapter: any AttributedPutting, extraSeconds: Int
    ) async throws(StoreError) -> FarValue? {
        count(\.gets)
        return try await asked(key, extraSeconds: extraSeconds) {
            guard let found = try await adapter.getAttributed(key) else { return nil }
            return FarValue(value: found.value, revision: found.revision, meta: found.attributes.meta)
        }
    }

    /// Puts a value with what goes with it. - Precondition: `attributed`.
    ///
    /// - Parameter isConditional: only where what is there has this revision; nil: where nothing is.
    func put(
        _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes, replacing revision: Revision?,
        isConditional: Bool
    ) async throws(StoreError) -> Replaced {
        let replaced = try await changed(
            key, isConditional ? .replacing(revision) : .none, extraSeconds: Self.seconds(for: value.count)
        ) { adapter, condition in
            try await adapter.put(key, value, attributes, on: condition)
        }
        if case .unconditional = replaced { refusesConditions() }
        return replaced
    }

    /// Replaces what lies with a value. - Precondition: `attributed`.
    ///
    /// - Parameter revision: of the value; nil: whatever is there.
    func setAttributes(
        _ attributes: ValueAttributes, of key: StoreKey, at revision: Revision?
    ) async throws(StoreError) -> Replaced {
        try await changed(
            key, revision.map { .replacing($0) } ?? .none, extraSeconds: Self.copyingSeconds
        ) { adapter, condition in
            try await adapter.setAttributes(attributes, of: key, on: condition)
        }
    }

    private func changed(
        _ key: StoreKey, _ condition: PutCondition, extraSeconds: Int,
        _ change: @escaping @Sendable (any AttributedPutting, PutCondition) async throws -> DatedRevision
    ) async throws(StoreError) -> Replaced {
        guard let attributed else { throw StoreError(.unsupported, key: key) }
        count(\.puts)
        let replaced = try await asked(key, extraSeconds: extraSeconds) { () async throws -> Replaced in
            do {
                let new = try await change(attributed, condition)
                return .put(new.revision, time: new.time)
            } catch is RevisionConflict {
                return .conflict
            } catch let error as StoreError where error.kind == .unsupported && condition != .none {
                return .unconditional
            }
        }
        return replaced
    }

    /// Puts side data that has a key of its own. - Returns: its revision, where there is such a thing.
    func putSide(_ key: StoreKey, _ value: [UInt8]) async throws(StoreError) -> Revision? {
        guard let attributed else {
            try await put(key, value)
            return nil
        }
        count(\.puts)
        return try await asked(key, extraSeconds: Self.seconds(for: value.count)) {
            try await attributed.put(key, value, ValueAttributes(), on: .none).revision
        }
    }

    /// Side data that has keys of its own, of a listing; nil where it is there no more. - Precondition: `attributed`.
    func sides(of entries: [KeyEntry]) async throws(StoreError) -> [[UInt8]?] {
        guard let attributed else { return [] }
        return try await inPieces(entries, bytes: 4 << 20) { try await attributed.values(of: $0) }
    }

    /// Each within the limit of time of one request.
    private static let pieceMost = 128

    private func inPieces<Answer: Sendable>(
        _ entries: [KeyEntry], bytes byteMost: UInt64 = .max,
        _ ask: @escaping @Sendable ([KeyEntry]) async throws -> [Answer?]
    ) async throws(StoreError) -> [Answer?] {
        var (found, rest): ([Answer?], ArraySlice<KeyEntry>) = ([], entries[...])
        while let first = rest.first {
            var bytes: UInt64 = 0
            let piece = Array(
                rest.prefix(Self.pieceMost).prefix { entry in
                    bytes += entry.size
                    return bytes <= byteMost || entry.key == first.key
                })
            rest = rest.dropFirst(piece.count)
            count(\.gets)
            found += try await asked(first.key) { try await ask(piece) }
        }
        return found
    }

    /// What lies with values of a listing, as side data; nil where the value is there no more.
    /// - Precondition: `attributed`.
    func metas(of entries: [KeyEntry]) async throws(StoreError) -> [FoundMeta?] {
        guard let attributed else { return [] }
        return try await inPieces(entries) { try await attributed.attributes(of: $0).map { $0.map { FoundMeta($0) } } }
    }
}

extension ValueAttributes {
    /// As side data (`FarMeta.isCarried`).
    var meta: [UInt8] { FarMeta(self).encoded() }
}
