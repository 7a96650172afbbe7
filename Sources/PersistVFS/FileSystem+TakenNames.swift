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

    /// Others made the name first. Of a log that is the same log: each line goes there (R8). Who has it open for writing
    /// goes on: what becomes of it, its close says (`publishOverTaken`).
    func tookName(_ state: inout OpenNode.State, _ creation: Creation) throws(StoreError) {
        let taken = try store.lookup(creation.name, in: creation.parent)
        guard state.node.isStream, taken.isStream else {
            if !state.hasWriter, state.working?.isModified != true { lostName(&state, creation) }
            return
        }
        pending.remove(creation.name, in: creation.parent)
        state.creation = nil
        state.node = taken
        kernel.invalidate(creation.name, in: creation.parent)
    }

    /// The file has a name in the store from here on.
    ///
    /// - Throws: `.stale` where others have the name.
    func requireReal(_ open: OpenNode) throws(StoreError) {
        try open.with { (state) throws(StoreError) in
            try materialize(&state)
            guard state.creation != nil, !state.isUnlinked else { return }
            throw StoreError(
                .stale, hint: "another program made this name first; it is settled when the file is closed")
        }
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
        defer { kernel.invalidate(creation.name, in: creation.parent) }
        var again = publication
        if state.node.isDocument || taken.isDocument {
            (again.node, again.creation, again.base) = (taken.id, nil, 0)
            let result = try store.publish(again)
            // Who goes on writing goes on with what was written: in conflict again.
            noneHasWritten(&state)
            state.working?.isModified = false
            state.working?.lostDraft()
            if let conflict = result.conflict { tellConflict(result.node, conflict) }
            return kernel.invalidate(taken.id, attributesOnly: false)
        }
        again.whenTaken = far == nil ? .replaces : .beside
        let result = try store.publish(again)
        published(&state, result)
        let name = state.node.name
        log.log(
            "\(creation.name): another program made this name first"
                + (name == creation.name ? "" : "; this is \(name)"))
    }

    /// The name leads to another mount's file; nothing was written to ours.
    private func lostName(_ state: inout OpenNode.State, _ creation: Creation) {
        pending.remove(creation.name, in: creation.parent)
        state.creation = nil
        state.unlinked()
        log.log("\(creation.name): another program made this name first")
        kernel.invalidate(creation.name, in: creation.parent)
    }
}
