/// Bytes at some places of a chunk; of the others it says nothing.
///
/// Offsets count from the beginning of the chunk.
public struct ScatteredBytes: Sendable, Equatable {
    public struct Piece: Sendable, Equatable {
        public let start: Int
        public fileprivate(set) var bytes: [UInt8]

        public var end: Int { start + bytes.count }
    }

    /// Ascending; between two of them something is missing.
    public private(set) var pieces: [Piece] = []

    public init() {}

    public init(_ bytes: [UInt8], at offset: Int = 0) {
        if !bytes.isEmpty { pieces = [Piece(start: offset, bytes: bytes)] }
    }

    public var isEmpty: Bool { pieces.isEmpty }
    /// How many bytes it says something of.
    public var count: Int { pieces.reduce(0) { $0 + $1.bytes.count } }
    /// Behind the last of them.
    public var end: Int { pieces.last?.end ?? 0 }

    public func covers(_ range: Range<Int>) -> Bool {
        let place = firstEnding(at: range.lowerBound + 1)
        return range.isEmpty
            || place < pieces.count && pieces[place].start <= range.lowerBound && range.upperBound <= pieces[place].end
    }

    /// Over what was there.
    public mutating func write(_ bytes: RawSpan, at offset: Int) {
        let end = offset + bytes.byteCount
        guard !bytes.isEmpty else { return }
        let first = firstEnding(at: offset)
        guard first < pieces.count, pieces[first].start <= end else {
            return pieces.insert(Piece(start: offset, bytes: Array(bytes)), at: first)
        }
        // It becomes one with the pieces that it touches.
        var last = first + 1
        if pieces[first].start > offset {
            let old = pieces[first]
            pieces[first] = Piece(start: offset, bytes: Array(bytes))
            if old.end > end { pieces[first].bytes.append(contentsOf: old.bytes[(end - old.start)...]) }
        } else {
            pieces[first].overwrite(at: offset, with: bytes)
        }
        while last < pieces.count, pieces[last].start <= pieces[first].end {
            let next = pieces[last]
            let known = pieces[first].end - next.start
            if known < next.bytes.count { pieces[first].bytes.append(contentsOf: next.bytes[known...]) }
            last += 1
        }
        pieces.removeSubrange((first + 1)..<last)
    }

    public mutating func write(_ other: ScatteredBytes) {
        for piece in other.pieces { piece.bytes.withRawSpan { write($0, at: piece.start) } }
    }

    /// Says nothing of what lies from `end` on.
    public mutating func cut(at end: Int) {
        pieces.removeAll { $0.start >= end }
        guard let last = pieces.last, last.end > end else { return }
        pieces[pieces.count - 1].bytes.removeLast(last.end - end)
    }

    /// Puts them where they belong in the bytes of a chunk, which begin at `start` of it; those past its end are left.
    public func overlay(_ chunk: inout [UInt8], from start: Int = 0) {
        let shown = start..<(start + chunk.count)
        for piece in pieces {
            let part = (piece.start..<piece.end).clamped(to: shown)
            guard !part.isEmpty else { continue }
            piece.bytes.withRawSpan { bytes in
                chunk.replace(
                    at: part.lowerBound - start,
                    with: bytes.extracting((part.lowerBound - piece.start)..<(part.upperBound - piece.start)))
            }
        }
    }

    /// Appends what it says of a range, and zeros where it says nothing.
    public func append(_ range: Range<Int>, to buffer: inout OutputRawSpan) {
        var position = range.lowerBound
        for piece in pieces[firstEnding(at: position)...] where position < range.upperBound {
            let part = (piece.start..<piece.end).clamped(to: position..<range.upperBound)
            guard !part.isEmpty else { continue }
            buffer.append(zeros: part.lowerBound - position)
            buffer.append(piece.bytes[(part.lowerBound - piece.start)..<(part.upperBound - piece.start)])
            position = part.upperBound
        }
        buffer.append(zeros: range.upperBound - position)
    }

    /// The place of the first piece that ends at `offset` or behind it.
    private func firstEnding(at offset: Int) -> Int {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].end >= offset { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension ScatteredBytes.Piece {
    /// From a place within it or just behind it.
    fileprivate mutating func overwrite(at offset: Int, with new: RawSpan) {
        let inside = min(new.byteCount, end - offset)
        if inside > 0 { bytes.replace(at: offset - start, with: new.extracting(first: inside)) }
        if inside < new.byteCount { bytes.append(new.extracting(droppingFirst: inside)) }
    }
}
