internal import Persist

extension Transaction {
    /// The same for a name that is new, in a directory that is there: most of what a first look finds, and so in few
    /// statements.
    ///
    /// - Returns: nil where it takes more.
    func putNewAbsent(_ change: FarChange) throws(StoreError) -> NodeRow? {
        let path = change.path
        guard case .absent(let size, let isValue) = change.content, let key = change.key,
            let name = change.names.last, name != FarChange.selfName,
            let parent = try walk.directory(path.dropLast(name.bytes.count + 1), in: db)
        else { return nil }
        let mtime = change.mtime ?? now
        var node = try db.preview(
            Creation(
                id: try newNodeID(), parent: parent, name: name, kind: .file, mode: change.mode, uid: change.uid,
                gid: change.gid, time: mtime, isValue: isValue), in: try db.parent(parent))
        guard !node.isStream else { return nil }
        (node.size, node.allocated, node.revision, node.ctime) = (size, size, 1, now)
        let cookie = Cookie.first(of: name)
        let body = node.isDocument ? nil : try newID(.body)
        let made = try db.run(
            """
            INSERT OR IGNORE INTO node(ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime,
                size, stored, rev, body, xattr)
                SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?10, ?12, ?12, 1, ?13, ?14
                WHERE NOT EXISTS (SELECT 1 FROM node WHERE parent = ?2 AND cookie BETWEEN ?3 AND ?3 + 15)
            """, node.id, parent, cookie, name, Int64(node.namespace?.rawValue ?? 0), Int64(node.nameClass.rawValue),
            node.mode.map { Int64($0) }, node.uid.map { Int64($0) }, node.gid.map { Int64($0) }, mtime, now,
            Int64(size), body, try change.packedAttributes)
        guard made == 1 else { return nil }
        db.cache?.added(name, in: parent)
        let row = NodeRow(node, cookie: cookie)
        try putAway(
            AwayContent(node: row.id, path: path, key: key, sum: change.sum, revision: change.revision), body: body,
            size: size)
        try forgetRejected(row)
        try touch(parent, mtime)
        // Nobody can have kept anything of its content: told of it late, a kernel would drop what it has just read.
        tellNewEntry(parent, name)
        return row
    }

    /// A file that the far side has, and whose content is fetched when somebody reads it.
    ///
    /// - Parameter there: what has its name now.
    func putAbsent(
        _ change: FarChange, size: UInt64, isValue: Bool, _ there: NodeRow?, _ name: FileName, in parent: NodeID
    ) throws(StoreError) -> NodeRow {
        guard let key = change.key else { throw StoreError(.invalid, hint: "a value without a key") }
        let mtime = change.mtime ?? now
        var row: NodeRow
        if let there, there.node.kind == .file {
            guard !there.isStream else { throw StoreError(.exists, hint: "a log is in the way") }
            row = there
        } else {
            if let there { try detach(there) }
            row = try insert(
                Creation(
                    id: try newNodeID(), parent: parent, name: name, kind: .file, mode: nil, uid: nil, gid: nil,
                    time: mtime, isValue: isValue))
        }
        row.node.size = size
        try makeAway(
            row,
            AwayContent(
                node: row.id, path: try path(of: row, by: change), key: key, sum: change.sum, revision: change.revision)
        )
        try db.run(
            """
            UPDATE node SET size = ?2, stored = ?2, rev = rev + 1, mtime = ?3, ctime = max(ctime, ?3) WHERE ino = ?1
            """, row.id, Int64(size), mtime)
        try forgetRejected(row)
        tellContent(row.id)
        return try fresh(row.id)
    }

    /// What the far side has of a file, which is not here, is another value now; its name and attributes stay.
    func awayChanged(
        _ row: NodeRow, _ size: UInt64, _ change: FarChange, _ away: AwayContent
    ) throws(StoreError) {
        var row = row
        row.node.size = size
        try makeAway(
            row,
            AwayContent(node: row.id, path: away.path, key: away.key, sum: change.sum, revision: change.revision))
        try db.run("UPDATE node SET size = ?2, stored = ?2, rev = rev + 1 WHERE ino = ?1", row.id, Int64(size))
        tellContent(row.id)
    }
}
