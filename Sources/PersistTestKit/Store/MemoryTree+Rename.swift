internal import Persist

/// renameat2(2), and what it makes of documents and streams.
extension MemoryTree {
    mutating func rename(_ rename: Rename, now: Timestamp) throws(StoreError) -> Renamed {
        let source = try find(rename.name, in: rename.parent)
        let newParent = try livingDirectory(rename.newParent)
        guard rename.parent != .root else { throw StoreError(.busy) }
        guard rename.newParent != .root else {
            throw StoreError(Namespace(name: rename.newName) == nil ? .notPermitted : .busy)
        }
        guard source.node.namespace == newParent.node.namespace else { throw StoreError(.crossesNamespaces) }
        guard try !isInside(rename.newParent, source.node.id) else { throw StoreError(.invalid) }
        let target = try newParent.children[rename.newName].map { child throws(StoreError) in try entry(child.id) }

        switch rename.mode {
        case .noReplace:
            guard target == nil else { throw StoreError(.exists) }
            return try move(source, rename, over: nil, now)
        case .replace:
            if target?.node.id == source.node.id { return Renamed(node: source.node, replaced: nil) }
            return try move(source, rename, over: target, now)
        case .exchange:
            guard let target else { throw StoreError(.notFound) }
            if let wanted = rename.target, wanted != target.node.id { throw StoreError(.exists) }
            if target.node.id == source.node.id { return Renamed(node: source.node, replaced: nil) }
            return try exchange(source, target, now)
        }
    }

    private mutating func move(
        _ source: Entry, _ rename: Rename, over target: Entry?, _ now: Timestamp
    ) throws(StoreError) -> Renamed {
        let id = source.node.id
        if let target {
            if source.node.kind == .directory {
                guard target.node.kind == .directory else { throw StoreError(.notDirectory) }
                guard target.children.isEmpty else { throw StoreError(.notEmpty) }
            } else {
                guard target.node.kind != .directory else { throw StoreError(.isDirectory) }
            }
        }
        try requireRemovable(id)
        if let target, let absorbed = try absorb(source, into: target, now) { return absorbed }

        var replaced: Node?
        if let target {
            try requireRemovable(target.node.id)
            // Detached by hand: the name keeps its cookie.
            entries[target.node.id]?.node.isUnlinked = true
            entries[target.node.id]?.node.ctime = now
            replaced = entries[target.node.id]?.node
        }
        entries[rename.parent]?.children[rename.name] = nil
        attach(id, as: rename.newName, in: rename.newParent)
        if let target { collect(target.node.id) }
        entries[id]?.isExclusive = false
        entries[id]?.isForeign = target?.isForeign ?? false
        try reclassify(id, replacing: target, now)
        touch(rename.parent, now)
        touch(rename.newParent, now)
        entries[id]?.node.ctime = now
        return Renamed(node: try entry(id).node, replaced: replaced)
    }

    private mutating func exchange(_ source: Entry, _ target: Entry, _ now: Timestamp) throws(StoreError) -> Renamed {
        guard try !isInside(source.node.parent, target.node.id) else { throw StoreError(.invalid) }
        for (moved, place) in [(source, target), (target, source)] {
            try requireRemovable(moved.node.id)
            attach(moved.node.id, as: place.node.name, in: place.node.parent)
            entries[moved.node.id]?.isExclusive = false
            entries[moved.node.id]?.isForeign = place.isForeign
        }
        for (moved, place) in [(source, target), (target, source)] {
            try reclassify(moved.node.id, replacing: place, now)
            touch(place.node.parent, now)
            entries[moved.node.id]?.node.ctime = now
        }
        return Renamed(node: try entry(source.node.id).node, replaced: try entry(target.node.id).node)
    }

    /// R8: over a stream comes a file that begins with what is there; the rest is appended.
    private mutating func absorb(_ source: Entry, into target: Entry, _ now: Timestamp) throws(StoreError) -> Renamed? {
        guard target.node.isStream, source.node.kind == .file else { return nil }
        guard source.bytes.starts(with: target.bytes) else {
            if limits.removesEvents { return nil }
            throw StoreError(.notPermitted)
        }
        let id = target.node.id
        let known = target.bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        if source.bytes.count > target.bytes.count {
            try requireLines(source.bytes[known...], of: target.node.name)
        }
        setBytes(id, source.bytes)
        entries[id]?.node.mode = source.node.mode
        entries[id]?.node.uid = source.node.uid
        entries[id]?.node.gid = source.node.gid
        entries[id]?.node.mtime = source.node.mtime
        entries[id]?.node.ctime = now
        moveRevision(id)
        touch(source.node.parent, now)
        touch(target.node.parent, now)
        _ = try detach(source.node.id, now: now)
        return Renamed(node: try entry(id).node, replaced: nil, absorbed: source.node.id)
    }

    /// Makes of everything at or below `id` what its new path says: documents are published or withdrawn.
    private mutating func reclassify(_ id: NodeID, replacing: Entry?, _ now: Timestamp) throws(StoreError) {
        for file in subtree(id) {
            let before = try entry(file)
            let after = try nameClass(of: file)
            entries[file]?.node.nameClass = after
            guard before.node.kind == .file else { continue }
            let node = try entry(file).node
            let replacesValue = file == id && replacing.map { isRecord($0.node) && $0.node.revision != 0 } == true
            if isRecord(node), before.bytes.isEmpty, replacesValue { throw Self.emptied }
            guard after != before.node.nameClass else { continue }
            if after == .document {
                try requireValue(before.bytes, of: node, hasValue: replacesValue)
                let path = try path(of: file)
                if node.isDocument, !isRecord(node) || !before.bytes.isEmpty { kept[.rejected]?[path] = nil }
            }
            moveRevision(file)
            if isRecord(node), before.bytes.isEmpty { entries[file]?.node.revision = 0 }
        }
    }

    /// Whether `id` is `ancestor` or lies below it.
    private func isInside(_ id: NodeID, _ ancestor: NodeID) throws(StoreError) -> Bool {
        var node = try entry(id).node
        while node.id != ancestor {
            if node.id == .root { return false }
            node = try entry(node.parent).node
        }
        return true
    }
}
