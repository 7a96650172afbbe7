import Persist

/// Names that others take, or have made first, while a program here writes under them.
extension FileSystem {
    /// - Returns: false where its close has just made it: the store has it.
    func unlinkedPending(_ open: OpenNode) -> Bool {
        let isPending = open.with { state in
            if state.creation != nil { state.unlinked() }
            return state.creation != nil
        }
        if isPending { unlinked(open) }
        return isPending
    }

    /// The name is gone, or its directory: what is written only the open files see.
    ///
    /// - Throws: where it is no program here that has taken it away.
    func requireOwnDoing(_ state: inout OpenNode.State) throws(StoreError) {
        state.unlinked()
        if let creation = state.creation { pending.remove(creation.name, in: creation.parent) }
        guard state.creation != nil || store.isTaken(state.node.id) else { return }
        throw StoreError(.stale, hint: "what was written has no name any more: others have taken it away")
    }

    /// Others made the name first, and who writes here goes on as a writer of theirs, as two who open one file do: what it
    /// writes is whole, over what they have (R10), or lines of the same log (R8). Before a far side a blob stays one that
    /// is being made, and gets another name when it is published.
    func tookName(_ state: inout OpenNode.State, _ creation: Creation) throws(StoreError) {
        let taken = try store.lookup(creation.name, in: creation.parent)
        let isSame = taken.kind == .file && taken.isStream == state.node.isStream
        let isIdle = !state.hasWriter && state.working?.isModified != true
        guard isSame, state.node.isStream || !isIdle else {
            if isIdle { lostName(&state, creation) }
            return
        }
        let isDocument = state.node.isDocument || taken.isDocument
        guard taken.isStream || isDocument || far == nil else { return }
        guard become(taken, &state, creation) else { return }
        pending.remove(creation.name, in: creation.parent)
        state.creation = nil
        state.isNew = false
        state.node = taken
        state.formerID = creation.id
        if !taken.isStream {
            // Nothing of theirs has been seen here: of a document another one is a conflict.
            state.baseRevision = 0
            if state.working == nil {
                state.working = WorkingCopy(chunkBytes: store.limits.chunkBytes, baseSize: 0, mtime: taken.mtime)
            }
        }
        log.log("\(label(taken)): another program made this name first")
        kernel.invalidate(creation.name, in: creation.parent)
    }

    /// The open file is one of that node from now on.
    ///
    /// - Returns: false where a program here has that open already: then it waits for its close.
    @discardableResult
    func become(_ taken: Node, _ state: inout OpenNode.State, _ creation: Creation) -> Bool {
        guard let open = pending.find(creation.name, in: creation.parent), open.id == creation.id,
            opens.move(open, to: taken.id)
        else { return false }
        store.hold(taken.id)
        for file in state.opens.values where file.flags.contains(.write) { store.setWriting(taken.id, true) }
        if lingering.contains(open.id) { store.setWriting(taken.id, true) }
        store.release(creation.id)
        aliases.add(creation.id, for: taken.id)
        return true
    }

    /// Another mount made the name first. A document stays theirs and ours is a conflict; of a blob the later
    /// publish stands (R10), but beside what another machine has made.
    func publishOverTaken(
        _ state: inout OpenNode.State, _ publication: Publication
    ) throws(StoreError) {
        guard let creation = state.creation else { return }
        let taken = try store.lookup(creation.name, in: creation.parent)
        guard taken.kind == .file, !taken.isStream else {
            // What is too large to be kept for a person is no more than told.
            if state.size > store.limits.recordBytesMax { return try requireOwnDoing(&state) }
            throw StoreError(.rejected, hint: "the name is that of something else by now, which others have made")
        }
        try tookName(&state, creation)
        var again = publication
        let isDocument = state.node.isDocument || taken.isDocument
        if state.creation == nil || isDocument {
            (again.node, again.creation, again.base) = (taken.id, nil, isDocument ? 0 : nil)
        } else {
            again.isBeside = true
        }
        let result = try store.publish(again)
        published(&state, result)
        if result.conflict != nil { state.baseRevision = 0 }
        guard again.isBeside else { return kernel.invalidate(taken.id, attributesOnly: false) }
        log.log("\(label(taken)): another program made this name first; this is \(state.node.name)")
        kernel.invalidate(creation.name, in: creation.parent)
    }

    /// The name leads to what others have made; nothing was written to ours.
    private func lostName(_ state: inout OpenNode.State, _ creation: Creation) {
        pending.remove(creation.name, in: creation.parent)
        state.creation = nil
        state.unlinked()
        log.log("\(creation.name): another program made this name first")
        kernel.invalidate(creation.name, in: creation.parent)
    }
}
