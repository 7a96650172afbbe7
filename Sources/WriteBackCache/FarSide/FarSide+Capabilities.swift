import Persist

/// What an adapter can do better than four methods, where it says so.
extension FarSide {
    typealias Keys = any AsyncSequence<KeyEntry, any Error> & Sendable

    /// Listings that were opened before they are read.
    struct OpenListings: Sendable {
        fileprivate var keys: [StoreKey: Keys] = [:]
        private let opened = ContinuousClock.now
        private static let ageMax = Duration.seconds(10)

        /// nil: it is to be listed now. What a page says may be long past where others took long to read.
        subscript(_ prefix: StoreKey) -> Keys? { .now - opened < Self.ageMax ? keys[prefix] : nil }
    }

    /// Listings that are going to be read one after the other: an adapter that asks for the first keys of a listing at once
    /// has them all on their way together. Those that cannot be begun are not among them.
    func openListings(_ prefixes: [StoreKey]) async -> OpenListings {
        var listings = OpenListings()
        guard listsKeys, let adapter = adapter as? any KeyListing else { return listings }
        for prefix in prefixes { listings.keys[prefix] = try? await adapter.listKeys(prefix) }
        return listings
    }

    /// Gives `body` all keys in pieces of at most `most`. - Throws: `.unsupported` where not `listsKeys`.
    ///
    /// - Parameter opened: the listing, where it has been opened already.
    func listKeys(
        _ prefix: StoreKey, most: Int, from opened: Keys? = nil, _ body: ([KeyEntry]) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        guard let adapter = adapter as? any KeyListing else { throw StoreError(.unsupported) }
        count(\.lists)
        var own: StoreError?
        func give(_ piece: [KeyEntry]) async throws(StoreError) {
            do throws(StoreError) { try await body(piece) } catch {
                own = error
                throw error
            }
        }
        do {
            var piece: [KeyEntry] = []
            let keys: Keys = if let opened { opened } else { try await adapter.listKeys(prefix) }
            for try await entry in keys {
                if piece.isEmpty { answered() }
                piece.append(entry)
                guard piece.count >= most else { continue }
                try await give(piece)
                piece = []
            }
            answered()
            if !piece.isEmpty { try await give(piece) }
        } catch {
            // What fails here says nothing about the far side.
            if let own { throw own }
            if let error = error as? StoreError, error.kind == .unsupported {
                refusesKeys()
                throw error
            }
            throw failed(error, prefix, isLook: true)
        }
    }

    /// What a listing says of one key; nil where it has no value. - Precondition: `listsKeys`.
    func entry(of key: StoreKey) async throws(StoreError) -> KeyEntry? {
        guard let adapter = adapter as? any KeyListing else { throw StoreError(.unsupported) }
        count(\.lists)
        return try await asked(key) { () async throws -> KeyEntry? in
            // In the order of the bytes it is the first of those that begin with it; directories are in between.
            for try await entry in try await adapter.listKeys(key) where entry.key.hasPrefix(key) {
                return entry.key == key ? entry : nil
            }
            return nil
        }
    }

    /// Whether the value under a key is still the one with this revision; nil: that cannot be said without a `get`.
    func has(_ revision: Revision?, at key: StoreKey) async throws(StoreError) -> Bool? {
        guard let revision, listsKeys else { return nil }
        do throws(StoreError) { return try await entry(of: key)?.revision == revision } catch {
            guard error.kind == .unsupported else { throw error }
            refusesKeys()
            return nil
        }
    }

    /// Deletes a value where it is the one with this revision still; nil: that cannot be said without a `get`, and nothing
    /// was done.
    func delete(_ key: StoreKey, having revision: Revision?) async throws(StoreError) -> Bool? {
        guard let revision else { return nil }
        guard let adapter = adapter as? any RevisedDeleting, listsKeys else {
            guard let isThere = try await has(revision, at: key) else { return nil }
            if isThere { try await delete(key) }
            return isThere
        }
        count(\.deletes)
        return try await asked(key) { try await adapter.delete(key, having: revision) }
    }

    /// A part of a value. - Throws: `.unsupported` where not `readsRanges`.
    func get(_ key: StoreKey, range: Range<UInt64>) async throws(StoreError) -> RevisedValue? {
        guard let adapter = adapter as? any RangedReading else { throw StoreError(.unsupported) }
        count(\.gets)
        return try await asked(key, extraSeconds: Self.seconds(for: range.count)) {
            try await adapter.get(key, range: range)
        }
    }
}
