import Persist
import SQLiteStore

/// The look at values of an adapter that lists keys without them: what is new, or has changed, is shown, and fetched when
/// somebody reads it.
extension Refresh {
    func takeKeys(_ prefix: StoreKey, _ asked: Timestamp) async throws(StoreError) -> Int {
        var changed = 0
        let holdsValues = !prefix.bytes.starts(with: FarKey.filesPrefix)
        try await far.listKeysPatiently(prefix, most: Self.pieceMost) { entries async throws(StoreError) in
            var found: [(entry: KeyEntry, path: ShownPath, metaPath: ShownPath)] = []
            for entry in entries {
                if let (path, metaPath) = try place(of: entry.key) { found.append((entry, path, metaPath)) }
            }
            let metas = try store.seenMeta(at: found.map { $0.metaPath.text })
            var changes: [FarChange] = []
            for ((entry, path, metaPath), meta) in zip(found, metas) {
                let isValue = holdsValues && path.namespace != .blobs
                if let change = try await change(by: entry, path, metaPath, meta, isValue: isValue) {
                    changes.append(change)
                }
            }
            changed += try apply(changes, asked)
            try store.sawValues(at: found.map(\.path.text))
        }
        return changed
    }

    /// nil: all is as it is known.
    private func change(
        by entry: KeyEntry, _ path: ShownPath, _ metaPath: ShownPath, _ meta: [UInt8]?, isValue: Bool
    ) async throws(StoreError) -> FarChange? {
        let metaKey = FarKey.meta(metaPath, isDirectory: false).storeKey
        var known = try store.farRecord(at: path.text)
        if known?.key != entry.key.bytes { known = nil }
        if let known, known.revision == entry.revision, known.tried == nil, known.meta == meta.map(FarMeta.canonical) {
            return nil
        }
        // What was put from here without a condition is known by its sum alone, and what is empty has nothing to fetch.
        guard entry.size == 0 || known?.sum != nil && known?.revision == nil else {
            return FarChange(
                path: path, absent: entry, metaKey: metaKey, meta: meta, known: known, isValue: isValue)
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
            path: path, value: value, key: entry.key, metaKey: metaKey, meta: meta,
            isJSON: FarSum.isJSON(entry.key), isValue: isValue)
        change.revision = entry.revision
        return change
    }
}

extension FarChange {
    /// A value that a listing told of.
    ///
    /// - Parameter known: what was known to be under the key before.
    init(
        path: ShownPath, absent entry: KeyEntry, metaKey: StoreKey, meta bytes: [UInt8]?, known: FarRecord?,
        isValue: Bool
    ) {
        let isSame = known?.revision == entry.revision
        let canonical = bytes.map(FarMeta.canonical)
        var meta = FarMeta(decoding: bytes)
        // Side data that stayed when the value changed is that of the former value: mode and owner stand.
        let isOfThis = bytes != nil && (known == nil || isSame || known?.meta != canonical)
        if !isOfThis { meta.mtime = entry.modified ?? .now() }
        // What a host makes of a document may be longer or shorter than the file.
        let size = isOfThis && FarSum.isJSON(entry.key) ? meta.size ?? entry.size : entry.size
        self.init(
            namespace: path.namespace, names: path.names, content: .absent(size: size, isValue: isValue),
            mode: meta.mode, uid: meta.uid, gid: meta.gid, mtime: meta.mtime,
            attributes: meta.attributes.map { ($0.key, $0.value) }, key: entry.key.bytes,
            sum: isSame ? known?.sum : nil, metaKey: bytes == nil ? nil : metaKey.bytes, meta: canonical)
        revision = entry.revision
    }
}
