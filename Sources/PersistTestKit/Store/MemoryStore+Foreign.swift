public import Persist
internal import Synchronization

/// Another process on the same store, or another program in its tables (R9).
extension MemoryStore {
    /// Gives `key`, below the namespace and without `.json`, this value, whatever it is. The observer is told before
    /// this returns.
    public func foreignPut(_ namespace: Namespace, key: [UInt8], value: [UInt8]) {
        let now = now()
        tell { tree in tree.foreignPut(namespace, key, value, now) }
    }

    /// Removes the value; does nothing where there is none.
    public func foreignDelete(_ namespace: Namespace, key: [UInt8]) {
        let now = now()
        tell { tree in tree.foreignDelete(namespace, key, now) }
    }

    private func tell(_ body: (inout MemoryTree) -> [StoreChange]) {
        let (changes, observers) = state.withLock { state in (body(&state.tree), state.observers) }
        guard !changes.isEmpty else { return }
        for observer in observers { observer.observer?.storeChanged(changes) }
    }
}

extension MemoryTree {
    fileprivate mutating func foreignPut(
        _ namespace: Namespace, _ key: [UInt8], _ value: [UInt8], _ now: Timestamp
    ) -> [StoreChange] {
        var changes: [StoreChange] = []
        var parent = namespace.node
        var names = PathNames.path(of: key, in: namespace).names
        let last = names.removeLast()
        for name in names {
            if let child = entries[parent]?.children[name], let entry = entries[child.id] {
                if entry.node.kind == .directory {
                    parent = child.id
                    continue
                }
                // The value of a key that is a prefix now moves to `%self`.
                entries[parent]?.children[name] = nil
                let directory = foreignMake(.directory, name, in: parent, now, &changes)
                attach(child.id, as: "%self", in: directory)
                changes.append(.entry(parent: directory, name: "%self"))
                parent = directory
            } else {
                parent = foreignMake(.directory, name, in: parent, now, &changes)
            }
        }
        var name = last
        if let child = entries[parent]?.children[name], entries[child.id]?.node.kind == .directory {
            parent = child.id
            name = "%self"
        }
        let id: NodeID
        if let child = entries[parent]?.children[name], entries[child.id]?.node.kind != .file {
            // What is no file cannot hold the value: it stays, under a name beside it.
            var aside = FileName(unchecked: name.bytes.prefix(240) + Array("~".utf8))
            var number = 1
            while entries[parent]?.children[aside] != nil {
                number += 1
                aside = FileName(unchecked: name.bytes.prefix(240) + Array("~\(number)~".utf8))
            }
            entries[parent]?.children[name] = nil
            attach(child.id, as: aside, in: parent)
            entries[child.id]?.node.ctime = now
            changes += [.entry(parent: parent, name: aside), .attributes(child.id)]
            id = foreignMake(.file, name, in: parent, now, &changes)
        } else if let child = entries[parent]?.children[name] {
            id = child.id
            changes.append(.content(id))
        } else {
            id = foreignMake(.file, name, in: parent, now, &changes)
        }
        setBytes(id, value)
        entries[id]?.node.mtime = now
        entries[id]?.node.ctime = now
        moveRevision(id)
        if namespace == .records || namespace == .kv {
            entries[id]?.isForeign = false
            let isOddName = (try? nameClass(of: id)) != .document
            entries[id]?.isForeign = isOddName
            entries[id]?.node.nameClass = .document
        }
        return changes
    }

    private mutating func foreignMake(
        _ kind: Node.Kind, _ name: FileName, in parent: NodeID, _ now: Timestamp, _ changes: inout [StoreChange]
    ) -> NodeID {
        let id = newNodeID()
        let namespace = entries[parent]?.node.namespace
        entries[id] = Entry(
            node: Node(
                id: id, parent: parent, name: name, namespace: namespace, kind: kind, nameClass: .plain, mode: nil,
                uid: nil, gid: nil, mtime: now, ctime: now, btime: now, atime: nil, size: 0, allocated: 0,
                revision: newRevision(), device: 0, isUnlinked: false))
        attach(id, as: name, in: parent)
        if let found = try? nameClass(of: id) { entries[id]?.node.nameClass = found }
        touch(parent, now)
        changes += [.entry(parent: parent, name: name), .attributes(parent)]
        return id
    }

    fileprivate mutating func foreignDelete(
        _ namespace: Namespace, _ key: [UInt8], _ now: Timestamp
    ) -> [StoreChange] {
        for isPrefix in [false, true] {
            var parent = namespace.node
            var names = PathNames.path(of: key, in: namespace, isPrefix: isPrefix).names
            let last = names.removeLast()
            for name in names { parent = entries[parent]?.children[name]?.id ?? parent }
            guard let child = entries[parent]?.children[last], let node = entries[child.id]?.node, node.kind == .file,
                node.revision != 0,
                (try? self.key(of: child.id)) == StoreKey(namespace.name.bytes + [UInt8(ascii: "/")] + key)
            else { continue }
            touch(parent, now)
            entries[parent]?.children[last] = nil
            entries[child.id]?.node.isUnlinked = true
            entries[child.id]?.node.ctime = now
            collect(child.id)
            return [.entry(parent: parent, name: last), .attributes(parent), .attributes(child.id)]
        }
        return []
    }
}
