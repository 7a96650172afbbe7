internal import Persist

/// Values: what may be one, and how it comes to be one.
extension MemoryTree {
    static var emptied: StoreError {
        StoreError(.rejected, hint: "A record cannot be emptied; remove the file to delete it.")
    }

    func content(_ id: NodeID) throws(StoreError) -> (bytes: [UInt8], revision: Int64) {
        let found = try entry(id)
        guard found.node.kind != .directory else { throw StoreError(.isDirectory) }
        return (found.bytes, found.node.revision)
    }

    /// Throws unless `bytes` may be the value of `node` (R5, R6, R8).
    func requireValue(_ bytes: [UInt8], of node: Node, hasValue: Bool) throws(StoreError) {
        guard UInt64(bytes.count) <= limits.bytesMax(node.namespace, node.nameClass) else {
            throw StoreError(.tooLarge, hint: "The file is larger than this store takes.")
        }
        if isRecord(node) {
            if bytes.isEmpty {
                if hasValue { throw Self.emptied }
            } else {
                try NameRules.requireJSON(bytes[...], depthMax: limits.depthMax)
            }
        }
        if node.isStream { try requireLines(bytes[...], of: node.name) }
    }

    mutating func publish(_ publication: Publication, now: Timestamp) throws(StoreError) -> Published {
        let id = publication.node
        if var creation = publication.creation, entries[id] == nil {
            if publication.isBeside, try livingDirectory(creation.parent).children[creation.name] != nil {
                let end = ConflictName(path: [], host: Array("memory".utf8), stamp: Array("20260131T093000Z".utf8))
                creation.name = FileName(unchecked: creation.name.bytes + end.bytes)
            }
            try make(creation)
        }
        let before = try entry(id)
        guard before.node.kind != .directory else { throw StoreError(.isDirectory) }
        guard before.node.kind == .file, !before.node.isStream else { throw StoreError(.invalid) }
        guard !before.node.isUnlinked else { throw StoreError(.notFound) }
        let bytes: [UInt8]
        switch publication.content {
        case .bytes(let whole): bytes = whole
        case .draft(let content):
            try updateDraft(content)
            bytes = try draft(content.draft).bytes
            drafts[content.draft.id] = nil
        }
        if let draft = publication.draft { drafts[draft.id] = nil }

        let hasValue = before.node.revision != 0
        try requireValue(bytes, of: before.node, hasValue: hasValue)
        if before.node.isDocument, let base = publication.base, base != before.node.revision, hasValue,
            before.bytes != bytes
        {
            return Published(node: before.node, conflict: try keepConflict(bytes, of: id, now))
        }
        setBytes(id, bytes)
        let isPlaceholder = isRecord(before.node) && bytes.isEmpty
        if !isPlaceholder { moveRevision(id) }
        entries[id]?.node.mtime = publication.mtime
        entries[id]?.node.ctime = max(before.node.ctime, publication.mtime)
        let path = try path(of: id)
        if !isPlaceholder { kept[.rejected]?[path] = nil }
        return Published(node: try entry(id).node)
    }

    private mutating func keepConflict(_ bytes: [UInt8], of id: NodeID, _ now: Timestamp) throws(StoreError) -> [UInt8]
    {
        let path = try path(of: id)
        func name(_ number: Int) -> [UInt8] {
            ConflictName(path: path, host: Array("memory".utf8), stamp: Array("20260131T093000Z".utf8), number: number)
                .bytes
        }
        var number = 1
        while kept[.conflicts]?[name(number)] != nil { number += 1 }
        let name = name(number)
        kept[.conflicts, default: [:]][name] = Kept(bytes: bytes, time: now, error: "Changed by others meanwhile.")
        return name
    }
}
