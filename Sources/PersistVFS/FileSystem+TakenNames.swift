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

    /// Others made the name first. Of a log that is the same log: each line goes there (R8).
    func tookName(_ state: inout OpenNode.State, _ creation: Creation) throws(StoreError) {
        let taken = try store.lookup(creation.name, in: creation.parent)
        guard state.node.isStream, taken.isStream else { return lostName(&state, creation) }
        pending.remove(creation.name, in: creation.parent)
        state.creation = nil
        state.node = taken
        kernel.invalidate(creation.name, in: creation.parent)
    }

    /// Another mount made the name first. A document stays theirs and ours is a conflict; of a blob the later
    /// publish stands (R10).
    func publishOverTaken(
        _ state: inout OpenNode.State, _ publication: Publication
    ) throws(StoreError) {
        guard let creation = state.creation else { return }
        let taken = try store.lookup(creation.name, in: creation.parent)
        guard taken.kind == .file, !taken.isStream else {
            // What is too large to be kept for a person is no more than told.
            if publication.creation != nil, state.size > store.limits.recordBytesMax {
                return try requireOwnDoing(&state)
            }
            throw StoreError(.rejected, hint: "the name is that of something else by now, which others have made")
        }
        var again = publication
        again.node = taken.id
        again.creation = nil
        again.base = state.node.isDocument ? 0 : nil
        again.yields = far != nil
        let result = try store.publish(again)
        if let conflict = result.conflict { tellConflict(result.node, conflict) }
        kernel.invalidate(taken.id, attributesOnly: false)
        lostName(&state, creation)
        state.working?.isModified = false
    }

    /// The name leads to another mount's file now; who has ours open goes on with it.
    private func lostName(_ state: inout OpenNode.State, _ creation: Creation) {
        pending.remove(creation.name, in: creation.parent)
        state.creation = nil
        state.unlinked()
        log.log("\(creation.name): another program made this name first")
        kernel.invalidate(creation.name, in: creation.parent)
    }
}
