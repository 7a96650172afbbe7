internal import Persist

/// A new file with all of its content: most publishings are that, and this is why they take few statements.
extension Transaction {
    /// - Returns: nil where it takes more: content in chunks, a name or a hash that is taken, a placeholder.
    func publishNew(_ publication: Publication) throws(StoreError) -> Node? {
        guard let creation = publication.creation, publication.draft == nil, creation.kind == .file,
            case .bytes(let bytes) = publication.content
        else { return nil }
        var node = try db.preview(creation, in: try db.parent(creation.parent))
        guard !node.isStream, node.isDocument || bytes.count <= Self.smallMax else { return nil }
        if node.namespace == .records && node.isDocument && bytes.isEmpty { return nil }
        if node.isDocument { try requireValue(bytes, of: node) } else { try requireSize(UInt64(bytes.count), of: node) }
        node.size = UInt64(bytes.count)
        node.allocated = node.size
        node.revision = 1
        node.mtime = publication.mtime
        node.ctime = max(creation.time, publication.mtime)

        let cookie = Cookie.first(of: creation.name)
        let made = try db.run(
            """
            INSERT OR IGNORE INTO node(ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime,
                size, stored, rev, small)
                SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, 1, ?14
                WHERE NOT EXISTS (SELECT 1 FROM node WHERE parent = ?2 AND cookie BETWEEN ?3 AND ?3 + 15)
            """, node.id, node.parent, cookie, node.name, Int64(node.namespace?.rawValue ?? 0),
            Int64(node.nameClass.rawValue), node.mode.map { Int64($0) }, node.uid.map { Int64($0) },
            node.gid.map { Int64($0) }, node.mtime, node.ctime, node.btime, Int64(bytes.count),
            node.isDocument || bytes.isEmpty ? nil : bytes)
        guard made == 1 else { return nil }
        db.cache?.added(node.name, in: node.parent)
        let row = NodeRow(node, cookie: cookie)
        if node.isDocument {
            let key = try tableKey(try db.names(to: node.name, in: node.parent), in: node.namespace ?? .kv)
            try insertDocument(row, key, bytes, replacing: nil)
        }
        try forgetRejected(row)
        try touch(creation.parent, for: node, creation.time)
        // Nobody can have kept anything of its content: told of it late, a kernel would drop what it has just read.
        tellNewEntry(creation.parent, creation.name)
        try journalNew(node)
        return node
    }
}
