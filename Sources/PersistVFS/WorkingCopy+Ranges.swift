import Persist

/// Holes, and chunks that the draft took over from other content.
extension WorkingCopy {
    // MARK: Zeros

    /// The chunks that a range covers; the last of the file is covered where its bytes are.
    func wholeChunks(in range: Range<UInt64>) -> Range<UInt64> {
        let first = (range.lowerBound + chunkBytes - 1) / chunkBytes
        let end = range.upperBound >= size ? chunkCount(size) : range.upperBound / chunkBytes
        return first..<max(first, end)
    }

    /// Whether something lies below these chunks that has to be hidden.
    func hasBelow(_ chunks: Range<UInt64>) -> Bool {
        !chunks.isEmpty && (chunks.lowerBound * chunkBytes < baseLimit || storedChunks.overlaps(chunks))
    }

    /// Makes a range within the file zeros. Below its whole chunks the draft has holes by now, unless `keepsAll`: then
    /// they stay in memory, as zeros.
    mutating func clear(_ range: Range<UInt64>, keepsAll: Bool) {
        let whole = wholeChunks(in: range)
        for index in Set([range.lowerBound / chunkBytes, (range.upperBound - 1) / chunkBytes])
        where !whole.contains(index) && (chunks[index] != nil || hasBelow(index)) {
            let start = index * chunkBytes
            let part = range.clamped(to: start..<(start + chunkBytes))
            let zeros = [UInt8](repeating: 0, count: Int(part.upperBound - part.lowerBound))
            zeros.withRawSpan { put($0, at: Int(part.lowerBound - start), of: index) }
        }
        if keepsAll {
            for index in whole { chunks[index] = WorkingChunk(bytes: ScatteredBytes(), isWhole: true) }
        } else {
            chunks.remove(whole)
            storedChunks.remove(whole)
        }
        changed()
    }

    // MARK: Shared chunks

    /// The draft has these chunks from other content, up to `end`.
    mutating func took(_ taken: Range<UInt64>) {
        chunks.remove(taken)
        storedChunks.insert(taken)
        size = max(size, taken.upperBound * chunkBytes)
        changed()
    }

    // MARK: Data

    /// The first bytes of a range that take room, or will.
    ///
    /// - Parameter below: the same of what lies below.
    func nextData(
        in range: Range<UInt64>, below: (Range<UInt64>) throws(StoreError) -> Range<UInt64>?
    ) throws(StoreError) -> Range<UInt64>? {
        let range = range.clamped(to: 0..<size)
        guard !range.isEmpty else { return nil }
        let first = range.lowerBound / chunkBytes
        let inMemory = chunks.next(from: first, orEmpty: false).map { index in
            (index * chunkBytes..<(index + 1) * chunkBytes).clamped(to: range)
        }
        let memory = inMemory.flatMap { $0.isEmpty ? nil : $0 }
        let there = try shown(in: range.lowerBound..<(memory?.lowerBound ?? range.upperBound), below: below)
        return there ?? memory
    }

    /// Of the data below what shows: all that the draft has, and of the base what is before its limit.
    private func shown(
        in range: Range<UInt64>, below: (Range<UInt64>) throws(StoreError) -> Range<UInt64>?
    ) throws(StoreError) -> Range<UInt64>? {
        var rest = range
        while !rest.isEmpty {
            guard let found = try below(rest) else { return nil }
            if found.lowerBound < baseLimit { return found.clamped(to: 0..<max(baseLimit, found.lowerBound + 1)) }
            guard let stored = storedChunks.next(from: found.lowerBound / chunkBytes) else { return nil }
            let bytes = (stored.lowerBound * chunkBytes)..<(stored.upperBound * chunkBytes)
            if bytes.overlaps(found) { return found.clamped(to: bytes) }
            rest = rest.clamped(to: bytes.lowerBound..<UInt64.max)
        }
        return nil
    }

    /// About how many bytes are in memory, or the draft has of its own.
    var changedBytes: UInt64 {
        storedChunks.count * chunkBytes + UInt64(chunks.memoryBytes)
    }
}
