public import Persist

/// SEEK_DATA and SEEK_HOLE.
public enum SeekTarget: Sendable { case data, hole }

extension FileSystem {
    /// lseek(2) to the next data or hole.
    ///
    /// - Returns: nil where there is none (ENXIO).
    public func seek(_ id: NodeID, to target: SeekTarget, from offset: UInt64) throws(StoreError) -> UInt64? {
        if ControlFiles.owns(id) {
            let size = try controls.attributes(of: id).size
            guard offset < size else { return nil }
            return target == .data ? offset : size
        }
        let id = aliases.resolve(id)
        var found = try find(target, from: offset, id)
        // What programs have changed through maps lies in pages that the kernel has not written back, and it asks
        // nobody for them before it seeks: cp(1) would take for a hole what another program has just put there.
        for _ in 0..<8 where found.mayBeMapped && !found.skipped.isEmpty {
            guard kernel.writeBack(id, found.skipped) else { break }
            let again = try find(target, from: offset, id)
            if again.place == found.place { return found.place }
            found = again
        }
        guard found.mayBeMapped, !found.skipped.isEmpty else { return found.place }
        // The kernel did not answer in time. Calling everything data is always right.
        return target == .data ? offset : found.size
    }

    /// The first bytes of a range that take room, or will when they are published.
    func nextData(in range: Range<UInt64>, _ state: OpenNode.State) throws(StoreError) -> Range<UInt64>? {
        if state.node.isDocument || state.node.isStream {
            let range = range.clamped(to: 0..<state.size)
            return range.isEmpty ? nil : range
        }
        let store = store
        let id = state.node.id
        guard let working = state.working else {
            return state.creation == nil ? try store.nextData(of: .published(id), in: range) : nil
        }
        return try working.nextData(in: range) { (range) throws(StoreError) in
            guard let draft = working.draft else { return nil }
            return try store.nextData(of: .draft(draft), in: range)
        }
    }

    private struct Found: Sendable {
        var place: UInt64?
        /// What was taken for a hole on the way, or is one there.
        var skipped: Range<UInt64> = 0..<0
        var size: UInt64
        /// A program may have the file mapped shared, and write to it so.
        var mayBeMapped = false
    }

    private func find(_ target: SeekTarget, from offset: UInt64, _ id: NodeID) throws(StoreError) -> Found {
        guard let open = opens.find(id) else { throw StoreError(.badDescriptor) }
        return try open.with { (state) throws(StoreError) in
            if state.creation == nil, state.working == nil { state.node = try store.node(state.node.id) }
            let size = state.size
            guard offset < size else { return Found(size: size) }
            let data = try nextData(in: offset..<size, state)
            var found = Found(size: size)
            found.mayBeMapped = state.opens.values.contains { $0.flags.isSuperset(of: [.read, .write]) }
            switch target {
            case .data:
                found.place = data?.lowerBound
                found.skipped = offset..<(data?.lowerBound ?? size)
            case .hole:
                var end = data?.lowerBound == offset ? data!.upperBound : offset
                while end > offset, end < size, let more = try nextData(in: end..<size, state), more.lowerBound == end {
                    end = more.upperBound
                }
                found.place = end
                let chunk = store.limits.chunkBytes
                found.skipped = end..<min(size, (end / chunk + 1) * chunk)
            }
            return found
        }
    }
}
