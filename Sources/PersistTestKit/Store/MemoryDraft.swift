internal import Persist

/// Unpublished content over a base that no longer changes.
struct MemoryDraft: Sendable {
    /// What recovery publishes.
    struct Kept: Sendable {
        var bytes: [UInt8]
        var mtime: Timestamp
    }

    var draft: Draft
    let base: [UInt8]
    let chunkBytes: Int
    private var chunks: [Int: [UInt8]] = [:]
    private var size: Int
    private var baseLimit: Int
    var kept: Kept?
    /// The name was made for it, and has no value of its own.
    var madeNode = false

    init(_ draft: Draft, base: [UInt8], chunkBytes: UInt64) {
        self.draft = draft
        self.base = base
        self.chunkBytes = Int(chunkBytes)
        size = base.count
        baseLimit = base.count
    }

    /// Chunks of other content are the tree's to find: `put` takes them.
    mutating func update(_ content: DraftContent) throws(StoreError) {
        guard content.chunks.allSatisfy({ $0.bytes.count <= chunkBytes }) else { throw StoreError(.invalid) }
        size = Int(content.size)
        baseLimit = min(baseLimit, Int(content.baseLimit))
        // What lay beyond the new end is gone for good: growing again shows zeros there.
        for (index, bytes) in chunks {
            let room = max(0, size - index * chunkBytes)
            if room < bytes.count { chunks[index] = room == 0 ? nil : Array(bytes[..<room]) }
        }
        for hole in content.holes { put([], at: Int(hole.lowerBound), count: hole.count) }
    }

    /// Makes so many chunks those of `bytes`; what is missing is zeros.
    mutating func put(_ bytes: [UInt8], at index: Int, count: Int) {
        let last = (max(size, base.count) + chunkBytes - 1) / chunkBytes
        for number in 0..<count where index + number < last {
            let start = min(bytes.count, number * chunkBytes)
            chunks[index + number] = Array(bytes[start..<min(bytes.count, start + chunkBytes)])
        }
    }

    mutating func put(_ patch: DraftPatch) throws(StoreError) {
        let start = Int(patch.index) * chunkBytes
        guard patch.bytes.end <= chunkBytes, start + patch.bytes.end <= size else { throw StoreError(.invalid) }
        var chunk = Array(bytes[start..<min(start + chunkBytes, size)])
        patch.bytes.overlay(&chunk)
        chunks[Int(patch.index)] = chunk
    }

    mutating func put(_ chunk: DraftChunk) { chunks[Int(chunk.index)] = chunk.bytes }

    var bytes: [UInt8] {
        var result = [UInt8](repeating: 0, count: size)
        let shown = min(baseLimit, size)
        result.replaceSubrange(..<shown, with: base[..<shown])
        for (index, chunk) in chunks {
            let start = min(index * chunkBytes, size)
            let whole = chunk + [UInt8](repeating: 0, count: chunkBytes - chunk.count)
            let end = min(start + chunkBytes, size)
            result.replaceSubrange(start..<end, with: whole[..<(end - start)])
        }
        return result
    }
}
