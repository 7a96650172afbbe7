import Persist

/// What was written of one chunk of a working copy.
struct WorkingChunk: Sendable {
    var bytes: ScatteredBytes
    /// Nothing below shows: what was not written is zeros.
    var isWhole: Bool

    /// Bytes in memory: of each piece also what an array takes.
    var memoryBytes: Int { bytes.count + bytes.pieces.count * 64 }

    /// All of it, as long as `count` says.
    func whole(_ count: Int) -> [UInt8] {
        if bytes.pieces.count == 1, let only = bytes.pieces.first, only.start == 0, only.end == count {
            return only.bytes
        }
        return Array(capacity: count) { bytes.append(0..<count, to: &$0) }
    }
}

/// The chunks of a working copy that are in memory, by their numbers, and what they take.
struct WorkingChunks: Sendable {
    private var chunks: [UInt64: WorkingChunk] = [:]
    /// Bytes in memory.
    private(set) var memoryBytes = 0
    /// Chunks of which nothing is left to be written: waiting for more of them brings nothing.
    private(set) var fullCount = 0
    private let chunkBytes: Int

    init(chunkBytes: UInt64) { self.chunkBytes = Int(chunkBytes) }

    var isEmpty: Bool { chunks.isEmpty }
    var count: Int { chunks.count }
    /// In no order.
    var indexes: some Collection<UInt64> { chunks.keys }

    subscript(index: UInt64) -> WorkingChunk? {
        get { chunks[index] }
        set {
            count(chunks[index], -1)
            chunks[index] = newValue
            count(newValue, 1)
        }
    }

    mutating func write(_ bytes: RawSpan, at offset: Int, of index: UInt64) {
        count(chunks[index], -1)
        chunks[index]?.bytes.write(bytes, at: offset)
        count(chunks[index], 1)
    }

    mutating func becomesWhole(_ index: UInt64) {
        count(chunks[index], -1)
        chunks[index]?.isWhole = true
        count(chunks[index], 1)
    }

    mutating func remove(_ range: Range<UInt64>) {
        for index in chunks.keys where range.contains(index) { self[index] = nil }
    }

    /// The next that has something else than zeros, or is empty too where `orEmpty`.
    func next(from first: UInt64, orEmpty: Bool) -> UInt64? {
        var found: UInt64?
        for (index, chunk) in chunks where index >= first && index < found ?? .max && (orEmpty || !chunk.bytes.isEmpty)
        {
            found = index
        }
        return found
    }

    /// Those that are full, or all, in order, and not much more than so many bytes.
    func some(onlyFull: Bool, bytes: Int) -> [UInt64] {
        var left = bytes
        let candidates = onlyFull ? chunks.filter { isFull($0.value) }.keys.sorted() : chunks.keys.sorted()
        return Array(
            candidates.prefix { index in
                defer { left -= chunks[index]!.memoryBytes }
                return left > 0
            })
    }

    private func isFull(_ chunk: WorkingChunk) -> Bool { chunk.isWhole && chunk.bytes.end == chunkBytes }

    private mutating func count(_ chunk: WorkingChunk?, _ sign: Int) {
        guard let chunk else { return }
        memoryBytes += sign * chunk.memoryBytes
        if isFull(chunk) { fullCount += sign }
    }
}
