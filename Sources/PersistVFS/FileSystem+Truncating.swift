import Persist

extension FileSystem {
    /// ftruncate(2) by a handle; truncate(2) without one, which is an open, ftruncate and close in one.
    func truncate(_ id: NodeID, to size: UInt64, handle: UInt64?, _ caller: Caller) throws(StoreError) {
        let (open, isFirst) = try enter(id)
        defer { leave(open) }
        try open.with { (state) throws(StoreError) in
            if state.creation == nil { state.node = try store.node(state.node.id) }
            if isFirst { try requireName(of: state, isFirst: true) }
            if state.node.kind == .directory { throw StoreError(.isDirectory) }
            if state.node.isStream {
                if size == state.node.size { return }
                guard size == 0 else { throw Self.streamOnlyGrows }
                return try removeEvents(&state)
            }
            if let spoiled = state.spoiled { throw spoiled }
            if let handle, state.opens[handle] != nil {
                do throws(StoreError) { try truncate(&state, to: size) } catch {
                    spoil(&state, error)
                    throw error
                }
                state.opens[handle]!.hasWritten = true
            } else {
                try truncateByPath(&state, to: size)
            }
            if caller.uid != 0 { try clearSetID(&state) }
        }
    }

    private func truncateByPath(_ state: inout OpenNode.State, to size: UInt64) throws(StoreError) {
        if state.working == nil { state.baseRevision = state.node.revision }
        do throws(StoreError) {
            try truncate(&state, to: size)
            try publish(&state)
        } catch {
            // The caller was told; a writer who is still here goes on with what it has.
            if !state.hasWriter { discard(&state) }
            throw error
        }
    }

    func truncate(_ state: inout OpenNode.State, to size: UInt64) throws(StoreError) {
        try requireSize(size, state)
        try unpublished.counting(&state) { (state) throws(StoreError) in
            try beginWorkingCopy(&state, keeping: size > 0)
            let below = below(state)
            let cuts = try state.working!.truncate(to: size, below: below)
            // Of a document the draft stays as it was last kept: what a crash leaves is a value that was whole (R1). It
            // is told when it next gets something, which may be under a name that makes no document of it.
            if cuts, !state.node.isDocument, let draft = state.working!.draft {
                try store.writeDraft(
                    DraftContent(draft: draft, chunks: [], size: size, baseLimit: state.working!.baseLimit))
                state.working!.stored([], freesMemory: false)
            }
        }
        state.working?.mtime = clock()
    }
}
