internal import Persist

/// renameat2(2), and what a new name makes of documents and logs (R3, R5, R8).
extension Transaction {
    func rename(_ rename: Rename) throws(StoreError) -> Renamed {
        let source = try db.lookup(rename.name, in: rename.parent)
        let newParent = try db.directory(rename.newParent)
        guard rename.parent != .root else {
            throw StoreError(.busy, hint: "the four directories of a store stay where they are")
        }
        guard rename.newParent != .root else {
            throw StoreError(Namespace(name: rename.newName) == nil ? .notPermitted : .busy)
        }
        guard source.node.namespace == newParent.node.namespace else { throw StoreError(.crossesNamespaces) }
        if source.isDirectory, try db.isWithin(rename.newParent, source.id) { throw StoreError(.invalid) }
        let target = try db.child(rename.newName, of: rename.newParent)
        switch rename.mode {
        case .noReplace:
            guard target == nil else { throw StoreError(.exists) }
        case .replace: break
        case .exchange:
            guard let target else { throw StoreError(.notFound) }
            if target.id == source.id { return Renamed(node: source.node, replaced: nil) }
            return try exchange(source, target)
        }
        if target?.id == source.id { return Renamed(node: source.node, replaced: nil) }
        return try move(source, to: rename.newName, in: newParent, over: target)
    }

    private func move(
        _ source: NodeRow, to name: FileName, in parent: NodeRow, over target: NodeRow?
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
        let before = try below(source)
        let replacesRecord = target.map { $0.isDocument && $0.node.namespace == .records && $0.node.revision != 0 }
        if replacesRecord == true && source.node.size == 0 && source.node.kind == .file {
            if try nameClass(name, in: parent, hasValue: true) == .document { throw Self.emptied }
        }
        let replaces = Replaced(target)
        var replaced: Node?
        if let target {
            try refuseToLoseEvents(target)
            try detach(target)
            replaced = try db.node(target.id)?.node ?? target.node
            replaced?.isUnlinked = true
        }
        try place(source, name, in: parent.id)
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
        try place(target, source.node.name, in: source.node.parent)
        try place(source, target.node.name, in: target.node.parent)
        try reclassify(below, under: source, Replaced(target))
        try reclassify(belowTarget, under: target, Replaced(source))
        try touch(source.node.parent, now)
        if source.node.parent != target.node.parent { try touch(target.node.parent, now) }
        return Renamed(node: try fresh(source.id).node, replaced: try fresh(target.id).node)
    }

    /// The row gets the name, which is free.
    private func place(_ row: NodeRow, _ name: FileName, in parent: NodeID) throws(StoreError) {
        let slot = try db.slot(name, in: parent)
        guard slot.found == nil, let cookie = slot.free else { throw Self.collision }
        try db.run(
            "UPDATE node SET parent = ?2, cookie = ?3, name = ?4, ctime = ?5 WHERE ino = ?1", row.id, parent, cookie,
            name, now)
        tellEntry(row.node.parent, row.node.name)
        tellEntry(parent, name)
        tellAttributes(row.id)
    }

    /// R8: a log with events keeps its path, and so do the directories above it.
    private func refuseToMoveEvents(_ row: NodeRow) throws(StoreError) {
        guard row.node.namespace == .events, !limits.removesEvents else { return }
        guard row.isDirectory else { return try refuseToLoseEvents(row) }
        let found = try db.exists(
            """
            WITH RECURSIVE tree(ino) AS (SELECT ?1 UNION ALL
                SELECT n.ino FROM node n JOIN tree t ON n.parent = t.ino WHERE n.cookie > 0)
            SELECT 1 FROM tree t JOIN node n ON n.ino = t.ino WHERE n.kind = 1 AND n.class = 1 AND n.size > 0 LIMIT 1
            """, row.id)
        guard !found else {
            throw StoreError(.notPermitted, hint: "the directory holds a log with events, which keeps its path")
        }
    }

    // MARK: Classes

    /// What had the new name: a name that has a row is a document whatever it looks like; a placeholder has no value.
    private struct Replaced {
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
    }

