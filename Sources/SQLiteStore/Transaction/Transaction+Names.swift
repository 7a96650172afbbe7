internal import Persist

/// Names and attributes: the rows of `node`.
extension Transaction {
    /// The row of a new name, without a value. - Throws: `.exists`.
    /// - Parameter isFileAlone: of a file, in a transaction that changes no directory otherwise.
    @discardableResult
    func insert(_ creation: Creation, isFileAlone: Bool = false) throws(StoreError) -> NodeRow {
        let slot = try db.slot(creation.name, in: creation.parent)
        var node = try db.preview(creation, in: try db.parent(creation.parent))
        guard slot.found == nil else { throw StoreError(.exists) }
        node.revision = 0
        let row = try insert(node, cookie: slot.free, small: creation.kind == .symlink ? creation.target : nil)
        if isFileAlone {
            try touch(creation.parent, for: node, creation.time)
        } else {
            try touch(creation.parent, creation.time)
        }
        tellNewEntry(creation.parent, creation.name)
        journal(row.id, .name)
        return row
    }

    func insert(_ node: Node, cookie: Int64?, small: [UInt8]?) throws(StoreError) -> NodeRow {
        guard let cookie else { throw Self.collision }
        try db.run(
            """
            INSERT INTO node(ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, size,
                stored, rev, rdev, small)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?11, ?12, 0, ?13, ?14, ?15)
            """, node.id, node.parent, cookie, node.name, Int64(node.namespace?.rawValue ?? 0),
            Int64(node.kind.rawValue), Int64(node.nameClass.rawValue), node.mode.map { Int64($0) },
            node.uid.map { Int64($0) }, node.gid.map { Int64($0) }, node.mtime, Int64(node.size), node.revision,
            Int64(bitPattern: node.device), small)
        db.cache?.added(node.name, in: node.parent)
        return NodeRow(node, cookie: cookie)
    }

    static let collision = StoreError(.full, hint: "sixteen names of this directory have the same hash")

    /// A name appeared in a directory, or went away.
    func touch(_ directory: NodeID, _ time: Timestamp) throws(StoreError) {
        // The far side says itself when its directories changed.
        if isFromFar {
            let isTold = try db.exists("SELECT 1 FROM far WHERE ino = ? AND meta IS NOT NULL LIMIT 1", directory)
            if isTold { return }
        }
        try willTouch(directory, time)
        try db.run("UPDATE node SET mtime = ?2, ctime = ?2 WHERE ino = ?1", directory, time)
        db.cache?.touch(directory, time)
        tellAttributes(directory)
    }

    func create(_ creation: Creation) throws(StoreError) -> Node {
        let row = try insert(creation)
        if row.isDocument && row.node.namespace == .records { return row.node }
        if row.isDocument { try putDocument(row, []) }
        try db.run("UPDATE node SET rev = 1 WHERE ino = ?", row.id)
        if row.isDirectory { db.cache?.madeEmpty(row.id) }
        var node = row.node
        node.revision = 1
        return node
    }

    func setAttributes(_ id: NodeID, _ change: AttributeChange) throws(StoreError) -> Node {
        try willTouch(id, change.time)
        if change.mtime != nil { try settle(try fresh(id)) }
        let changed = try db.first(
            """
            UPDATE node SET mode = coalesce(?2, mode), uid = coalesce(?3, uid), gid = coalesce(?4, gid),
                mtime = coalesce(?5, mtime), atime = coalesce(?6, atime), ctime = ?7 WHERE ino = ?1
                RETURNING ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
                    stored, rev, body, rdev
            """, id, change.mode.map { Int64($0) }, change.uid.map { Int64($0) }, change.gid.map { Int64($0) },
            change.mtime, change.atime, change.time, read: { row throws(StoreError) in try db.row(row) })
        guard let changed else { throw StoreError(.notFound) }
        if changed.isDirectory { db.cache?.forgetAll() } else { db.cache?.forget(id) }
        tellAttributes(id)
        return changed.node
    }
}
