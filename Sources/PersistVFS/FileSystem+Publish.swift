import Persist

/// Where a byte that was written becomes part of the store, or is lost: `materialize`, `keep`, `publish`, `finish`.
extension FileSystem {
    /// Makes a pending creation real, as an empty file (R2).
    func materialize(_ state: inout OpenNode.State) throws(StoreError) {
        guard let creation = state.creation, !state.isUnlinked else { return }
        do throws(StoreError) {
            let shown = state
            state.node = try state.shown.during(shown) { () throws(StoreError) in try store.create(creation) }
        } catch {
            switch error.kind {
            case .exists: return try tookName(&state, creation)
            case .notFound: try requireOwnDoing(&state)
            default: throw error
            }
            return
        }
        becameReal(&state, creation)
    }

    /// FSYNC: the working copy as it is now survives a crash; recovery publishes it (R1).
    func keep(_ state: inout OpenNode.State) throws(StoreError) {
        guard state.working?.isModified == true, !state.isUnlinked else { return try materialize(&state) }
        guard !state.working!.isKept else { return }
        try prepare(&state)
        var content = try draftContent(&state)
        if state.creation == nil {
            // Recovery is to know what the writer has seen; and the node is another one since others made its name.
            content.draft = Draft(
                id: content.draft.id, node: state.node.id,
                baseRevision: state.node.isDocument ? state.baseRevision : content.draft.baseRevision,
                baseSize: content.draft.baseSize)
        }
        let working = state.working!
        do throws(StoreError) {
            try store.keepDraft(content, creation: state.creation, mtime: working.mtime)
        } catch {
            guard error.kind == .exists, let creation = state.creation else { throw error }
            try tookName(&state, creation)
            // Else what lasts is what a close would make of it.
            return state.creation == nil ? try keep(&state) : try publish(&state)
        }
        if let creation = state.creation {
            state.node = try store.node(creation.id)
            becameReal(&state, creation)
        }
        try unpublished.counting(&state) { (state) throws(StoreError) in
            // A document is read whole again when it is published; a small file may still fit beside its name.
            state.working!.stored(
                working.chunks.indexes.sorted(),
                freesMemory: !state.node.isDocument && working.memoryBytes > Int(store.limits.chunkBytes))
        }
        state.working!.isKept = true
    }

    /// Leaves no more to the last transaction than one of a draft has; of a document, all.
    private func prepare(_ state: inout OpenNode.State) throws(StoreError) {
        let most = Int(clamping: options.spillBytes)
        try unpublished.counting(&state) { (state) throws(StoreError) in
            if state.node.isDocument { try loadAll(&state) } else { try spill(&state, leaving: most) }
        }
    }

    /// What a publication does where too much waits for the far side already.
    enum Room: Sendable {
        /// It is put aside until there is room.
        case awaited
        /// It fails.
        case asked
        /// It takes no notice.
        case unbounded
    }

    /// Makes the working copy the value of its file, whole (R1).
    ///
    /// - Throws: `.rejected`, `.full`, `.timedOut`…: the working copy is as before; of a document that the disk
    ///   refused nothing will be published later (R6).
    func publish(_ state: inout OpenNode.State, room: Room = .awaited) throws(StoreError) {
        guard !state.isUnlinked else { return }
        guard state.working?.isModified == true else { return try materialize(&state) }
        try requireRoom(&state, room)
        try prepare(&state)
        let working = state.working!
        let content: Publication.Content
        if state.node.isDocument || working.isAllInMemory && working.size <= options.spillBytes {
            content = .bytes(try working.bytes(below: below(state)))
        } else {
            content = .draft(try draftContent(&state))
        }
        var publication = Publication(
            node: state.node.id, creation: state.creation, content: content, mtime: working.mtime,
            base: state.node.isDocument ? state.baseRevision : nil)
        if case .bytes = content { publication.draft = working.draft }
        do throws(StoreError) {
            let shown = state
            let result = try state.shown.during(shown) { () throws(StoreError) in try store.publish(publication) }
            published(&state, result)
        } catch {
            switch error.kind {
            case .exists where state.creation != nil:
                try publishOverTaken(&state, publication)
            case .notFound:
                try requireOwnDoing(&state)
            case .full, .quotaExceeded, .io:
                if state.node.isDocument { state.spoiled = error }
                throw error
            default:
                throw error
            }
        }
    }

    private func requireRoom(_ state: inout OpenNode.State, _ room: Room) throws(StoreError) {
        guard let far, room != .unbounded, let working = state.working else { return }
        do throws(StoreError) {
            try far.requireRoom(working.size, isMore: false, for: state.node.id, waits: room == .awaited)
        } catch {
            if error.kind == .full, state.node.isDocument { state.spoiled = error }
            throw error
        }
    }