    /// Everything whose class or key may change with the path: in blobs/ only where a temporary name is involved.
    private func below(_ source: NodeRow) throws(StoreError) -> [Moved] {
        let path = try db.names(of: source.id)
        let top = Moved(row: source, names: [], isForeign: isForeign(source, path))
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
            """, directory, read: { NodeRow($0) })
        for child in children {
            let below = names + [child.node.name]
            found.append(Moved(row: child, names: below, isForeign: isForeign(child, path + below)))
            if child.isDirectory { found += try descendants(of: child.id, path, below) }
        }
        return found
    }

    private func isForeign(_ row: NodeRow, _ path: [FileName]) -> Bool {
        row.isDocument && NameClass.of(path, in: row.node.namespace) != .document
    }

    /// Makes of each what its new path says: documents are published, withdrawn, or get another key.
    private func reclassify(_ moved: [Moved], under top: NodeRow, _ replaced: Replaced) throws(StoreError) {
        let path = try db.names(of: top.id)
        for node in moved {
            let names = path + node.names
            let isTop = node.names.isEmpty
            let isDocument = isTop ? replaced.isDocument : node.isForeign
            let after = NameClass.of(names, in: node.row.node.namespace, isExclusive: false, hasValue: isDocument)
            if isTop && node.row.isDirectory && node.row.node.namespace == .blobs {
                if after != node.row.node.nameClass { try reclassifyBlobs(below: top.id, after) }
            }
            try reclassify(node.row, to: after, names, replacesValue: isTop && replaced.hasValue)
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
        _ before: NodeRow, to nameClass: NameClass, _ names: [FileName], replacesValue: Bool
    ) throws(StoreError) {
        var after = before
        after.node.nameClass = nameClass
        let isChanged = nameClass != before.node.nameClass
        if isChanged {
            try db.run("UPDATE node SET class = ?2 WHERE ino = ?1", before.id, Int64(nameClass.rawValue))
        }
        guard before.node.kind == .file else { return }
        if before.isDocument && after.isDocument {
            if before.node.revision != 0 { try rekey(before, try tableKey(names, in: before.node.namespace ?? .kv)) }
            return
        }
        guard isChanged, before.isDocument || after.isDocument || before.isStream || after.isStream else { return }
        // Placeholders are empty files either way.
        let bytes = try db.bytes(of: before)
        if after.isDocument || after.isStream { try requireValue(bytes, of: after.node) }
        if before.isDocument { try deleteDocument(before) }
        if before.isStream, let stream = before.body {
            try removeEvents(stream)
            try db.run("UPDATE node SET body = NULL WHERE ino = ?", before.id)
            after.body = nil
        }
        if after.isDocument {
            try publishRenamed(after, bytes, replacesValue: replacesValue)
        } else if after.isStream {
            try setPlain(after, [])
            try appendRenamed(after, bytes)
        } else {
            try setPlain(after, bytes)
            try db.run("UPDATE node SET rev = rev + 1 WHERE ino = ?", after.id)
        }
        tellContent(after.id)
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

    /// A plain file becomes a log: its lines are the events.
    private func appendRenamed(_ row: NodeRow, _ bytes: [UInt8]) throws(StoreError) {
        try db.run("UPDATE node SET rev = rev + 1 WHERE ino = ?", row.id)
        try appendAll(bytes, to: row)
        try db.run("UPDATE node SET mtime = ?2, ctime = ?3 WHERE ino = ?1", row.id, row.node.mtime, now)
    }

    /// All of the bytes, or nothing.
    private func appendAll(_ bytes: [UInt8], to row: NodeRow) throws(StoreError) {
        guard !bytes.isEmpty else { return }
        let appended = try append(
            Append(stream: row.id, bytes: bytes, start: .continuing, endsUnterminated: true, time: now))
        guard appended.accepted < bytes.count else { return }
        // Looked at again, so that the error says what is wrong with the line.
        let refused = bytes[appended.accepted...].prefix { $0 != UInt8(ascii: "\n") }
        try checkLine(Array(refused), isJSON: Self.holdsJSON(appended.node.name))
        throw StoreError(.tooLarge, hint: "the log would be larger than it may be")
    }

    // MARK: Over a log

    /// R8: a file that begins with what the log holds is its continuation. - Returns: nil where it just replaces it.
    private func absorb(_ source: NodeRow, into target: NodeRow) throws(StoreError) -> Renamed? {
        guard try begins(source, with: target) else {
            if limits.removesEvents { return nil }
            throw StoreError(.notPermitted, hint: "the file does not begin with what the log holds")
        }
        var position = target.node.size
        let piece = 4 << 20
        var rest: [UInt8] = []
        while position < source.node.size {
            let wanted = Int(min(UInt64(piece), source.node.size - position))
            rest += try ByteSink.collect(wanted) { sink throws(StoreError) in
                try db.read(source, at: position, into: &sink)
            }
            position += UInt64(wanted)
            // Whole lines at a time; what is left of the last goes with the next piece.
            let end = position < source.node.size ? rest.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } : rest.count
            guard let end else { continue }
            try appendAll(Array(rest[..<end]), to: target)
            rest.removeFirst(end)
        }
        try db.run(
            """
            UPDATE node SET mode = ?2, uid = ?3, gid = ?4, mtime = ?5, ctime = ?6,
                rev = max(rev, 1) WHERE ino = ?1
            """, target.id, source.node.mode.map { Int64($0) }, source.node.uid.map { Int64($0) },
            source.node.gid.map { Int64($0) }, source.node.mtime, now)
        try detach(source)
        try touch(source.node.parent, now)
        if target.node.parent != source.node.parent { try touch(target.node.parent, now) }
        tellEntry(target.node.parent, target.node.name)
        tellContent(target.id)
        return Renamed(node: try fresh(target.id).node, replaced: nil, absorbed: source.id)
    }

    private func begins(_ source: NodeRow, with target: NodeRow) throws(StoreError) -> Bool {
        guard source.node.size >= target.node.size else { return false }
        var position: UInt64 = 0
        while position < target.node.size {
            let wanted = Int(min(1 << 20, target.node.size - position))
            let (old, new) = (try piece(of: target, position, wanted), try piece(of: source, position, wanted))
            guard old == new else { return false }
            position += UInt64(wanted)
        }
        return true
    }

    private func piece(of row: NodeRow, _ position: UInt64, _ count: Int) throws(StoreError) -> [UInt8] {
        try ByteSink.collect(count) { sink throws(StoreError) in try db.read(row, at: position, into: &sink) }
    }
}
