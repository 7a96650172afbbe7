public import Persist

extension FileSystem {
    /// Chunks that one transaction makes holes of: 1 GiB of a file.
    private static let holesAtOnce: UInt64 = 16_384

    /// fallocate(2) of a range.
    ///
    /// A hole and zeros are the same: whole chunks go, and of the rest the bytes are zeros. Nothing is set aside for
    /// what is written later, since every write goes to new room: where more is asked for than there is, `.full`.
    public func fallocate(
        _ id: NodeID, handle: UInt64, _ allocation: Allocation, at offset: UInt64, length: UInt64, _ caller: Caller
    ) throws(StoreError) {
        if ControlFiles.owns(id) { throw StoreError(.notPermitted) }
        guard let open = opens.find(aliases.resolve(id)) else { throw StoreError(.badDescriptor) }
        let (end, overflow) = offset.addingReportingOverflow(length)
        guard length > 0 else { throw StoreError(.invalid) }
        guard !overflow else { throw StoreError(.tooLarge) }
        try open.with { (state) throws(StoreError) in
            if state.node.isStream {
                let size = try store.node(state.node.id).size
                // Without effect, as ftruncate(2) to the end.
                guard allocation.content == .kept, allocation.keepsSize || end <= size else {
                    throw Self.streamOnlyGrows
                }
                return
            }
            if let spoiled = state.spoiled { throw spoiled }
            if allocation.content != .hole {
                try requireSize(end, state)
                try requireRoom(offset..<end, state)
            }
            try unpublished.counting(&state) { (state) throws(StoreError) in
                try beginWorkingCopy(&state, keeping: true)
                if allocation.content != .kept { try clear(&state, offset..<end) }
                let size = allocation.keepsSize ? state.size : max(state.size, end)
                try resize(&state, to: size)
            }
            try hasChanged(&state, handle, caller)
        }
    }

    /// Makes what there is of a range zeros, of a working copy that has been begun.
    func clear(_ state: inout OpenNode.State, _ range: Range<UInt64>) throws(StoreError) {
        let range = range.clamped(to: 0..<state.size)
        guard !range.isEmpty else { return }
        let whole = state.working!.wholeChunks(in: range)
        if !state.node.isDocument, let draft = state.working!.draft, state.working!.hasBelow(whole) {
            let working = state.working!
            var content = DraftContent(draft: draft, chunks: [], size: working.size, baseLimit: working.baseLimit)
            var first = whole.lowerBound
            while first < whole.upperBound {
                content.holes = [first..<min(whole.upperBound, first + Self.holesAtOnce)]
                try store.writeDraft(content)
                first += Self.holesAtOnce
            }
        }
        // What was begun as a document, and has another name now, has no draft either: below it is the old value.
        let isOverValue = state.working!.draft == nil && state.creation == nil && state.node.size > 0
        state.working!.clear(range, keepsAll: state.node.isDocument || isOverValue)
    }

    /// The end of a file that grows, or stays; a working copy has been begun. Its bytes are as modified as by a write.
    func resize(_ state: inout OpenNode.State, to size: UInt64) throws(StoreError) {
        let below = below(state)
        _ = try state.working!.truncate(to: size, below: below)
    }

    /// What every change by a program means for its open file: it publishes, and moves the time (R1, R4).
    func hasChanged(_ state: inout OpenNode.State, _ handle: UInt64, _ caller: Caller) throws(StoreError) {
        state.opens[handle]?.hasWritten = true
        state.working?.mtime = clock()
        if caller.uid != 0 { try clearSetID(&state) }
    }

    /// - Throws: `.full` where the holes of a range are more than there is room for.
    private func requireRoom(_ range: Range<UInt64>, _ state: OpenNode.State) throws(StoreError) {
        let free = try store.statistics(countsNodes: false).bytesFree
        var missing = range.upperBound - range.lowerBound
        var rest = range
        // Of a file in a thousand pieces the others count as missing.
        for _ in 0..<1_000 where missing > free {
            guard let data = try nextData(in: rest, state) else { break }
            missing -= data.upperBound - data.lowerBound
            rest = data.upperBound..<range.upperBound
        }
        guard missing <= free else {
            throw StoreError(.full, key: key(state.node.id), hint: "\(missing) bytes are asked for, \(free) are free")
        }
    }
}
