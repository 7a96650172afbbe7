public import Persist

extension FileSystem {
    /// Bytes that are copied at once, where they cannot be shared.
    private static let copiedAtOnce: UInt64 = 1 << 20
    /// Chunks that one transaction shares: 256 MiB.
    private static let sharedAtOnce: UInt64 = 4_096

    /// copy_file_range(2): a piece of it.
    ///
    /// Whole chunks are shared where both files have them at the same place within a chunk; holes stay holes; all
    /// else is copied here. Two nodes are never locked together, so a file that is written meanwhile may give some
    /// of the old bytes and some of the new, as it does to a program that reads it.
    /// - Returns: how many bytes; 0 at the end of the source.
    /// - Throws: `.unsupported` for a stream as the target: the kernel then reads and writes.
    public func copyRange(
        from source: NodeID, at offset: UInt64, to target: NodeID, handle: UInt64, at start: UInt64, count: UInt64,
        _ caller: Caller
    ) throws(StoreError) -> UInt64 {
        if ControlFiles.owns(source) || ControlFiles.owns(target) { throw StoreError(.unsupported) }
        let (source, target) = (aliases.resolve(source), aliases.resolve(target))
        guard !start.addingReportingOverflow(count).overflow, !offset.addingReportingOverflow(count).overflow else {
            throw StoreError(.tooLarge)
        }
        if source == target, offset < start + count, start < offset + count { throw StoreError(.invalid) }
        guard let from = opens.find(source), let to = opens.find(target) else { throw StoreError(.badDescriptor) }
        var shares = try to.with { (state) throws(StoreError) in
            if state.node.isStream { throw StoreError(.unsupported) }
            if let spoiled = state.spoiled { throw spoiled }
            return !state.node.isDocument && offset % store.limits.chunkBytes == start % store.limits.chunkBytes
        }
        while true {
            let piece = try from.with { (state) throws(StoreError) in
                try self.piece(of: &state, at: offset, count, target: shares ? start : nil)
            }
            guard let piece else { return 0 }
            do throws(StoreError) {
                return try to.with { (state) throws(StoreError) in
                    try put(piece, into: &state, at: start, handle, caller)
                }
            } catch {
                // What was to be shared has been published or cut meanwhile: then bytes.
                guard case .chunks = piece, error.kind == .notFound || error.kind == .invalid else { throw error }
                shares = false
            }
        }
    }

    private enum Piece: Sendable {
        case bytes([UInt8])
        case chunks(SharedChunks)
        case hole(UInt64)
    }

    /// What is to be copied next; nil at the end of the file.
    ///
    /// - Parameter target: where it will be, if chunks can be shared.
    private func piece(
        of state: inout OpenNode.State, at offset: UInt64, _ count: UInt64, target: UInt64?
    ) throws(StoreError) -> Piece? {
        if state.creation == nil, state.working == nil { state.node = try store.node(state.node.id) }
        guard offset < state.size else { return nil }
        let chunk = store.limits.chunkBytes
        var range = offset..<min(state.size, offset + count)
        if let target, !state.node.isDocument, !state.node.isStream {
            if offset % chunk > 0 {
                range = range.clamped(to: offset..<(offset / chunk + 1) * chunk)
            } else if let shared = sharedChunks(in: range, of: state, target: target / chunk) {
                return .chunks(shared)
            } else if range.upperBound - offset > chunk, state.working?.chunks[offset / chunk] != nil {
                // This chunk is in memory; those behind it may not be.
                range = range.clamped(to: offset..<(offset + chunk))
            }
        }
        let bytes = range.clamped(to: offset..<(offset + Self.copiedAtOnce))
        if range.upperBound - offset >= chunk, try nextData(in: bytes, state) == nil {
            let data = try nextData(in: range, state)
            return .hole((data?.lowerBound ?? range.upperBound) - offset)
        }
        return .bytes(
            try Array(capacity: Int(bytes.upperBound - offset)) { (part: inout OutputRawSpan) throws(StoreError) in
                if let working = state.working {
                    try working.read(at: offset, into: &part, below: below(state))
                } else if state.creation == nil {
                    try store.read(state.node.id, at: offset, into: &part)
                }
            })
    }

    /// The whole chunks of a range, up to the first that is in memory.
    private func sharedChunks(in range: Range<UInt64>, of state: OpenNode.State, target: UInt64) -> SharedChunks? {
        let chunk = store.limits.chunkBytes
        let first = range.lowerBound / chunk
        var end = min(range.upperBound / chunk, first + Self.sharedAtOnce)
        let source: StoredContent
        if let working = state.working {
            guard let draft = working.draft else { return nil }
            source = .draft(draft)
            if let loaded = working.chunks.next(from: first, orEmpty: true) { end = min(end, loaded) }
        } else {
            guard state.creation == nil else { return nil }
            source = .published(state.node.id)
        }
        guard first < end else { return nil }
        // What the draft shows past the limit of its base the store need not know yet.
        if let working = state.working, end * chunk > working.baseLimit {
            guard working.storedChunks.contains(first) || first * chunk + chunk <= working.baseLimit else { return nil }
            let known = working.storedChunks.next(from: first).flatMap { $0.lowerBound == first ? $0.upperBound : nil }
            end = min(end, max(known ?? first, working.baseLimit / chunk))
        }
        guard first < end else { return nil }
        return SharedChunks(source: source, chunks: first..<end, target: target)
    }

    private func put(
        _ piece: Piece, into state: inout OpenNode.State, at start: UInt64, _ handle: UInt64, _ caller: Caller
    ) throws(StoreError) -> UInt64 {
        if let spoiled = state.spoiled { throw spoiled }
        let count: UInt64
        do throws(StoreError) {
            switch piece {
            case .bytes(let bytes):
                count = UInt64(bytes.count)
                guard count > 0 else { return 0 }
                _ = try bytes.withRawSpan { (bytes) throws(StoreError) in try write(&state, at: start, bytes) }
            case .hole(let length):
                count = length
                try requireSize(start + count, state)
                try unpublished.counting(&state) { (state) throws(StoreError) in
                    try beginWorkingCopy(&state, keeping: true)
                    try clear(&state, start..<(start + count))
                    try resize(&state, to: max(state.size, start + count))
                }
            case .chunks(let shared):
                count = (shared.chunks.upperBound - shared.chunks.lowerBound) * store.limits.chunkBytes
                try requireSize(start + count, state)
                try take(shared, into: &state)
            }
        } catch {
            spoil(&state, error)
            throw error
        }
        try hasChanged(&state, handle, caller)
        return count
    }

    private func take(_ shared: SharedChunks, into state: inout OpenNode.State) throws(StoreError) {
        try unpublished.counting(&state) { (state) throws(StoreError) in
            try beginWorkingCopy(&state, keeping: true)
            if state.working!.draft == nil {
                state.working!.draft = try store.openDraft(of: state.node.id, isNew: state.creation != nil)
            }
            let working = state.working!
            let size = max(working.size, shared.targets.upperBound * store.limits.chunkBytes)
            var content = DraftContent(
                draft: working.draft!, chunks: [], size: size, baseLimit: working.baseLimit)
            content.shared = [shared]
            try store.writeDraft(content)
            state.working!.took(shared.targets)
        }
    }
}
