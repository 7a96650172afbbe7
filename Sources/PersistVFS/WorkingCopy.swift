import Persist

/// The unpublished content of a file: changed chunks over what lies below, a draft in the store or the published
/// content.
///
/// A value; what lies below is read through the closures it is given. Offsets and sizes are bytes.
struct WorkingCopy: Sendable {
    /// Reads what lies below a working copy: appends at most the room of the buffer.
    typealias Below = (_ offset: UInt64, _ buffer: inout OutputRawSpan) throws(StoreError) -> Void

    let chunkBytes: UInt64
    var size: UInt64
    /// Bytes below from here on do not show: the smallest size since it was begun.
    private(set) var baseLimit: UInt64
    /// What was written, and is not in the draft yet.
    var chunks: WorkingChunks
    /// What has been stored of it already.
    var draft: Draft?
    var mtime: Timestamp
    /// Something is not published yet.
    var isModified = false
    /// The store would recover it as it is now (FSYNC).
    var isKept = false

    init(chunkBytes: UInt64, baseSize: UInt64, mtime: Timestamp) {
        self.chunkBytes = chunkBytes
        size = baseSize
        baseLimit = baseSize
        self.mtime = mtime
        chunks = WorkingChunks(chunkBytes: chunkBytes)
    }

    /// Bytes in memory.
    var memoryBytes: Int { chunks.memoryBytes }

    /// Whether every byte that is not a zero is in memory.
    var isAllInMemory: Bool {
        storedChunks.ranges.allSatisfy { $0.allSatisfy { chunks[$0]?.isWhole == true } }
            && (0..<chunkCount(baseLimit)).allSatisfy { chunks[$0]?.isWhole == true }
    }

    /// Chunks that the draft has; what is in memory too counts there.
    var storedChunks = ChunkSet()

    /// Chunks that were cut off, and that the draft may still have: its holes, when it next gets something.
    private(set) var cutChunks = ChunkSet()

    // MARK: Changing

    /// Pieces of a chunk that are kept apart: where there are more, the chunk is read from below.
    private static let piecesMax = 64

    /// Nothing is read for it, unless a chunk is written in very many pieces.
    mutating func write(_ bytes: RawSpan, at offset: UInt64, below: Below) throws(StoreError) {
        guard !bytes.isEmpty else { return }
        for index in offset / chunkBytes...(offset + UInt64(bytes.byteCount) - 1) / chunkBytes
        where chunks[index]?.bytes.pieces.count ?? 0 >= Self.piecesMax {
            try complete(index, below: below)
        }
        var position = offset
        var done = 0
        while done < bytes.byteCount {
            let index = position / chunkBytes
            let within = Int(position % chunkBytes)
            let count = min(bytes.byteCount - done, Int(chunkBytes) - within)
            put(bytes.extracting(done..<(done + count)), at: within, of: index)
            position += UInt64(count)
            done += count
        }
        size = max(size, offset + UInt64(bytes.byteCount))
        changed()
    }

    /// Writes within one chunk.
    mutating func put(_ bytes: RawSpan, at offset: Int, of index: UInt64) {
        if chunks[index] == nil { chunks[index] = WorkingChunk(bytes: ScatteredBytes(), isWhole: !hasBelow(index)) }
        chunks.write(bytes, at: offset, of: index)
        guard let chunk = chunks[index], !chunk.isWhole, chunk.bytes.pieces.count == 1 else { return }
        let start = index * chunkBytes
        let shown = Int(min(chunkBytes, max(start, size) - start))
        if chunk.bytes.covers(0..<shown) { chunks.becomesWhole(index) }
    }

    /// - Returns: whether the draft, if there is one, holds bytes past the new end: it must be told.
    mutating func truncate(to newSize: UInt64, below: Below) throws(StoreError) -> Bool {
        var cuts = false
        if newSize < size {
            let boundary = newSize / chunkBytes
            let within = Int(newSize % chunkBytes)
            if within > 0 {
                if hasBelow(boundary) { try complete(boundary, below: below) }
                chunks[boundary]?.bytes.cut(at: within)
            }
            let first = within > 0 ? boundary + 1 : boundary
            chunks.remove(first..<UInt64.max)
            cuts = storedChunks.overlaps(boundary..<UInt64.max)
            if let end = storedChunks.ranges.last?.upperBound, first < end { cutChunks.insert(first..<end) }
            storedChunks.remove(first..<UInt64.max)
            baseLimit = min(baseLimit, newSize)
        }
        size = newSize
        changed()
        return cuts
    }

    mutating func changed() {
        isModified = true
        isKept = false
    }

    /// All of what lies below is in memory from now on: a document is whole or not at all.
    mutating func loadAll(below: Below) throws(StoreError) {
        for index in 0..<chunkCount(size) where hasBelow(index) { try complete(index, below: below) }
    }

    /// Brings into memory what shows of a chunk from below.
    private mutating func complete(_ index: UInt64, below: Below) throws(StoreError) {
        guard chunks[index]?.isWhole != true else { return }
        var bytes = try load(index, below: below)
        chunks[index]?.bytes.overlay(&bytes)
        chunks[index] = WorkingChunk(bytes: ScatteredBytes(bytes), isWhole: true)
    }

    /// Chunks that are in memory, as a draft stores them: whole ones, of which the last of the file may be shorter,
    /// and parts; and the holes that it has to be told of.
    func put(_ indexes: [UInt64], into content: inout DraftContent) {
        content.holes = cutChunks.ranges.map { $0.clamped(to: 0..<chunkCount(size)) }.filter { !$0.isEmpty }
        for index in indexes {
            let start = index * chunkBytes
            guard start < size, let chunk = chunks[index] else { continue }
            if chunk.isWhole {
                let bytes = chunk.whole(Int(min(chunkBytes, size - start)))
                content.chunks.append(DraftChunk(index: index, bytes: bytes))
            } else {
                content.patches.append(DraftPatch(index: index, bytes: chunk.bytes))
            }
        }
    }

