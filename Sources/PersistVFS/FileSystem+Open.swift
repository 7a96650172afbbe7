public import Persist

extension FileSystem {
    public func open(_ id: NodeID, _ flags: OpenFlags, _ caller: Caller) throws(StoreError) -> Opened {
        if ControlFiles.owns(id) { return try controls.open(id, flags, handle: opens.nextHandle()) }
        let id = aliases.resolve(id)
        if !flags.isDisjoint(with: [.write, .truncate]) { try requireWritable() }
        retryLingering()
        let writes = flags.contains(.write)
        // Whoever has it open already is told what they were told.
        if let far, !writes, !flags.contains(.truncate), opens.find(id) == nil { try far.requireKnown(id) }
        let hasWaited = opens.find(id).map(refusals.wait) ?? false
        let (open, isFirst) = try enter(id, writes: writes)
        do throws(StoreError) {
            if !isFirst { try store.refresh() }
            defer { if far != nil, !writes { kernel.finishInvalidating(opens.key(open)) } }
            return try open.with { (state) throws(StoreError) in
                if !isFirst, state.creation == nil { state.node = try store.node(state.node.id) }
                // A new name that was refused is gone: the kernel looks it up again.
                if hasWaited, state.isUnlinked { throw StoreError(.stale) }
                try requireOpening(attributes(of: state), flags, caller)
                if writes, !state.hasWriter { try requireName(of: state, isFirst: isFirst) }
                return try begin(&state, flags, caller)
            }
        } catch {
            if writes { store.setWriting(opens.key(open), false) }
            leave(open)
            throw error
        }
    }

    public func create(
        _ name: [UInt8], in parent: NodeID, mode: UInt16, _ flags: OpenFlags, _ caller: Caller
    ) throws(StoreError) -> (Attributes, Opened) {
        let name = try self.name(name)
        try requireWritable()
        if ControlFiles.owns(parent) || parent == .root { throw StoreError(.notPermitted) }
        if let there = pending.find(name, in: parent) { return try openExisting(there.id, flags, caller) }
        var creation = try newCreation(
            name, in: parent, kind: .file, mode: mode, isExclusive: flags.contains(.exclusive), caller)
        var preview = try store.preview(creation)
        if let there = preview.existing { return try openExisting(there.id, flags, caller) }
        if permissions.applies(to: caller) {
            try permissions.require([.write, .search], of: attributes(of: preview.directory), caller)
        }
        inherit(from: preview.directory, &creation)
        preview.node.gid = creation.gid
        let candidate = OpenNode(node: preview.node, creation: creation)
        let (open, _) = try opens.enter(candidate, id: creation.id, most: options.openFilesMax)
        store.hold(creation.id)
        if flags.contains(.write) { store.setWriting(creation.id, true) }
        guard pending.insert(open, name, in: parent) else {
            leave(open)
            throw StoreError(.exists)
        }
        do throws(StoreError) {
            return try open.with { (state) throws(StoreError) in
                let opened = try begin(&state, flags.subtracting(.truncate), caller)
                _ = seen.see(creation.id, 0)
                return (attributes(of: state), opened)
            }
        } catch {
            pending.remove(name, in: parent)
            leave(open)
            throw error
        }
    }

    /// The last of its descriptors is closed; FUSE waits for no answer.
    public func release(_ id: NodeID, handle: UInt64) {
        if ControlFiles.owns(id) { return controls.release(handle) }
        // What was renamed over a log has an open file of its own still.
        if release(handle, of: id) { return }
        _ = release(handle, of: aliases.resolve(id))
    }

    // MARK: Inside

    /// - Returns: false where that file has no such handle.
    private func release(_ handle: UInt64, of id: NodeID) -> Bool {
        guard let open = opens.find(id) else { return false }
        let isDone: Bool? = open.with { state in
            guard let file = state.opens[handle] else { return nil }
            if state.node.isStream { finishTail(&state, file) }
            state.opens[handle] = nil
            let isDone = state.hasWriter || finish(&state, open)
            if file.flags.contains(.write) { store.setWriting(opens.key(open), false) }
            return isDone
        }
        guard let isDone else { return false }
        let wasRefused = refusals.contains(open) && !open.with { $0.hasWriter }
        if wasRefused { kernel.finishInvalidating(opens.key(open)) }
        if isDone { leave(open) }
        if wasRefused { refusals.remove(open) }
        retryLingering()
        return true
    }

