public import Persist

extension FileSystem {
    /// Appends the bytes at `offset` to `buffer`, as many as there are and it has room for.
    public func read(
        _ id: NodeID, handle: UInt64, at offset: UInt64, into buffer: inout OutputRawSpan
    ) throws(StoreError) {
        if ControlFiles.owns(id) { return try controls.read(handle, at: offset, into: &buffer) }
        let id = aliases.resolve(id)
        let content: Content =
            if let open = opens.find(id) { try readOpen(open, at: offset, buffer.freeCapacity) } else { .published(id) }
        switch content {
        case .published(let id): try store.read(id, at: offset, into: &buffer)
        case .bytes(let bytes): buffer.append(bytes[...])
        }
    }

    private enum Content: Sendable {
        /// There is nothing but the published bytes of this node.
        case published(NodeID)
        case bytes([UInt8])
    }

    private func readOpen(_ open: OpenNode, at offset: UInt64, _ room: Int) throws(StoreError) -> Content {
        func bytes(_ working: WorkingCopy, _ below: WorkingCopy.Below) throws(StoreError) -> [UInt8] {
            try Array(capacity: room) { (part: inout OutputRawSpan) throws(StoreError) in
                try working.read(at: offset, into: &part, below: below)
            }
        }
        func nothingWritten(_ state: OpenNode.State) -> Content {
            state.creation == nil ? .published(state.node.id) : .bytes([])
        }
        // What is in memory is read also while it waits to be published; a draft goes with the publication.
        let found = try open.look { (state) throws(StoreError) -> Content? in
            guard let working = state.working else { return nothingWritten(state) }
            guard working.isInMemory(from: offset, bytes: room) else { return nil }
            return .bytes(try bytes(working) { (_, _) throws(StoreError) in })
        }
        if let found { return found }
        return try open.with { (state) throws(StoreError) in
            guard let working = state.working else { return nothingWritten(state) }
            return .bytes(try bytes(working, below(state)))
        }
    }

    /// - Parameter fromCache: written back from mapped pages: it belongs to no open.
    /// - Returns: how many bytes were taken; fewer only for a stream (R8).
    public func write(
        _ id: NodeID, handle: UInt64, at offset: UInt64, _ bytes: RawSpan, fromCache: Bool, _ caller: Caller
    ) throws(StoreError) -> Int {
        if ControlFiles.owns(id) { throw StoreError(.notPermitted) }
        guard !bytes.isEmpty else { return 0 }
        guard let open = opens.find(aliases.resolve(id)) else { throw StoreError(.badDescriptor) }
        return try open.with { (state) throws(StoreError) in
            // The kernel writes mapped pages back by whatever handle there is, and as whole pages.
            if state.node.isStream, fromCache { throw Self.streamOnlyGrows }
            if state.node.isStream { return try appendToStream(&state, handle: handle, at: offset, Array(bytes)) }
            if let spoiled = state.spoiled { throw spoiled }
            do throws(StoreError) {
                let isAppend = !fromCache && state.opens[handle]?.flags.contains(.append) == true
                let place = try write(&state, at: isAppend ? nil : offset, bytes)
                // Elsewhere than where the kernel has put it in its pages, or in those of one inode alone.
                if place != offset || state.formerID != nil { forgetPages(state) }
            } catch {
                spoil(&state, error)
                throw error
            }
            if !fromCache { state.opens[handle]?.hasWritten = true }
            state.working?.mtime = clock()
            if caller.uid != 0 { try clearSetID(&state) }
            return bytes.byteCount
        }
    }

    /// close(2) of one descriptor: publishes, if this open has written (R1).
    public func flush(_ id: NodeID, handle: UInt64) throws(StoreError) {
        if ControlFiles.owns(id) { return }
        guard let open = opens.find(aliases.resolve(id)) else { return }
        try open.with { (state) throws(StoreError) in
            guard let file = state.opens[handle], file.flags.contains(.write) else { return }
            if let spoiled = state.spoiled {
                refusals.add(open)
                throw spoiled
            }
            if state.node.isStream {
                try materialize(&state)
                try keepTail(&state, handle)
                return try requireTail(file, state)
            }
            guard file.hasWritten else { return try materialize(&state) }
            do throws(StoreError) { try publish(&state) } catch {
                state.isRefusalTold = error.kind == .rejected
                if state.isRefusalTold || state.spoiled != nil { refusals.add(open) }
                throw error
            }
        }
    }

