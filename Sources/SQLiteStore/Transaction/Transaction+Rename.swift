internal import Persist

/// renameat2(2) (R3). What a new name makes of documents: `Transaction+Classes`; of logs: `Transaction+Absorb`.
extension Transaction {
    func rename(_ rename: Rename) throws(StoreError) -> Renamed {
        let source = try db.lookup(rename.name, in: rename.parent)
        // A file of blobs/ that moves changes two names. Else paths, keys and logs may move with it.
        let isBlob = source.node.namespace == .blobs && !source.isDirectory && rename.mode != .exchange
        if !isBlob { db.cache?.isCurrent = false }
        defer { if !isBlob { db.cache?.forgetAll() } }
        let newParent = try db.directory(rename.newParent)
        guard rename.parent != .root else {
            throw StoreError(.busy, hint: "the four directories of a store stay where they are")
        }
        guard rename.newParent != .root else {
            throw StoreError(Namespace(name: rename.newName) == nil ? .notPermitted : .busy)
        }
        guard source.node.namespace == newParent.node.namespace else { throw StoreError(.crossesNamespaces) }
        if source.isDirectory, try db.isWithin(rename.newParent, source.id) { throw StoreError(.invalid) }
        let slot = try db.slot(rename.newName, in: rename.newParent)
        let target = slot.found
        switch rename.mode {
        case .noReplace:
            guard target == nil else { throw StoreError(.exists) }
        case .replace: break
        case .exchange:
            guard let target else { throw StoreError(.notFound) }
            if let wanted = rename.target, wanted != target.id { throw StoreError(.exists) }
            if target.id == source.id { return Renamed(node: source.node, replaced: nil) }
            return try exchange(source, target)
        }
        if target?.id == source.id { return Renamed(node: source.node, replaced: nil) }
        return try move(source, to: rename.newName, in: newParent, over: target, cookie: slot.free)
    }

    /// - Parameter cookie: where the name would stand, if there is no target.
    private func move(
        _ source: NodeRow, to name: FileName, in parent: NodeRow, over target: NodeRow?, cookie: Int64?
    ) throws(StoreError) -> Renamed {
        if let target {
            if source.isDirectory {
                guard target.isDirectory else { throw StoreError(.notDirectory) }
                guard try isEmpty(target.id) else { throw StoreError(.notEmpty) }
            } else if target.isDirectory {
                throw StoreError(.isDirectory)
            }
        }
        try refuseToMoveEvents(source)
        if let target, target.isStream, source.node.kind == .file {
            if let absorbed = try absorb(source, into: target) { return absorbed }
        }
        // Of a file in blobs/ only the class may change, and its directory says to which.
        let isBlob = source.node.namespace == .blobs && !source.isDirectory
        let before = isBlob ? [] : try below(source)
        let nameClass = isBlob ? try db.nameClass(name, in: parent) : source.node.nameClass
        let replacesRecord = target.map { $0.isDocument && $0.node.namespace == .records && $0.node.revision != 0 }
        if replacesRecord == true && source.node.size == 0 && source.node.kind == .file {
            if try db.nameClass(name, in: parent, hasValue: true) == .document { throw Self.emptied }
        }
        let replaces = Replaced(target)
        var replaced: Node?
        if let target {
            try refuseToLoseEvents(target)
            try detach(target)
            replaced = target.unlinked(at: now)
        }
        try place(source, name, in: parent.id, nameClass, cookie: target == nil ? cookie : nil)
        try reclassify(before, under: source, replaces)
        try touch(source.node.parent, now)
        if parent.id != source.node.parent { try touch(parent.id, now) }
        return Renamed(node: try fresh(source.id).node, replaced: replaced)
    }

    private func exchange(_ source: NodeRow, _ target: NodeRow) throws(StoreError) -> Renamed {
        if target.isDirectory, try db.isWithin(source.node.parent, target.id) { throw StoreError(.invalid) }
        try refuseToMoveEvents(source)
        try refuseToMoveEvents(target)
        for (empty, value) in [(source, target), (target, source)] where value.isDocument {
            let isRecord = value.node.namespace == .records && value.node.revision != 0
            if isRecord && empty.node.kind == .file && empty.node.size == 0 { throw Self.emptied }
        }
        let (below, belowTarget) = (try below(source), try below(target))
        // Two names, two keys: both give theirs up before either takes the other's.
        for row in below.map(\.row) + belowTarget.map(\.row) where row.isDocument {
            try rekey(row, Text([1] + Array("\(row.id.rawValue)".utf8)))
        }
        try db.run("UPDATE node SET cookie = -ino WHERE ino = ?", source.id)
        try place(target, source.node.name, in: source.node.parent, target.node.nameClass, cookie: nil)
        try place(source, target.node.name, in: target.node.parent, source.node.nameClass, cookie: nil)
        try reclassify(below, under: source, Replaced(target))
        try reclassify(belowTarget, under: target, Replaced(source))
        try touch(source.node.parent, now)
        if source.node.parent != target.node.parent { try touch(target.node.parent, now) }
        return Renamed(node: try fresh(source.id).node, replaced: try fresh(target.id).node)
    }

    /// The row gets the name, which is free.
    /// - Parameter cookie: where it is to stand, if that is known.
    private func place(
        _ row: NodeRow, _ name: FileName, in parent: NodeID, _ nameClass: NameClass, cookie: Int64?
    ) throws(StoreError) {
        let cookie = try cookie.or { () throws(StoreError) in
            let slot = try db.slot(name, in: parent)
            guard slot.found == nil, let free = slot.free else { throw Self.collision }
            return free
        }
        try db.run(
            "UPDATE node SET parent = ?2, cookie = ?3, name = ?4, class = ?5, ctime = ?6 WHERE ino = ?1", row.id,
            parent, cookie, name, Int64(nameClass.rawValue), now)
        db.cache?.forget(row.id)
        db.cache?.removed(row.node.name, in: row.node.parent)
        db.cache?.added(name, in: parent)
        tellEntry(row.node.parent, row.node.name)
        tellEntry(parent, name)
        tellAttributes(row.id)
        journal(row.id, .name)
    }

    /// R8: a log with events keeps its path, and so do the directories above it.
    private func refuseToMoveEvents(_ row: NodeRow) throws(StoreError) {
        guard row.node.namespace == .events, !limits.removesEvents else { return }
        guard row.isDirectory else { return try refuseToLoseEvents(row) }
        let found = try db.exists(
            """
            WITH RECURSIVE tree(ino) AS (SELECT ?1 UNION ALL
                SELECT n.ino FROM node n JOIN tree t ON n.parent = t.ino WHERE n.cookie > 0)
            SELECT 1 FROM tree t JOIN node n ON n.ino = t.ino WHERE n.kind = 1 AND n.class = 1 AND n.body > 0 LIMIT 1
            """, row.id)
        guard !found else {
            throw StoreError(.notPermitted, hint: "the directory holds a log with events, which keeps its path")
        }
    }
}
