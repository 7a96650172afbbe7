internal import Persist

/// Drafts, and the versions that are kept under no name.
extension MemoryTree {
    func draft(_ draft: Draft) throws(StoreError) -> MemoryDraft {
        guard let found = drafts[draft.id] else { throw StoreError(.notFound) }
        return found
    }

    mutating func openDraft(of id: NodeID, isNew: Bool) throws(StoreError) -> Draft {
        let base = isNew ? (bytes: [], revision: 0) : try content(id)
        let draft = Draft(
            id: newNumber(), node: id, baseRevision: base.revision, baseSize: UInt64(base.bytes.count))
        drafts[draft.id] = MemoryDraft(draft, base: base.bytes, chunkBytes: limits.chunkBytes)
        return draft
    }

    mutating func updateDraft(_ content: DraftContent) throws(StoreError) {
        var found = try draft(content.draft)
        try found.update(content)
        for shared in content.shared {
            found.put(try bytes(of: shared, for: found), at: Int(shared.target), count: shared.chunks.count)
        }
        for chunk in content.chunks { found.put(chunk) }
        for patch in content.patches { try found.put(patch) }
        drafts[content.draft.id] = found
    }

    mutating func keepDraft(_ content: DraftContent, creation: Creation?, mtime: Timestamp) throws(StoreError) {
        try updateDraft(content)
        var found = try draft(content.draft)
        found.draft = content.draft
        if let creation, entries[creation.id] == nil {
            try make(creation)
            found.madeNode = true
        }
        found.kept = MemoryDraft.Kept(bytes: found.bytes, mtime: mtime)
        drafts[content.draft.id] = found
    }

    // MARK: Rejected and conflicting versions

    func keptVersions(_ area: KeptArea) -> [KeptVersion] {
        (kept[area] ?? [:]).map { path, version in
            KeptVersion(path: path, size: UInt64(version.bytes.count), time: version.time, error: version.error)
        }
        .sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    func keptBytes(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) -> [UInt8] {
        guard let found = kept[area]?[path] else { throw StoreError(.notFound) }
        return found.bytes
    }

    mutating func removeKept(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) {
        guard kept[area]?.removeValue(forKey: path) != nil else { throw StoreError(.notFound) }
    }
}