    /// The last writable open is gone: what is left is published, refused or, where it is spoiled, dropped.
    ///
    /// - Returns: false where it has to be tried again.
    func finish(_ state: inout OpenNode.State, _ open: OpenNode) -> Bool {
        if state.isUnlinked {
            if state.opens.isEmpty { discard(&state) }
            return true
        }
        if state.spoiled != nil { dropSpoiled(&state) }
        do throws(StoreError) {
            // What was stored in a map after its close must not go with this; a blob can be published later.
            try publish(&state, room: state.node.isDocument ? .unbounded : .asked)
        } catch {
            if state.isUnlinked {
                if state.opens.isEmpty { discard(&state) }
                return true
            } else if error.kind == .rejected {
                reject(&state, error)
            } else if state.spoiled != nil {
                dropSpoiled(&state)
            } else {
                log.log("\(label(state.node)): not published yet, tried again: \(error)")
                // Its user stays, and it counts as written; one is enough.
                guard lingering.insert(open, bytes: state.working?.memoryBytes ?? 0) else { return true }
                store.setWriting(opens.key(open), true)
                return false
            }
        }
        // What is left of a conflict; who reads a file that has just lost its name goes on.
        if !state.isUnlinked || state.opens.isEmpty { discard(&state) }
        if lingering.remove(open.id) {
            store.setWriting(opens.key(open), false)
            leave(open)
        }
        if state.opens.isEmpty { state.isNew = false }
        return true
    }

    /// Forgets the working copy: the published value shows again.
    func discard(_ state: inout OpenNode.State) {
        guard let working = state.working else { return }
        state.isRefusalTold = false
        try? unpublished.counting(&state) { $0.working = nil }
        if let draft = working.draft { try? store.dropDraft(draft) }
        forgetPages(state)
    }

    // MARK: Inside

    private func dropSpoiled(_ state: inout OpenNode.State) {
        discard(&state)
        removeIfNew(&state)
        state.spoiled = nil
    }

    private func becameReal(_ state: inout OpenNode.State, _ creation: Creation) {
        pending.remove(creation.name, in: creation.parent)
        state.creation = nil
        state.baseRevision = state.node.revision
    }

    func published(_ state: inout OpenNode.State, _ published: Published) {
        if let creation = state.creation { becameReal(&state, creation) }
        if let working = state.working,
            blocks(of: working, over: state.node) != (published.node.allocated + 511) / 512
        {
            // What stat(2) was told since the last write was an estimate.
            kernel.invalidate(state.node.id, attributesOnly: true)
        }
        state.node = published.node
        state.isNew = false
        state.isRefusalTold = false
        noneHasWritten(&state)
        if let conflict = published.conflict {
            // Who goes on writing goes on with what was written, and not with the other's bytes: in conflict again.
            state.working?.isModified = false
            state.working?.lostDraft()
            return tellConflict(state.node, conflict)
        }
        state.baseRevision = published.node.revision
        try? unpublished.counting(&state) { $0.working = nil }
        if state.formerID == nil { seen.moved(state.node.id, to: published.node.revision) } else { forgetPages(state) }
    }

    /// Of a file that the kernel has two inodes of, what went through one does not show in the other.
    func forgetPages(_ state: OpenNode.State) {
        for id in [state.node.id, state.formerID].compactMap(\.self) {
            seen.forget(id)
            kernel.invalidate(id, attributesOnly: false)
        }
    }

    func noneHasWritten(_ state: inout OpenNode.State) {
        for handle in state.opens.keys { state.opens[handle]!.hasWritten = false }
    }

    func tellConflict(_ node: Node, _ conflict: [UInt8]) {
        let path = String(decoding: conflict, as: UTF8.self)
        log.log(
            "\(label(node)): changed by another program meanwhile; what was written here is .persist/conflicts/\(path)")
        seen.forget(node.id)
        kernel.invalidate(node.id, attributesOnly: false)
    }

    /// Keeps refused bytes where a person finds them; the last good value stays (R5).
    func reject(_ state: inout OpenNode.State, _ error: StoreError) {
        guard let working = state.working else { return }
        let reason = error.hint ?? "not valid"
        do throws(StoreError) {
            let bytes = try working.bytes(below: below(state))
            let path = try path(of: state)
            try store.keepRejected(path, bytes: bytes, error: reason)
            if !state.isRefusalTold {
                log.log("\(String(decoding: path, as: UTF8.self)): \(reason); kept in .persist/rejected")
            }
        } catch {
            log.log("\(state.node.name): \(reason); could not be kept in .persist/rejected: \(error)")
        }
        discard(&state)
        removeIfNew(&state)
    }

    /// A name that had no value before this open goes away again, where nothing came of it.
    private func removeIfNew(_ state: inout OpenNode.State) {
        guard state.isNew else { return }
        if let creation = state.creation {
            // It stays one that the store never knew: who has it open still must not ask there.
            pending.remove(creation.name, in: creation.parent)
        } else {
            // Another program may have given it a value meanwhile: then it stays.
            guard let now = try? store.node(state.node.id), now.revision == state.baseRevision,
                (try? store.unlink(now.name, in: now.parent)) != nil
            else { return }
        }
        state.unlinked()
        kernel.invalidate(state.node.name, in: state.node.parent)
    }
}