    /// Makes what was written durable, and publishes nothing (R1, R2): but where the far side is to have it, which gets
    /// only what is published.
    ///
    /// - Returns: what the answer is to wait for, where it is to wait for the far side.
    @discardableResult
    public func fsync(_ id: NodeID, handle: UInt64) throws(StoreError) -> (any Absence)? {
        if ControlFiles.owns(id) { return nil }
        var id = aliases.resolve(id)
        let far = options.fsyncReachesFarSide ? far : nil
        var refusal: StoreError?
        if let open = opens.find(id) {
            (refusal, id) = try open.with { (state) throws(StoreError) -> (StoreError?, NodeID) in
                if let spoiled = state.spoiled { throw spoiled }
                if state.node.isStream {
                    try materialize(&state)
                    try keepTail(&state, handle)
                    return (nil, state.node.id)
                }
                try keep(&state)
                return (far == nil ? nil : try refusalToPublish(&state), state.node.id)
            }
        }
        if !store.isReadOnly { try store.sync() }
        // It is durable here all the same.
        if let refusal { throw refusal }
        return try far?.settling(of: id)
    }

    private func refusalToPublish(_ state: inout OpenNode.State) throws(StoreError) -> StoreError? {
        do throws(StoreError) {
            try publish(&state)
            return nil
        } catch {
            if error.absence != nil { throw error }
            return error
        }
    }

    // MARK: Writing

    /// How many times `spillBytes` may lie in memory, so that more parts of each chunk come together before they are
    /// stored.
    private static let partsShare = 4

    /// - Parameter offset: nil: at the end.
    /// - Returns: where they have been written.
    @discardableResult
    func write(_ state: inout OpenNode.State, at offset: UInt64?, _ bytes: RawSpan) throws(StoreError) -> UInt64 {
        try requireSize(offset ?? state.size, bytes, state)
        if unpublished.isOver, state.node.isDocument {
            throw StoreError(
                .tooMuchUnpublished,
                hint: "more than \(unpublished.most) bytes are written and not closed (option unpublished_bytes_max)")
        }
        return try unpublished.counting(&state) { (state) throws(StoreError) -> UInt64 in
            // What a full disk refuses has no effect: who tries again would write it twice.
            try makeRoom(&state, for: bytes.byteCount)
            try beginWorkingCopy(&state, keeping: true)
            // Others may have made it longer since it was opened.
            let place = offset ?? state.size
            try requireSize(place, bytes, state)
            let below = below(state)
            try state.working!.write(bytes, at: place, below: below)
            return place
        }
    }

