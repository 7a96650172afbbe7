public import Persist

extension SQLiteStore {
    public func lookup(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        do throws(StoreError) {
            return try read { db throws(StoreError) in
                let row = try db.lookup(name, in: parent)
                if row.node.kind == .file { db.cache?.add(file: row) }
                return row.node
            }
        } catch {
            if error.kind == .notFound { try requireNames() }
            throw error
        }
    }

    /// - Throws: `.absent` where the far side may have names that are not here.
    private func requireNames() throws(StoreError) {
        if let absence = options.absentNames?() { throw StoreError(absent: absence) }
    }

    public func node(_ id: NodeID) throws(StoreError) -> Node {
        let row = try read { db throws(StoreError) in
            if let known = db.cache?.directory(id) ?? db.cache?.file(id) { return Optional(known) }
            return try db.node(id)
        }
        guard let row else { throw StoreError(.notFound) }
        return row.node
    }

    public func list(_ directory: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [DirectoryEntry] {
        // What is in the root, everybody knows.
        if directory != .root { try requireNames() }
        return try read { db throws(StoreError) in try db.list(directory, after: cookie, limit: limit) }
    }

    public func path(of id: NodeID) throws(StoreError) -> [UInt8] {
        try readTogether { db throws(StoreError) in
            guard let row = try db.node(id) else { throw StoreError(.notFound) }
            return try db.path(of: row)
        }
    }

    public func key(of id: NodeID) throws(StoreError) -> StoreKey? {
        try readTogether { db throws(StoreError) in
            guard let row = try db.node(id) else { throw StoreError(.notFound) }
            let node = row.node
            guard node.kind == .file, let namespace = node.namespace,
                node.nameClass == .document || (namespace == .blobs && node.nameClass == .plain),
                let key = try PathNames.key(of: db.names(of: id), in: namespace)
            else { return nil }
            return StoreKey(namespace.name.bytes + [UInt8(ascii: "/")] + key)
        }
    }

    public func reserveNodeID() throws(StoreError) -> NodeID {
        guard !isReadOnly else { throw StoreError(.readOnly) }
        if let id = mount.blocks.take(.node) { return NodeID(UInt64(id)) }
        return try write { tx throws(StoreError) in try tx.newNodeID() }
    }

    public func preview(_ creation: Creation) throws(StoreError) -> CreationPreview {
        try read { db throws(StoreError) in
            let directory = try db.parent(creation.parent)
            return CreationPreview(
                directory: directory.node, existing: try db.child(creation.name, of: creation.parent)?.node,
                node: try db.preview(creation, in: directory))
        }
    }

    public func create(_ creation: Creation) throws(StoreError) -> Node {
        // A new directory changes none that was there.
        try write(leavesDirectories: true) { tx throws(StoreError) in try tx.create(creation) }
    }

    public func unlink(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try writeFreeing(leavesDirectories: true) { tx throws(StoreError) in try tx.unlink(name, in: parent) }
    }

    public func removeDirectory(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try requireNames()
        return try writeFreeing { tx throws(StoreError) in try tx.removeDirectory(name, in: parent) }
    }

    public func rename(_ rename: Rename) throws(StoreError) -> Renamed {
        try writeFreeing(leavesDirectories: true) { tx throws(StoreError) in try tx.rename(rename) }
    }

    public func setAttributes(_ id: NodeID, _ change: AttributeChange) throws(StoreError) -> Node {
        try write(leavesDirectories: true, savesFirst: false) { tx throws(StoreError) in
            try tx.saveOutbox()
            return try tx.setAttributes(id, change)
        }
    }
}