    /// O_CREAT of a name that is there.
    private func openExisting(
        _ id: NodeID, _ flags: OpenFlags, _ caller: Caller
    ) throws(StoreError) -> (Attributes, Opened) {
        guard !flags.contains(.exclusive) else { throw StoreError(.exists) }
        let opened = try open(id, flags, caller)
        return (try getattr(id), opened)
    }

    /// A user more of an open node, or its first: then the node is as it is now, and what others have changed shows
    /// from here on (R9).
    ///
    /// - Parameter writes: what others do to it waits from before it is looked at.
    func enter(_ id: NodeID, writes: Bool = false) throws(StoreError) -> (OpenNode, isFirst: Bool) {
        if let open = opens.enterExisting(id) {
            if writes { store.setWriting(opens.key(open), true) }
            return (open, false)
        }
        store.hold(id)
        if writes { store.setWriting(id, true) }
        do throws(StoreError) {
            let node = try store.refreshed(id)
            let (open, isFirst) = try opens.enter(OpenNode(node: node), id: id, most: options.openFilesMax)
            if !isFirst { store.release(id) }
            return (open, isFirst)
        } catch {
            if writes { store.setWriting(id, false) }
            store.release(id)
            throw error
        }
    }

    func leave(_ open: OpenNode) {
        if let id = opens.leave(open) { store.release(id) }
    }

    private func requireOpening(_ file: Attributes, _ flags: OpenFlags, _ caller: Caller) throws(StoreError) {
        if file.kind == .directory { throw StoreError(.isDirectory) }
        if file.kind == .symlink { throw StoreError(.loop) }
        if flags.contains(.read) { try permissions.require(.read, of: file, caller) }
        // POSIX leaves O_TRUNC without O_WRONLY open; Linux empties the file of whoever may write to it (open(2)).
        if !flags.isDisjoint(with: [.write, .truncate]) { try permissions.require(.write, of: file, caller) }
    }

    /// Until it was marked as written others may have taken the name: who opens it is to have the new file. The kernel looks
    /// the name up again on ESTALE, and opens that (path_openat, fs/namei.c).
    ///
    /// - Parameter isFirst: nobody else here has it open.
    func requireName(of state: OpenNode.State, isFirst: Bool) throws(StoreError) {
        guard far != nil, state.creation == nil else { return }
        let id = state.node.id
        // What has lost its name here goes on for who can still reach it.
        if state.isUnlinked, !isFirst || replaced.contains(id) { return }
        // It was marked before the store was last asked for news: nothing that did not know of it is under way any more.
        if try store.node(id).isUnlinked { throw StoreError(.stale) }
    }

    /// Takes a handle; with O_TRUNC begins an empty working copy, which this open has not "written" (R1).
    private func begin(
        _ state: inout OpenNode.State, _ flags: OpenFlags, _ caller: Caller
    ) throws(StoreError) -> Opened {
        if flags.contains(.truncate) {
            if state.working == nil { state.baseRevision = state.node.revision }
            if state.node.isStream {
                // An empty log is still the same, but for its times.
                if state.node.size > 0 {
                    try removeEvents(&state)
                } else if state.creation == nil {
                    let now = clock()
                    state.node = try store.setAttributes(state.node.id, AttributeChange(mtime: now, time: now))
                }
            } else if state.size > 0 || state.working != nil || state.creation == nil {
                // An empty file too: POSIX wants new times of it (`: > stamp`).
                try truncate(&state, to: 0)
                if caller.uid != 0 { try clearSetID(&state) }
            }
        }
        if flags.contains(.write), state.working == nil { state.baseRevision = state.node.revision }
        let handle = opens.nextHandle()
        var file = OpenFile(flags: flags)
        file.knownEnd = state.node.isStream ? state.node.size : 0
        state.opens[handle] = file
        let isSeen = state.creation != nil || seen.see(state.node.id, state.node.revision)
        return Opened(
            handle: handle, usesDirectIO: state.node.isStream, keepsCache: isSeen || state.working != nil,
            needsNoFlush: !flags.contains(.write))
    }

    static var streamOnlyGrows: StoreError {
        StoreError(.notPermitted, hint: "a log in events/ only grows; with -o events=rw it may be removed or emptied")
    }
}

extension OpenNode.State {
    /// As every program on this mount sees it.
    var size: UInt64 { working?.size ?? node.size }
}
