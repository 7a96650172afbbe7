import Persist
import SQLiteStore

/// The look at side data that has keys of its own: it is put down, and taken over with the values that it is of.
extension Refresh {
    func seeMetas(_ listing: FarSide.Keys?) async throws(StoreError) {
        guard far.attributed != nil, far.listsKeys else { return try await seeAllMetas() }
        try await far.listKeysPatiently(StoreKey(FarKey.metaPrefix), most: Self.pieceMost, from: listing) {
            entries async throws(StoreError) in try await see(entries)
        }
    }

    private func see(_ entries: [KeyEntry]) async throws(StoreError) {
        var seen: [SeenMeta] = []
        var unknown: [(entry: KeyEntry, path: ShownPath, isDirectory: Bool)] = []
        for entry in entries {
            guard case .meta(let path, let isDirectory)? = FarKey(entry.key) else { continue }
            let record = try store.farRecord(at: path.text)
            if let record, record.metaKey == entry.key.bytes, record.metaRevision == entry.revision,
                let meta = record.meta, !meta.isEmpty
            {
                seen.append(SeenMeta(path, isDirectory: isDirectory, meta, entry.revision))
            } else {
                unknown.append((entry, path, isDirectory))
            }
        }
        // Only what is new, or has changed.
        for (found, meta) in zip(unknown, try await far.sidesPatiently(of: unknown.map(\.entry))) {
            guard let meta else { continue }
            // What may change again with the same time is asked for again.
            let revision = found.entry.isRecent ? nil : found.entry.revision
            seen.append(SeenMeta(found.path, isDirectory: found.isDirectory, meta, revision))
        }
        try store.saw(seen)
    }

    /// A directory that another program has made, in a listing of values.
    static func isDirectory(_ entry: KeyEntry) -> Bool { entry.key.bytes.starts(with: FarKey.metaPrefix) }

    /// Those that have no side data from here: that has been seen already.
    func seeDirectories(_ entries: [KeyEntry]) async throws(StoreError) {
        guard !entries.isEmpty else { return }
        let known = try store.seenMeta(at: entries.map { Array($0.key.bytes.dropFirst(FarKey.metaPrefix.count)) })
        try await see(zip(entries, known).compactMap { $1 == nil ? $0 : nil })
    }

    /// Where a listing brings values.
    private func seeAllMetas() async throws(StoreError) {
        try await far.listPatiently(StoreKey(FarKey.metaPrefix), most: Self.pieceMost) { entries throws(StoreError) in
            try store.saw(
                entries.compactMap { entry in
                    guard case .meta(let path, let isDirectory)? = FarKey(entry.key) else { return nil }
                    return SeenMeta(path, isDirectory: isDirectory, entry.value, nil)
                })
        }
    }
}

extension SeenMeta {
    init(_ path: ShownPath, isDirectory: Bool, _ bytes: [UInt8], _ revision: Revision?) {
        let meta = FarMeta(decoding: bytes)
        self.init(
            path: path.text + (isDirectory ? [FarKey.slash] : []), meta: bytes,
            isWhole: meta.kind != .file || meta.isOfLog(at: path), revision: revision)
    }
}
