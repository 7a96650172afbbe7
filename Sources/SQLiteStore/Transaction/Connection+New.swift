internal import Persist

/// What a new name would be, before anything is written.
extension Connection {
    /// A directory in which names may be made; never the root.
    func parent(_ id: NodeID) throws(StoreError) -> NodeRow {
        let row = try directory(id)
        guard id != .root else {
            throw StoreError(.notPermitted, hint: "the root holds records, kv, blobs and events, and nothing else")
        }
        return row
    }

    /// What kind of name this would be in there.
    func nameClass(
        _ name: FileName, in parent: NodeRow, isExclusive: Bool = false, hasValue: Bool = false
    ) throws(StoreError) -> NameClass {
        guard let namespace = parent.node.namespace else { return .plain }
        if namespace == .blobs {
            // A directory below a temporary one is temporary itself, so that no walk is needed here.
            if parent.node.nameClass == .temporary { return .temporary }
            return NameClass.isTemporaryName(name.bytes, isExclusive: isExclusive) ? .temporary : .plain
        }
        let names = parent.isNamespace ? [name] : try names(to: name, in: parent.id)
        return NameClass.of(names, in: namespace, isExclusive: isExclusive, hasValue: hasValue)
    }

    private func checkPermitted(_ creation: Creation, in parent: NodeRow) throws(StoreError) {
        switch creation.kind {
        case .file, .directory, .symlink: return
        case .fifo, .socket, .characterDevice, .blockDevice:
            guard parent.node.namespace == .blobs else {
                throw StoreError(.notPermitted, hint: "special files can only be in blobs/")
            }
        }
    }

    /// What `create` would make: without a value.
    func preview(_ creation: Creation, in parent: NodeRow) throws(StoreError) -> Node {
        try checkPermitted(creation, in: parent)
        let nameClass = try nameClass(
            creation.name, in: parent, isExclusive: creation.isExclusive, hasValue: creation.isValue)
        // A placeholder in records/ has no value; everywhere else empty is one.
        let isPlaceholder =
            creation.kind == .file && parent.node.namespace == .records && nameClass == .document
        return Node(
            id: creation.id, parent: creation.parent, name: creation.name, namespace: parent.node.namespace,
            kind: creation.kind, nameClass: nameClass, mode: creation.mode, uid: creation.uid, gid: creation.gid,
            mtime: creation.time, ctime: creation.time, btime: creation.time, atime: nil,
            size: UInt64(creation.target.count), allocated: 0, revision: isPlaceholder ? 0 : 1,
            device: creation.device, isUnlinked: false)
    }
}
