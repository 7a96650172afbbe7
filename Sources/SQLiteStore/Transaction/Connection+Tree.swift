internal import Persist

/// How names lead to nodes. Each is one statement, or a walk of single ones.
extension Connection {
    func node(_ id: NodeID) throws(StoreError) -> NodeRow? {
        try first(
            """
            SELECT ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
                stored, rev, body, rdev FROM node WHERE ino = ?
            """, id, read: { row throws(StoreError) in try self.row(row) })
    }

    /// The same with its content, where that lies in its row.
    func nodeWithContent(_ id: NodeID) throws(StoreError) -> NodeRow? {
        try first(
            """
            SELECT ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
                stored, rev, body, rdev, small FROM node WHERE ino = ?
            """, id, read: { row throws(StoreError) in try self.row(row, small: 19) })
    }

    /// The node of that name, and where a new one of that name would stand.
    func slot(_ name: FileName, in parent: NodeID) throws(StoreError) -> (found: NodeRow?, free: Int64?) {
        let start = Cookie.first(of: name)
        var found: NodeRow?
        var free: Int64? = start
        try each(
            """
            SELECT ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
                stored, rev, body, rdev, small FROM node WHERE parent = ?1 AND cookie BETWEEN ?2 AND ?2 + 15 ORDER BY cookie
            """, parent, start
        ) { row throws(StoreError) in
            let isIt = row.withBytes(3) { $0.elementsEqual(name.bytes) }
            if isIt { found = try self.row(row, small: 19) }
            if row.int(2) == free { free = row.int(2) + 1 }
            return true
        }
        if let taken = free, taken >= start + Cookie.window { free = nil }
        return (found, free)
    }

    func child(_ name: FileName, of parent: NodeID) throws(StoreError) -> NodeRow? {
        if cache?.lacks(name, in: parent) == true { return nil }
        return try slot(name, in: parent).found
    }

    /// - Throws: `.notFound`, `.notDirectory`.
    func directory(_ id: NodeID) throws(StoreError) -> NodeRow {
        if let known = cache?.directory(id) { return known }
        guard let row = try node(id), !row.node.isUnlinked else { throw StoreError(.notFound) }
        guard row.isDirectory else { throw StoreError(.notDirectory) }
        cache?.add(directory: row)
        return row
    }

    func lookup(_ name: FileName, in parent: NodeID) throws(StoreError) -> NodeRow {
        if let found = try child(name, of: parent) { return found }
        _ = try directory(parent)
        throw StoreError(.notFound)
    }

    func list(_ directory: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [DirectoryEntry] {
        let start = max(Int64(clamping: cookie), 0)
        let found = try all(
            """
            SELECT ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
                stored, rev, body, rdev FROM node WHERE parent = ?1 AND cookie > ?2 ORDER BY cookie LIMIT ?3
            """, directory, start, Int64(limit)
        ) { row throws(StoreError) in
            DirectoryEntry(cookie: UInt64(row.int(2)), node: try self.row(row).node)
        }
        if found.isEmpty {
            guard let row = try node(directory) else { throw StoreError(.notFound) }
            guard row.isDirectory else { throw StoreError(.notDirectory) }
        }
        return found
    }

    /// The names that lead from the namespace to a child `name` of `parent`; empty for a namespace itself.
    func names(to name: FileName, in parent: NodeID) throws(StoreError) -> [FileName] {
        try names(of: parent) + [name]
    }

    /// The names below the namespace that lead to a node.
    func names(of id: NodeID) throws(StoreError) -> [FileName] {
        if let known = cache?.path(of: id) { return known }
        var names: [FileName] = []
        var current = id
        while current.rawValue >= NodeID.firstFree {
            let step = try first("SELECT parent, name FROM node WHERE ino = ?", current) { row throws(StoreError) in
                (row.id(0), FileName(unchecked: row.bytes(1)))
            }
            guard let step else { throw StoreError(.notFound) }
            names.append(step.1)
            current = step.0
            guard names.count < 100_000 else { throw StoreError(.corrupt, hint: "a directory lies within itself") }
        }
        names.reverse()
        cache?.add(path: names, of: id)
        return names
    }

    /// The path as shown, the namespace first; empty for the root.
    func path(of row: NodeRow) throws(StoreError) -> [UInt8] {
        guard let namespace = row.node.namespace else { return [] }
        return namespace.path(try names(of: row.id))
    }

    /// Whether `id` is `ancestor` or lies below it.
    func isWithin(_ id: NodeID, _ ancestor: NodeID) throws(StoreError) -> Bool {
        var current = id
        var depth = 0
        while current != ancestor {
            guard current.rawValue >= NodeID.firstFree, depth < 100_000,
                let parent = try first("SELECT parent FROM node WHERE ino = ?", current, read: { $0.id(0) })
            else { return false }
            current = parent
            depth += 1
        }
        return true
    }
}
