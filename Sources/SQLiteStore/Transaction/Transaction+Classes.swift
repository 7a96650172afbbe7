internal import Persist

/// What a new path makes of files: documents are published, withdrawn, or get another key; logs begin or end.
extension Transaction {
    /// What had the new name: a name that has a row is a document whatever it looks like; a placeholder has no value.
    struct Replaced {
        let isDocument: Bool
        let hasValue: Bool

        init(_ row: NodeRow?) {
            isDocument = row?.isDocument == true
            hasValue = isDocument && row?.node.revision != 0
        }
    }

    /// A node that moves, and its names below what moves (none for itself).
    struct Moved {
        var row: NodeRow
        var names: [FileName]
        /// Another program made it a document, whatever its name looks like: it stays one.
        var isForeign: Bool
        /// Its key before, where its path alone does not say it: a name stands for a component that is too long.
        var key: [UInt8]?
    }

    /// Everything whose class or key may change with the path: in blobs/ only where a temporary name is involved.
    func below(_ source: NodeRow) throws(StoreError) -> [Moved] {
        let path = try db.names(of: source.id)
        let top = try moved(source, path, [])
        guard source.isDirectory else { return [top] }
        if source.node.namespace == .blobs { return [top] }
        return [top] + (try descendants(of: source.id, path, []))
    }

    private func descendants(
        of directory: NodeID, _ path: [FileName], _ names: [FileName]
    ) throws(StoreError) -> [Moved] {
        var found: [Moved] = []
        let children = try db.all(
            """
            SELECT ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
                stored, rev, body, rdev FROM node WHERE parent = ? AND cookie > 0
            """, directory, read: { row throws(StoreError) in try db.row(row) })
        for child in children {
            let below = names + [child.node.name]
            found.append(try moved(child, path + below, below))
            if child.isDirectory { found += try descendants(of: child.id, path, below) }
        }
        return found
    }

    private func moved(_ row: NodeRow, _ path: [FileName], _ names: [FileName]) throws(StoreError) -> Moved {
        let isForeign = row.isDocument && NameClass.of(path, in: row.node.namespace) != .document
        var moved = Moved(row: row, names: names, isForeign: isForeign)
        guard isForeign, let namespace = row.node.namespace, PathNames.key(of: path, in: namespace) == nil else {
            return moved
        }
        moved.key = try db.first(
            namespace == .records ? "SELECT key FROM records WHERE ino = ?" : "SELECT key FROM kv WHERE ino = ?",
            row.id,
            read: { KeyText.key(of: $0.bytes(0)) })
        return moved
    }

    /// Makes of each what its new path says: documents are published, withdrawn, or get another key.
    func reclassify(_ moved: [Moved], under top: NodeRow, _ replaced: Replaced) throws(StoreError) {
        let path = try db.names(of: top.id)
        for node in moved {
            let names = path + node.names
            let isTop = node.names.isEmpty
            let isDocument = isTop ? replaced.isDocument : node.isForeign
            let after = NameClass.of(names, in: node.row.node.namespace, isExclusive: false, hasValue: isDocument)
            if isTop && node.row.isDirectory && node.row.node.namespace == .blobs {
                if after != node.row.node.nameClass { try reclassifyBlobs(below: top.id, after) }
            }
            try reclassify(node, to: after, names, replacesValue: isTop && replaced.hasValue)
        }
    }

    /// A directory of blobs/ became temporary, or stopped being it, with all that it holds.
    private func reclassifyBlobs(below directory: NodeID, _ directoryClass: NameClass) throws(StoreError) {
        let path = try db.names(of: directory)
        for node in try descendants(of: directory, path, []) {
            let after = NameClass.of(path + node.names, in: .blobs, isExclusive: false)
            try db.run("UPDATE node SET class = ?2 WHERE ino = ?1", node.row.id, Int64(after.rawValue))
        }
    }

    private func reclassify(
        _ moved: Moved, to nameClass: NameClass, _ names: [FileName], replacesValue: Bool
    ) throws(StoreError) {
        let before = moved.row
        var after = before
        after.node.nameClass = nameClass
        let isChanged = nameClass != before.node.nameClass
        if isChanged {
            try settle(before)
            try db.run("UPDATE node SET class = ?2 WHERE ino = ?1", before.id, Int64(nameClass.rawValue))
        }
        guard before.node.kind == .file else { return }
        if before.isDocument && after.isDocument {
            if before.node.revision != 0 { try rekey(before, try tableKey(names, of: moved)) }
            return
        }
        guard isChanged, before.isDocument || after.isDocument || before.isStream || after.isStream else { return }
        // Before it is read: a temporary file may be larger than memory.
        if after.isDocument || after.isStream { try requireSize(before.node.size, of: after.node) }
        if after.isDocument {
            // Placeholders are empty files either way.
            let bytes = try db.bytes(of: before)
            try requireValue(bytes, of: after.node)
            try publishRenamed(after, bytes, replacesValue: replacesValue)
        } else if after.isStream {
            try beginLog(after, of: before)
        } else if before.isStream {
            after.body = nil
            try setPlain(after, contentOf: before)
            if let stream = before.body { try removeEvents(stream) }
        } else {
            let bytes = try db.bytes(of: before)
            try deleteDocument(before)
            try setPlain(after, bytes)
        }
        if !after.isDocument && !after.isStream {
            try db.run("UPDATE node SET rev = rev + 1 WHERE ino = ?", after.id)
        }
        tellContent(after.id)
    }

    private func tableKey(_ names: [FileName], of moved: Moved) throws(StoreError) -> Text {
        let namespace = moved.row.node.namespace ?? .kv
        if let old = moved.key, let key = PathNames.key(of: names, in: namespace, was: old) {
            return Text(KeyText.text(of: key))
        }
        return try tableKey(names, in: namespace)
    }

    private func publishRenamed(_ row: NodeRow, _ bytes: [UInt8], replacesValue: Bool) throws(StoreError) {
        try setPlain(row, [])
        if row.node.namespace == .records && bytes.isEmpty {
            if replacesValue { throw Self.emptied }
            try db.run("UPDATE node SET rev = 0 WHERE ino = ?", row.id)
            return
        }
        try putDocument(row, bytes)
        try db.run(
            "UPDATE node SET rev = rev + 1, size = ?2, stored = ?2 WHERE ino = ?1", row.id,
            row.node.namespace == .kv ? try documentSize(row) : Int64(bytes.count))
        try db.run("DELETE FROM kept WHERE area = 1 AND path = ?", try db.path(of: row))
    }

}