    /// All of `bytes`, which are the file's, as a draft stores them.
    func wholeChunks(_ bytes: [UInt8]) -> [DraftChunk] {
        stride(from: 0, to: bytes.count, by: Int(chunkBytes)).map { start in
            let end = min(start + Int(chunkBytes), bytes.count)
            return DraftChunk(index: UInt64(start) / chunkBytes, bytes: Array(bytes[start..<end]))
        }
    }

    /// The draft was used up, and this goes on. Of a document, which is in memory whole: the next draft gets all of it.
    mutating func lostDraft() {
        draft = nil
        storedChunks = ChunkSet()
        cutChunks = ChunkSet()
        isKept = false
    }

    /// The draft has these chunks as they are in memory.
    mutating func stored(_ indexes: [UInt64], freesMemory: Bool) {
        cutChunks = ChunkSet()
        for index in indexes {
            storedChunks.insert(index..<(index + 1))
            if freesMemory || chunks[index]?.isWhole != true { chunks[index] = nil }
        }
    }

    // MARK: Reading

    /// Whether nothing below has to be read for these bytes.
    func isInMemory(from offset: UInt64, bytes: Int) -> Bool {
        guard offset < size, bytes > 0 else { return true }
        let end = min(size, offset + UInt64(bytes))
        return (offset / chunkBytes...(end - 1) / chunkBytes).allSatisfy { index in
            guard let chunk = chunks[index], !chunk.isWhole else { return chunks[index] != nil || !hasBelow(index) }
            return chunk.bytes.covers(part(of: index, offset..<end))
        }
    }

    /// Appends the bytes at `offset`, as many as there are and `buffer` has room for.
    func read(at offset: UInt64, into buffer: inout OutputRawSpan, below: Below) throws(StoreError) {
        guard offset < size else { return }
        let end = min(size, offset + UInt64(buffer.freeCapacity))
        var position = offset
        while position < end {
            let index = position / chunkBytes
            if let chunk = chunks[index] {
                let range = part(of: index, position..<end)
                if chunk.isWhole || chunk.bytes.covers(range) {
                    chunk.bytes.append(range, to: &buffer)
                } else {
                    let stop = position + UInt64(range.count)
                    var bytes = try load(position..<stop, of: index, below: below)
                    chunk.bytes.overlay(&bytes, from: range.lowerBound)
                    buffer.append(bytes[...])
                }
                position += UInt64(range.count)
            } else {
                let isStored = storedChunks.contains(index)
                var next = index + 1
                while next * chunkBytes < end, chunks[next] == nil, storedChunks.contains(next) == isStored {
                    next += 1
                }
                let stop = min(end, next * chunkBytes)
                try readBelow(from: position, to: stop, isStored: isStored, into: &buffer, below: below)
                position = stop
            }
        }
    }

    /// All of it: for documents and small files.
    func bytes(below: Below) throws(StoreError) -> [UInt8] {
        if chunks.count == 1, let only = chunks[0], only.isWhole, size <= chunkBytes { return only.whole(Int(size)) }
        return try Array(capacity: Int(size)) { (buffer: inout OutputRawSpan) throws(StoreError) in
            try read(at: 0, into: &buffer, below: below)
        }
    }

    // MARK: Inside

    func chunkCount(_ size: UInt64) -> UInt64 { (size + chunkBytes - 1) / chunkBytes }

    func hasBelow(_ index: UInt64) -> Bool {
        index * chunkBytes < baseLimit || storedChunks.contains(index)
    }

    /// Where a range of the file lies in one of its chunks.
    private func part(of index: UInt64, _ range: Range<UInt64>) -> Range<Int> {
        let start = index * chunkBytes
        let part = range.clamped(to: start..<(start + chunkBytes))
        return Int(part.lowerBound - start)..<Int(part.upperBound - start)
    }

    /// What shows of a chunk from below.
    private func load(_ index: UInt64, below: Below) throws(StoreError) -> [UInt8] {
        guard hasBelow(index) else { return [] }
        let start = index * chunkBytes
        return try load(start..<min(start + chunkBytes, size), of: index, below: below)
    }

    /// The same of a range within it.
    private func load(_ range: Range<UInt64>, of index: UInt64, below: Below) throws(StoreError) -> [UInt8] {
        try Array(capacity: range.count) { (buffer: inout OutputRawSpan) throws(StoreError) in
            try readBelow(
                from: range.lowerBound, to: range.upperBound, isStored: storedChunks.contains(index), into: &buffer,
                below: below)
        }
    }

    /// What lies below, with zeros where nothing does, exactly up to `stop`.
    ///
    /// - Parameter isStored: the draft has these chunks; else only the base shows, and of it only what is before
    ///   the limit, which the store need not know yet.
    private func readBelow(
        from start: UInt64, to stop: UInt64, isStored: Bool, into buffer: inout OutputRawSpan, below: Below
    ) throws(StoreError) {
        let shown = isStored ? stop : max(start, min(stop, baseLimit))
        var missing = Int(stop - start)
        if shown > start {
            let got = try Array<UInt8>(capacity: Int(shown - start)) { (part: inout OutputRawSpan) throws(StoreError) in
                try below(start, &part)
            }
            buffer.append(got[...])
            missing -= got.count
        }
        buffer.append(zeros: missing)
    }
}
