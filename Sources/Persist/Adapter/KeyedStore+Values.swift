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
            let id = try store.reserveNodeID()
            let creation = Creation(
                id: id, parent: parent, name: path[path.count - 1], kind: .file, mode: nil, uid: nil, gid: nil,
                time: now, isValue: true)
            // Better refused than stored under a name that no key leads back to.
            let nameClass = try store.preview(creation).node.nameClass
            guard namespace == .blobs || nameClass == .document else {
                throw StoreError(.invalid, key: key, hint: "the key reads as the name of a temporary file")
            }
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
                parent = found.kind == .directory ? found.id : try makeRoom(below: found, key)
                continue
            }
            let creation = Creation(
                id: try store.reserveNodeID(), parent: parent, name: name, kind: .directory, mode: nil, uid: nil,
                gid: nil, time: .now())
            parent = try store.create(creation).id
        }
        return parent
    }

    /// A directory in the place of a value, which becomes `%self` in it: in one step for every reader.
    private func makeRoom(below file: Node, _ key: StoreKey) throws(StoreError) -> NodeID {
        guard hasValue(file), !file.isStream else {
            throw StoreError(.notDirectory, key: key, hint: "the file '\(file.name)' is in the way")
        }
        guard let value = try value(of: file.id, key) else { throw StoreError(.notFound) }
        let (own, now) = (FileName(unchecked: PathNames.selfName), Timestamp.now())
        store.hold(file.id)
        defer { store.release(file.id) }
        let room = try store.reserveNodeID()
        let aside = FileName(unchecked: Array(".persist-\(room.rawValue).tmp".utf8))
        _ = try store.create(
            Creation(
                id: room, parent: file.parent, name: aside, kind: .directory, mode: nil, uid: nil, gid: nil,
                time: now))
        do throws(StoreError) {
            let copy = try store.reserveNodeID()
            let creation = Creation(
                id: copy, parent: room, name: own, kind: .file, mode: file.mode, uid: file.uid, gid: file.gid,
                time: now)
            _ = try store.publish(
                Publication(node: copy, creation: creation, content: .bytes(value), mtime: file.mtime))
            // Not where somebody else has made room first, or put another file there: others may find what stands
            // there for a moment, and put their values into it.
            _ = try store.rename(
                Rename(
                    parent: file.parent, name: aside, newParent: file.parent, newName: file.name, mode: .exchange,
                    target: file.id))
            // What was published after the copy was made counts, until nobody can publish there any more.
            var known = value
            for isLast in [false, true] {
                if isLast { _ = try store.unlink(aside, in: file.parent) }
                guard let now = try self.value(of: file.id, key), now != known else { continue }
                _ = try store.publish(Publication(node: copy, content: .bytes(now), mtime: file.mtime))
                known = now
            }
        } catch {
            // What is aside now is either the copy or, after the exchange, a value that must not be lost.
            if let left = try lookup(aside, in: file.parent), left.id == room {
                try ignoringAbsence { () throws(StoreError) in _ = try store.unlink(own, in: room) }
                try ignoringAbsence { () throws(StoreError) in _ = try store.removeDirectory(aside, in: file.parent) }
            }
            throw error
        }
        return room
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
