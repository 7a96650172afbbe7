/// Putting and deleting values of records/, kv/ and blobs/.
extension KeyedStore {
    func putValue(
        _ value: [UInt8], _ names: [FileName], in namespace: Namespace, _ key: StoreKey
    ) throws(StoreError) {
        try again(key) { () throws(StoreError) in
            var parent = try makeDirectories(names.dropLast(), in: namespace, key)
            var path = names
            var found = try lookup(path[path.count - 1], in: parent)
            if let directory = found, directory.kind == .directory {
                parent = directory.id
                path.append(FileName(unchecked: PathNames.selfName))
                found = try lookup(path[path.count - 1], in: parent)
            }
            let now = Timestamp.now()
            if let found {
                guard found.kind == .file, namespace == .blobs || found.nameClass == .document else {
                    throw StoreError(.invalid, key: key, hint: "a file that holds no value is in the way")
                }
                _ = try store.publish(Publication(node: found.id, content: .bytes(value), mtime: now))
                return
            }
            guard namespace == .blobs || NameClass.of(path, in: namespace, isExclusive: false) == .document else {
                throw StoreError(.invalid, key: key, hint: "the key reads as the name of a temporary file")
            }
            let id = try store.reserveNodeID()
            let creation = Creation(
                id: id, parent: parent, name: path[path.count - 1], kind: .file, mode: nil, uid: nil, gid: nil,
                time: now)
            _ = try store.publish(Publication(node: id, creation: creation, content: .bytes(value), mtime: now))
        }
    }

    func deleteValue(_ names: [FileName], in namespace: Namespace) throws(StoreError) {
        guard let node = try find(names, in: namespace) else { return }
        try ignoringAbsence { () throws(StoreError) in _ = try store.unlink(node.name, in: node.parent) }
        guard namespace != .blobs else { return }
        var parent = node.parent
        while Namespace(node: parent) == nil {
            do throws(StoreError) {
                let directory = try store.node(parent)
                // Whoever gave it attributes wants it to stay.
                guard directory.mode == nil, directory.uid == nil, directory.gid == nil,
                    try store.attributeNames(of: parent).isEmpty
                else { return }
                _ = try store.removeDirectory(directory.name, in: directory.parent)
                parent = directory.parent
            } catch {
                guard error.kind == .notEmpty || error.kind == .notFound else { throw error }
                return
            }
        }
    }

    /// The directory that `names` leads to.
    func makeDirectories(
        _ names: ArraySlice<FileName>, in namespace: Namespace, _ key: StoreKey
    ) throws(StoreError) -> NodeID {
        var parent = namespace.node
        for name in names {
            if let found = try lookup(name, in: parent) {
                guard found.kind == .directory else {
                    throw StoreError(
                        .notDirectory, key: key, hint: "'\(name)' holds a value: no key can lie below it")
                }
                parent = found.id
                continue
            }
            let creation = Creation(
                id: try store.reserveNodeID(), parent: parent, name: name, kind: .directory, mode: nil, uid: nil,
                gid: nil, time: .now())
            parent = try store.create(creation).id
        }
        return parent
    }

    /// Others may make or remove between two calls what this one found, or did not.
    func again(_ key: StoreKey, _ body: () throws(StoreError) -> Void) throws(StoreError) {
        for attempt in 1...16 {
            do throws(StoreError) { return try body() } catch {
                guard attempt < 16, error.kind == .exists || error.kind == .notFound else { throw error.about(key) }
            }
        }
    }
}
