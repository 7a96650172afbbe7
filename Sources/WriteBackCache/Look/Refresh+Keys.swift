import Persist
import SQLiteStore

/// The look at values of an adapter that lists keys without them: what is new, or has changed, is shown, and fetched when
/// somebody reads it.
extension Refresh {
    func takeKeys(
        _ prefix: StoreKey, _ listing: FarSide.Keys?, _ asked: Timestamp, _ postponed: inout Postponed
    ) async throws(StoreError) -> Int {
        var changed = 0
        try await far.listKeysPatiently(prefix, most: Self.pieceMost, from: listing) {
            entries async throws(StoreError) in
            try await seeDirectories(entries.filter { Self.isDirectory($0) })
            changed += try await takeKeys(entries.filter { !Self.isDirectory($0) }, asked, &postponed)
        }
        return changed
    }

    func takeKeys(
        _ entries: [KeyEntry], _ asked: Timestamp, _ postponed: inout Postponed
    ) async throws(StoreError) -> Int {
        var found: [Listed] = []
        for (entry, place) in zip(entries, try places(of: entries.map(\.key), &postponed)) {
            guard let (path, metaPath, record) = place else { continue }
            let known = record?.key == entry.key.bytes ? record : nil
            found.append(Listed(entry: entry, path: path, metaPath: metaPath, known: known))
        }
        var changes: [FarChange] = []
        for (listed, side) in try await sides(of: found) {
            let isFile = listed.entry.key.bytes.starts(with: FarKey.filesPrefix)
            let isValue = !isFile && listed.path.namespace != .blobs
            if let change = try await change(by: listed, side, isValue: isValue) { changes.append(change) }
        }
        let changed = try apply(changes, asked)
        try store.sawValues(at: found.map(\.path.text))
        return changed
    }

    /// One key of a listing, with what is known of it.
    private struct Listed {
        let entry: KeyEntry
        let path: ShownPath
        let metaPath: ShownPath
        /// nil: nothing under this key.
        let known: FarRecord?

        var metaKey: StoreKey { FarKey.meta(metaPath, isDirectory: false).storeKey }
        /// Side data with a key of its own came, went or changed alone.
        func hasOther(_ seen: [UInt8]?) -> Bool {
            guard let known, seen.map(FarMeta.canonical) != known.meta else { return false }
            if known.metaKey != nil { return true }
            let carried = FarMeta(decoding: known.meta)
            return seen != nil && (carried.hasMore || carried.isBare)
        }

        /// What was set from here and nobody has seen since is asked of the value itself: no index is newer than that.
        var asked: KeyEntry {
            guard let known, known.revision == entry.revision, known.modified == nil else { return entry }
            return KeyEntry(
                key: entry.key, size: entry.size, revision: entry.revision, modified: Timestamp(nanoseconds: .max))
        }

        /// The value, and what lies with it, are those that are known: attributes that others have set leave the revision as
        /// it is, and have a later time.
        var isSame: Bool {
            guard let known, known.revision == entry.revision, known.tried == nil, known.meta?.isEmpty == false else {
                return false
            }
            guard let modified = entry.modified else { return true }
            return known.modified.map { modified <= $0 } ?? false
        }
    }

    /// What it is, where it lies, and its revision there.
    private typealias SideData = (found: FoundMeta?, key: StoreKey?, revision: Revision?)

    /// The side data of what is not known to be the same.
    private func sides(of found: [Listed]) async throws(StoreError) -> [(Listed, SideData)] {
        let seen = try store.seenMeta(at: found.map(\.metaPath.text))
        guard far.attributed != nil else {
            return zip(found, seen).map { listed, seen in
                (listed, (seen.map { FoundMeta($0.meta) }, seen == nil ? nil : listed.metaKey, seen?.revision))
            }
        }
        let others = zip(found, seen).filter { listed, seen in
            !listed.isSame || listed.hasOther(seen?.meta)
        }
        let carried = try await far.metasPatiently(of: others.map(\.0.asked))
        var sides: [(Listed, SideData)] = []
        for ((listed, seen), carried) in zip(others, carried) {
            // Gone since the listing: the next look says so.
            guard let carried else { continue }
            // Values that were put before attributes went with them have theirs there.
            if let seen, carried.meta.hasMore || carried.meta.isBare {
                sides.append((listed, (FoundMeta(seen.meta), listed.metaKey, seen.revision)))
            } else {
                sides.append((listed, (carried, nil, nil)))
            }
        }
        return sides
    }

    /// nil: all is as it is known.
    private func change(
        by listed: Listed, _ side: SideData, isValue: Bool
    ) async throws(StoreError) -> FarChange? {
        let (entry, path, known) = (listed.entry, listed.path, listed.known)
        if far.attributed == nil, let known, known.revision == entry.revision, known.tried == nil,
            known.meta == side.found?.canonical
        {
            return nil
        }
        // What was put from here without a condition is known by its sum alone, and what is empty has nothing to fetch.
        // A long one is fetched again in parts, where somebody reads it.
        let isLong = far.parted.map { entry.size >= $0.partedBytesMin } ?? false
        guard entry.size == 0 || known?.sum != nil && known?.revision == nil && !isLong else {
            var change = FarChange(
                path: path, absent: entry, metaKey: side.key, side: side.found, known: known, isValue: isValue)
            change.metaRevision = side.revision
            return change
        }
        let found: [UInt8]?
        do throws(StoreError) { found = try await far.getPatiently(entry.key) } catch {
            guard !error.isTransient else { throw error }
            // One value that cannot be had keeps no other from being shown.
            log("\(error)")
            return nil
        }
        guard let value = found else { return nil }
        var change = FarChange(
            path: path, value: value, key: entry.key, metaKey: side.key, meta: side.found?.bytes,
            isJSON: FarSum.isJSON(entry.key), isValue: isValue)
        (change.revision, change.modified, change.metaRevision) = (entry.revision, entry.settled, side.revision)
        return change
    }
}

extension FarChange {
    /// A value that a listing told of.
    ///
    /// - Parameter known: what was known to be under the key before.
    init(
        path: ShownPath, absent entry: KeyEntry, metaKey: StoreKey?, side: FoundMeta?, known: FarRecord?,
        isValue: Bool
    ) {
        let isSame = known?.revision == entry.revision
        var meta = side?.meta ?? FarMeta()
        // Side data that stayed when the value changed is that of the former value: mode and owner stand.
        let isOfThis = meta.isCarried || side != nil && (known == nil || isSame || known?.meta != side?.canonical)
        if !isOfThis || meta.mtime == nil { meta.mtime = entry.modified ?? .now() }
        // What a host makes of a document may be longer or shorter than the file.
        let size = isOfThis && FarSum.isJSON(entry.key) ? meta.size ?? entry.size : entry.size
        self.init(
            namespace: path.namespace, names: path.names, content: .absent(size: size, isValue: isValue),
            mode: meta.mode, uid: meta.uid, gid: meta.gid, mtime: meta.mtime,
            attributes: meta.attributes.map { ($0.key, $0.value) }, key: entry.key.bytes,
            sum: isSame ? known?.sum : nil, metaKey: side == nil ? nil : metaKey?.bytes, meta: side?.canonical)
        (revision, modified) = (entry.revision, entry.settled)
    }
}
