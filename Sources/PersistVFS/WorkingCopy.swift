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
    /// Changed chunks, from their first byte to the last that was ever written; what is missing is zeros.
    var chunks: [UInt64: [UInt8]] = [:]
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
    }

    /// Bytes in memory.
    var memoryBytes: Int { chunks.count * Int(chunkBytes) }

    /// Whether every byte that is not a zero is in memory.
    var isAllInMemory: Bool {
        storedChunks.ranges.allSatisfy { $0.allSatisfy { chunks[$0] != nil } }
            && (0..<chunkCount(baseLimit)).allSatisfy { chunks[$0] != nil }
    }

    /// Chunks that the draft has; what is in memory too counts there.
    var storedChunks = ChunkSet()

    // MARK: Changing

    mutating func write(_ bytes: RawSpan, at offset: UInt64, below: Below) throws(StoreError) {
        var position = offset
        var done = 0
        while done < bytes.byteCount {
            let index = position / chunkBytes
            let within = Int(position % chunkBytes)
            let count = min(bytes.byteCount - done, Int(chunkBytes) - within)
            if chunks[index] == nil {
                let coversWhole = within == 0 && (UInt64(count) == chunkBytes || position + UInt64(count) >= size)
                chunks[index] = coversWhole ? [] : try load(index, below: below)
            }
            chunks[index]!.overwrite(at: within, with: bytes.extracting(done..<(done + count)))
            position += UInt64(count)
            done += count
        }
        size = max(size, offset + UInt64(bytes.byteCount))
        changed()
    }

    /// - Returns: whether the draft, if there is one, holds bytes past the new end: it must be told.
    mutating func truncate(to newSize: UInt64, below: Below) throws(StoreError) -> Bool {
        var cuts = false
        if newSize < size {
            let boundary = newSize / chunkBytes
            let within = Int(newSize % chunkBytes)
            if within > 0 {
                if chunks[boundary] == nil, hasBelow(boundary) { chunks[boundary] = try load(boundary, below: below) }
                if let kept = chunks[boundary], kept.count > within { chunks[boundary] = Array(kept[..<within]) }
            }
            let first = within > 0 ? boundary + 1 : boundary
            for index in chunks.keys where index >= first { chunks[index] = nil }
            cuts = storedChunks.overlaps(boundary..<UInt64.max)
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
        for index in 0..<chunkCount(size) where chunks[index] == nil && hasBelow(index) {
            chunks[index] = try load(index, below: below)
        }
    }

    /// Chunks as a draft stores them; the last of the file may be shorter, every other is whole.
    func draftChunks() -> [DraftChunk] {
        chunks.sorted { $0.key < $1.key }.compactMap { index, bytes in
            let start = index * chunkBytes
            guard start < size else { return nil }
            var whole = bytes
            let length = Int(min(chunkBytes, size - start))
            if whole.count < length { whole.append(contentsOf: repeatElement(0, count: length - whole.count)) }
            return DraftChunk(index: index, bytes: whole)
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
        isKept = false
    }

    /// The store has what `draftContent` gave it.
    mutating func stored(freesMemory: Bool) {
        for index in chunks.keys.sorted() { storedChunks.insert(index..<(index + 1)) }
        if freesMemory { chunks = [:] }
    }

    // MARK: Reading

    /// Whether nothing below has to be read for these bytes.
    func isInMemory(from offset: UInt64, bytes: Int) -> Bool {
        guard offset < size, bytes > 0 else { return true }
        let end = min(size, offset + UInt64(bytes))
        return (offset / chunkBytes...(end - 1) / chunkBytes).allSatisfy { chunks[$0] != nil || !hasBelow($0) }
    }

    /// Appends the bytes at `offset`, as many as there are and `buffer` has room for.
    func read(at offset: UInt64, into buffer: inout OutputRawSpan, below: Below) throws(StoreError) {
        guard offset < size else { return }
        let end = min(size, offset + UInt64(buffer.freeCapacity))
        var position = offset
        while position < end {
            let index = position / chunkBytes
            if let bytes = chunks[index] {
                let within = Int(position - index * chunkBytes)
                let count = Int(min(end, (index + 1) * chunkBytes) - position)
                let there = max(0, min(count, bytes.count - within))
                if there > 0 { buffer.append(bytes[within..<(within + there)]) }
                buffer.append(zeros: count - there)
                position += UInt64(count)
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
        if chunks.count == 1, let only = chunks[0], UInt64(only.count) == size { return only }
        return try Array(capacity: Int(size)) { (buffer: inout OutputRawSpan) throws(StoreError) in
            try read(at: 0, into: &buffer, below: below)
        }
    }

    // MARK: Inside

    func chunkCount(_ size: UInt64) -> UInt64 { (size + chunkBytes - 1) / chunkBytes }

    func hasBelow(_ index: UInt64) -> Bool {
        index * chunkBytes < baseLimit || storedChunks.contains(index)
    }

    func load(_ index: UInt64, below: Below) throws(StoreError) -> [UInt8] {
        guard hasBelow(index) else { return [] }
        let start = index * chunkBytes
        let stop = min(start + chunkBytes, size)
        return try Array(capacity: Int(stop - start)) { (buffer: inout OutputRawSpan) throws(StoreError) in
            try readBelow(
                from: start, to: stop, isStored: storedChunks.contains(index), into: &buffer, below: below)
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

extension Array where Element == UInt8 {
    /// Writes over and past the end; a gap is zeros.
    fileprivate mutating func overwrite(at offset: Int, with bytes: RawSpan) {
        if count < offset { append(contentsOf: repeatElement(0, count: offset - count)) }
        let inside = Swift.min(bytes.byteCount, count - offset)
        if inside > 0 { replace(at: offset, with: bytes.extracting(first: inside)) }
        if inside < bytes.byteCount { append(bytes.extracting(droppingFirst: inside)) }
    }
}