    private func requireSize(_ offset: UInt64, _ bytes: RawSpan, _ state: OpenNode.State) throws(StoreError) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
        try requireSize(overflow ? .max : end, state)
    }

    private func makeRoom(_ state: inout OpenNode.State, for count: Int) throws(StoreError) {
        guard let working = state.working, !state.node.isDocument else { return }
        let (spillBytes, chunkBytes) = (Int(clamping: options.spillBytes), Int(store.limits.chunkBytes))
        if unpublished.isOver || working.memoryBytes + count > spillBytes * Self.partsShare {
            try spill(&state, leaving: 0)
        } else if working.chunks.fullCount * chunkBytes + count > spillBytes {
            try spill(&state, leaving: 0, onlyFull: true)
        }
    }

    func requireSize(_ size: UInt64, _ state: OpenNode.State) throws(StoreError) {
        let most = store.limits.bytesMax(state.node.namespace, state.node.nameClass)
        guard size <= most else {
            throw StoreError(.tooLarge, key: key(state.node.id), hint: "at most \(most) bytes fit here")
        }
    }

    func beginWorkingCopy(_ state: inout OpenNode.State, keeping: Bool) throws(StoreError) {
        guard state.working == nil else { return }
        var draft: Draft?
        // Others may have replaced it since it was opened: what is written goes over what there is now. Or removed it, which
        // is found when it is published.
        if state.creation == nil, !state.isUnlinked, let node = try? store.node(state.node.id) {
            state.node.size = node.size
        }
        if !state.node.isDocument, state.creation == nil, state.node.size > 0 {
            // A draft from the start: others may not change what lies below.
            do throws(StoreError) {
                draft = try store.openDraft(of: state.node.id, isNew: false)
                state.node.size = draft!.baseSize
            } catch {
                // What nobody will see again need not be brought.
                guard error.kind == .absent, !keeping else { throw error }
                draft = try store.openDraft(of: state.node.id, isNew: true)
            }
        }
        var working = WorkingCopy(
            chunkBytes: store.limits.chunkBytes, baseSize: state.creation == nil ? state.node.size : 0,
            mtime: state.node.mtime)
        working.draft = draft
        if state.node.isDocument, keeping {
            let below = below(state)
            try working.loadAll(below: below)
        }
        state.working = working
    }

    /// Gives the draft what is in memory of a blob, `spillBytes` at a time, until no more than `leaving` bytes are left.
    func spill(_ state: inout OpenNode.State, leaving: Int, onlyFull: Bool = false) throws(StoreError) {
        while onlyFull ? state.working!.chunks.fullCount > 0 : state.working!.memoryBytes > leaving {
            let indexes = state.working!.chunks.some(onlyFull: onlyFull, bytes: Int(clamping: options.spillBytes))
            try store.writeDraft(try draftContent(&state, indexes))
            state.working!.stored(indexes, freesMemory: true)
        }
    }

    /// The working copy as a draft, with what the store has not got yet.
    func draftContent(_ state: inout OpenNode.State) throws(StoreError) -> DraftContent {
        guard state.node.isDocument else { return try draftContent(&state, state.working!.chunks.indexes.sorted()) }
        // The draft of a document has not been told of cuts: it gets all of it, zeros too.
        var content = try draftContent(&state, [])
        content.chunks = state.working!.wholeChunks(try state.working!.bytes(below: below(state)))
        return content
    }

    /// A document is in memory whole, also where what became of it was written as something else.
    func loadAll(_ state: inout OpenNode.State) throws(StoreError) {
        let below = below(state)
        try state.working!.loadAll(below: below)
    }

    private func draftContent(_ state: inout OpenNode.State, _ indexes: [UInt64]) throws(StoreError) -> DraftContent {
        if state.working!.draft == nil {
            state.working!.draft = try store.openDraft(of: state.node.id, isNew: state.creation != nil)
        }
        let working = state.working!
        var content = DraftContent(
            draft: working.draft!, chunks: [], size: working.size, baseLimit: working.baseLimit)
        working.put(indexes, into: &content)
        return content
    }

    /// A failed write to a document spoils it: no close makes half of it the value (R6). A blob keeps what it has.
    func spoil(_ state: inout OpenNode.State, _ error: StoreError) {
        guard state.node.isDocument, error.kind != .interrupted, error.kind != .timedOut, error.kind != .absent else {
            return
        }
        state.spoiled = error
    }

    /// suid and sgid go at once with a write by somebody who is not root (R4).
    func clearSetID(_ state: inout OpenNode.State) throws(StoreError) {
        guard let mode = state.node.mode, mode & 0o6000 != 0 else { return }
        state.node.mode = mode.withoutSetID
        if state.creation == nil {
            _ = try store.setAttributes(state.node.id, AttributeChange(mode: mode.withoutSetID, time: clock()))
            // The answer to WRITE carries no mode: the kernel has to ask again.
            kernel.invalidate(state.node.id, attributesOnly: true)
        } else {
            state.creation!.mode = mode.withoutSetID
        }
    }
}
