internal import Persist

/// Names that come and go.
extension MemoryTree {
    mutating func create(_ creation: Creation) throws(StoreError) -> Node {
        try make(creation)
        let node = try entry(creation.id).node
        if node.kind != .file || !isRecord(node) { moveRevision(creation.id) }
        return try entry(creation.id).node
    }

    /// What `create` would find, and what it would make, were the name free.
    func preview(_ creation: Creation) throws(StoreError) -> CreationPreview {
        let directory = try livingDirectory(creation.parent)
        let existing = try directory.children[creation.name].map { child throws(StoreError) in try entry(child.id).node
        }
        var copy = self
        copy.entries[creation.parent]?.children[creation.name] = nil
        return CreationPreview(directory: directory.node, existing: existing, node: try copy.create(creation))
    }

    /// Makes the node, as yet without a value.
    mutating func make(_ creation: Creation) throws(StoreError) {
        let parent = try livingDirectory(creation.parent)
        guard parent.children[creation.name] == nil else { throw StoreError(.exists) }
        guard let namespace = parent.node.namespace else { throw StoreError(.notPermitted) }
        guard entries[creation.id] == nil, creation.id.rawValue >= NodeID.firstFree else { throw StoreError(.invalid) }
        switch creation.kind {
        case .file, .directory, .symlink: break
        case .fifo, .socket, .characterDevice, .blockDevice:
            guard namespace == .blobs else { throw StoreError(.notPermitted) }
        }
        let node = Node(
            id: creation.id, parent: creation.parent, name: creation.name, namespace: namespace, kind: creation.kind,
            nameClass: .plain, mode: creation.mode, uid: creation.uid, gid: creation.gid, mtime: creation.time,
            ctime: creation.time, btime: creation.time, atime: nil, size: 0, allocated: 0, revision: 0,
            device: creation.device, isUnlinked: false)
        entries[creation.id] = Entry(node: node, isExclusive: creation.isExclusive)
        attach(creation.id, as: creation.name, in: creation.parent)
        let byName = try nameClass(of: creation.id)
        if creation.isValue && byName != .document { entries[creation.id]?.isForeign = true }
        let nameClass = try nameClass(of: creation.id)
        entries[creation.id]?.node.nameClass = nameClass
        if creation.kind == .symlink { setBytes(creation.id, creation.target) }
        touch(creation.parent, creation.time)
    }

    mutating func unlink(_ name: FileName, in parent: NodeID, now: Timestamp) throws(StoreError) -> Node {
        let found = try find(name, in: parent)
        guard found.node.kind != .directory else { throw StoreError(.isDirectory) }
        try requireRemovable(found.node.id)
        touch(parent, now)
        return try detach(found.node.id, now: now)
    }

    mutating func removeDirectory(_ name: FileName, in parent: NodeID, now: Timestamp) throws(StoreError) -> Node {
        let found = try find(name, in: parent)
        guard found.node.kind == .directory else { throw StoreError(.notDirectory) }
        guard parent != .root else { throw StoreError(.busy) }
        guard found.children.isEmpty else { throw StoreError(.notEmpty) }
        touch(parent, now)
        return try detach(found.node.id, now: now)
    }

    /// R8: a stream that has events keeps its name, and so does every directory above it.
    func requireRemovable(_ id: NodeID) throws(StoreError) {
        guard !limits.removesEvents else { return }
        for id in subtree(id) {
            let found = try entry(id)
            if found.node.isStream && !found.bytes.isEmpty { throw StoreError(.notPermitted) }
        }
    }

    /// What the names on the way to a file make of it.
    func nameClass(of id: NodeID) throws(StoreError) -> NameClass {
        let found = try entry(id)
        guard let namespace = found.node.namespace else { return .plain }
        return NameClass.of(
            Array(try components(of: id).dropFirst()), in: namespace, isExclusive: found.isExclusive,
            hasValue: found.isForeign)
    }

    /// The key of a document, blob or stream.
    func key(of id: NodeID) throws(StoreError) -> StoreKey? {
        let node = try entry(id).node
        guard node.kind == .file, let namespace = node.namespace else { return nil }
        guard node.nameClass == .document || namespace == .blobs && node.nameClass == .plain else { return nil }
        return NameRules.key(of: try components(of: id).dropFirst(), in: namespace)
    }

    func isRecord(_ node: Node) -> Bool { node.isDocument && node.namespace == .records }
}
