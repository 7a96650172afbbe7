/// Numbers of chunks, as ranges: a large file that was written in order is one.
struct ChunkSet: Sendable, Equatable {
    /// Ascending; between two of them something is missing.
    private(set) var ranges: [Range<UInt64>] = []

    var isEmpty: Bool { ranges.isEmpty }
    var count: UInt64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

    func contains(_ index: UInt64) -> Bool {
        let place = firstEnding(after: index)
        return place < ranges.count && ranges[place].lowerBound <= index
    }

    func overlaps(_ chunks: Range<UInt64>) -> Bool {
        guard !chunks.isEmpty else { return false }
        let place = firstEnding(after: chunks.lowerBound)
        return place < ranges.count && ranges[place].lowerBound < chunks.upperBound
    }

    /// The next that are here, from `index` on.
    func next(from index: UInt64) -> Range<UInt64>? {
        let place = firstEnding(after: index)
        guard place < ranges.count else { return nil }
        return max(index, ranges[place].lowerBound)..<ranges[place].upperBound
    }

    mutating func insert(_ chunks: Range<UInt64>) {
        guard !chunks.isEmpty else { return }
        // Those that touch it become one with it.
        let first = firstEnding(after: chunks.lowerBound == 0 ? 0 : chunks.lowerBound - 1)
        var last = first
        var (start, end) = (chunks.lowerBound, chunks.upperBound)
        while last < ranges.count, ranges[last].lowerBound <= chunks.upperBound {
            start = min(start, ranges[last].lowerBound)
            end = max(end, ranges[last].upperBound)
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: CollectionOfOne(start..<end))
    }

    mutating func remove(_ chunks: Range<UInt64>) {
        guard !chunks.isEmpty else { return }
        let first = firstEnding(after: chunks.lowerBound)
        var last = first
        var rest: [Range<UInt64>] = []
        while last < ranges.count, ranges[last].lowerBound < chunks.upperBound {
            let found = ranges[last]
            if found.lowerBound < chunks.lowerBound { rest.append(found.lowerBound..<chunks.lowerBound) }
            if found.upperBound > chunks.upperBound { rest.append(chunks.upperBound..<found.upperBound) }
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: rest)
    }

    /// The place of the first range with something past `index`, by bisection.
    private func firstEnding(after index: UInt64) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > index { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
