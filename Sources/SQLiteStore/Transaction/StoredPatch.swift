import Glibc
internal import Persist

/// How bytes that were written over a chunk lie beside it, as a row of `chunk`: pieces, in the order of their places,
/// each after its place in the chunk and its length less one, 16 bits each, the lower 8 first.
enum StoredPatch {
    /// Where a patch of chunk n is among the extents of its body: n more than this.
    static let firstIndex: Int64 = 1 << 48
    /// A larger one costs more than the chunk as a whole.
    static let bytesMax = Int(Connection.chunkBytes) / 2
    private static let headBytes = 4

    /// What it takes as a row.
    static func size(of bytes: ScatteredBytes) -> Int { bytes.count + bytes.pieces.count * headBytes }

    static func encode(_ bytes: ScatteredBytes) -> [UInt8] {
        var row: [UInt8] = []
        row.reserveCapacity(size(of: bytes))
        for piece in bytes.pieces {
            let (start, rest) = (piece.start, piece.bytes.count - 1)
            row.append(contentsOf: [start & 0xff, start >> 8, rest & 0xff, rest >> 8].map { UInt8($0) })
            row.append(contentsOf: piece.bytes)
        }
        return row
    }

    static func decode(_ row: UnsafeRawBufferPointer) throws(StoreError) -> ScatteredBytes {
        var bytes = ScatteredBytes()
        try each(in: row) { start, piece in Array(piece).withRawSpan { bytes.write($0, at: start) } }
        return bytes
    }

    /// - Throws: `.corrupt` for what is no patch.
    static func each(
        in row: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) -> Void
    ) throws(StoreError) {
        var place = 0
        while place < row.count {
            guard place + headBytes < row.count else { throw corrupt }
            let start = Int(row[place]) | Int(row[place + 1]) << 8
            let count = (Int(row[place + 2]) | Int(row[place + 3]) << 8) + 1
            place += headBytes
            guard place + count <= row.count, start + count <= Int(Connection.chunkBytes) else { throw corrupt }
            body(start, UnsafeRawBufferPointer(rebasing: row[place..<(place + count)]))
            place += count
        }
    }

    private static var corrupt: StoreError {
        StoreError(.corrupt, hint: "a patch of a chunk is damaged: `persistfs check` says of which file")
    }
}

extension Connection {
    /// Puts patches of a body over bytes of it that were just read, from `place` in the sink on.
    func readPatches(
        of body: Int64, at offset: UInt64, into sink: inout ByteSink, from place: Int
    ) throws(StoreError) {
        guard sink.count > place else { return }
        let end = offset + UInt64(sink.count - place)
        try each(
            """
            SELECT e.idx, c.data FROM extent e JOIN chunk c ON c.cid = e.cid
                WHERE e.body = ?1 AND e.idx BETWEEN ?2 AND ?3
            """, body, StoredPatch.firstIndex + Int64(offset / Self.chunkBytes),
            StoredPatch.firstIndex + Int64((end - 1) / Self.chunkBytes)
        ) { row throws(StoreError) in
            let start = UInt64(row.int(0) - StoredPatch.firstIndex) * Self.chunkBytes
            try row.withBytes(1) { bytes throws(StoreError) in
                try StoredPatch.each(in: bytes) { first, piece in
                    let range = (start + UInt64(first))..<(start + UInt64(first + piece.count))
                    let part = range.clamped(to: offset..<end)
                    guard !part.isEmpty else { return }
                    let skipped = Int(part.lowerBound - range.lowerBound)
                    sink.replace(
                        at: place + Int(part.lowerBound - offset),
                        with: UnsafeRawBufferPointer(rebasing: piece[skipped..<(skipped + part.count)]))
                }
            }
            return true
        }
    }

    func patch(of body: Int64, _ index: Int64) throws(StoreError) -> ScatteredBytes? {
        try first(
            "SELECT c.data FROM extent e JOIN chunk c ON c.cid = e.cid WHERE e.body = ? AND e.idx = ?", body,
            StoredPatch.firstIndex + index
        ) { row throws(StoreError) in try row.withBytes(0) { bytes throws(StoreError) in try StoredPatch.decode(bytes) }
        }
    }
}
