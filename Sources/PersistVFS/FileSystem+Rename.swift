public import Persist

extension FileSystem {
    public func rename(
        _ name: [UInt8], in parent: NodeID, to newName: [UInt8], in newParent: NodeID, mode: Rename.Mode,
        _ caller: Caller
    ) throws(StoreError) {
        let name = try self.name(name)
        let newName = try self.name(newName)
        if parent == .root, Namespace(name: name) != nil { throw StoreError(.busy) }
        if ControlFiles.owns(parent) != ControlFiles.owns(newParent) { throw StoreError(.crossesNamespaces) }
        let directory = try requireDirectory(parent, caller)
        let newDirectory = try requireDirectory(newParent, caller)
        try requireMoving(name, parent, directory, newName, newParent, newDirectory, caller)

        // From here on the answer depends on the names: what is pending under them becomes real.
        if let open = pending.find(name, in: parent) {
            try open.with { (state) throws(StoreError) in try materialize(&state) }
        }
        if let open = pending.find(newName, in: newParent) {
            if mode == .noReplace { throw StoreError(.exists) }
            // What is replaced too: the store may refuse, and then it stays.
            try open.with { (state) throws(StoreError) in try materialize(&state) }
        } else if mode == .replace, !pending.isEmpty, let target = try? store.lookup(newName, in: newParent) {
            // A directory that holds what is in memory only is not empty.
            try materializeAll(in: target.id)
        }
        try publishSource(name, in: parent) {
            guard mode == .replace, let target = try? store.lookup(newName, in: newParent) else { return false }
            return target.isDocument && target.revision != 0
        }

        let renamed = try holdingTarget(newName, in: newParent, mode) { () throws(StoreError) in
            try store.rename(Rename(parent: parent, name: name, newParent: newParent, newName: newName, mode: mode))
        }
        settle(renamed, mode)
        if let absorbed = renamed.absorbed {
            aliases.add(absorbed, for: renamed.node.id)
            seen.forget(absorbed)
            kernel.invalidate(newName, in: newParent)
            kernel.invalidate(renamed.node.id, attributesOnly: false)
        }
    }

    // MARK: Inside

    private func requireMoving(
        _ name: FileName, _ parent: NodeID, _ directory: Attributes?, _ newName: FileName, _ newParent: NodeID,
        _ newDirectory: Attributes?, _ caller: Caller
    ) throws(StoreError) {
        guard let directory, let newDirectory else { return }
        if let source = try? store.lookup(name, in: parent) {
            try permissions.requireRemoval(of: attributes(of: source), in: directory, caller)
        }
        if let target = try? store.lookup(newName, in: newParent) {
            try permissions.requireRemoval(of: attributes(of: target), in: newDirectory, caller)
        }
    }

    /// What a program has written to a temporary file that it still has open goes along: editors rename before
    /// they close. A document's unpublished bytes stay in its working copy: they may be half of a value. Only one that
    /// has no value yet, and is to take the place of one, has to be a value now.
    private func publishSource(
        _ name: FileName, in parent: NodeID, replacesValue: () -> Bool
    ) throws(StoreError) {
        guard !(opens.count == 0), let found = try? store.lookup(name, in: parent), let open = opens.find(found.id)
        else { return }
        // Others may have given it a value just now.
        let source = found.isDocument ? (try? store.refreshed(found.id)) ?? found : found
        try open.with { (state) throws(StoreError) in
            guard let working = state.working, working.isModified, !state.node.isStream else { return }
            if state.node.isDocument {
                // Where another program has given it a value meanwhile, that takes the place; ours is in conflict with it.
                state.node.revision = source.revision
                guard state.isNew, source.revision == state.baseRevision, replacesValue() else { return }
            }
            // Its directory is not to be kept from others meanwhile.
            try publish(&state, room: .unbounded)
        }
    }

    /// The file that loses its name can still be opened for a while (`Replaced`).
    private func holdingTarget(
        _ name: FileName, in parent: NodeID, _ mode: Rename.Mode, _ rename: () throws(StoreError) -> Renamed
    ) throws(StoreError) -> Renamed {
        guard mode == .replace, let target = try? store.lookup(name, in: parent), target.kind == .file,
            !target.isStream, target.size <= Replaced.bytesMax
        else { return try rename() }
        store.hold(target.id)
        // Before its name is gone: who comes just then is to find it.
        if let oldest = replaced.add(target.id) { store.release(oldest) }
        let renamed: Renamed
        do throws(StoreError) { renamed = try rename() } catch {
            if replaced.remove(target.id) { store.release(target.id) }
            // What is not here is brought for those alone who have it open.
            guard error.kind == .absent else { throw error }
            return try rename()
        }
        if renamed.replaced?.id != target.id, replaced.remove(target.id) { store.release(target.id) }
        return renamed
    }

    private func settle(_ renamed: Renamed, _ mode: Rename.Mode) {
        opens.find(renamed.node.id)?.with { $0.moved(renamed.node) }
        if let replaced = renamed.replaced {
            seen.forget(replaced.id)
            if let open = opens.find(replaced.id) {
                if mode == .exchange { open.with { $0.moved(replaced) } } else { unlinked(open) }
            }
        }
        guard renamed.node.kind == .directory || renamed.replaced?.kind == .directory else { return }
        // Another path may make another class of every name below.
        for open in opens.all {
            open.with { state in
                if !state.isUnlinked, let node = try? store.node(state.node.id) { state.moved(node) }
            }
        }
    }
}

extension OpenNode.State {
    /// The name leads elsewhere now. Another class of name may have moved the revision: that was no other program.
    fileprivate mutating func moved(_ now: Node) {
        guard creation == nil else { return }
        if baseRevision == node.revision { baseRevision = now.revision }
        node = now
    }
}
