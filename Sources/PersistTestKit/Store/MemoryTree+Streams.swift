internal import Persist

/// Logs that only grow (R8).
extension MemoryTree {
    mutating func append(_ append: Append) throws(StoreError) -> Appended {
        let id = append.stream
        if let creation = append.creation, entries[id] == nil { try make(creation) }
        let stream = try entry(id)
        guard stream.node.isStream else { throw StoreError(.invalid) }
        var unfinished = stream.bytes.suffix(while: { $0 != newline })
        var bytes = stream.bytes
        if append.start == .newLine, !unfinished.isEmpty {
            bytes.append(newline)
            unfinished = []
        }
        let position = bytes.count

        var accepted = 0
        var problem: StoreError?
        for line in lines(append.bytes[...]) where problem == nil {
            let isFinished = line.last == newline
            guard isFinished || append.endsUnterminated else { break }
            do throws(StoreError) {
                try requireLine(unfinished + line, of: stream.node.name)
                bytes += line
                accepted += line.count
                unfinished = []
            } catch {
                problem = error
            }
        }
        if let problem, accepted == 0 { throw problem }
        if let tail = append.tail { tails[tail] = nil }
        if accepted > 0 {
            setBytes(id, bytes)
            entries[id]?.node.mtime = append.time
            entries[id]?.node.ctime = append.time
        }
        if accepted > 0 || stream.node.revision == 0 { moveRevision(id) }
        return Appended(node: try entry(id).node, accepted: accepted, position: UInt64(position))
    }

    mutating func removeEvents(of id: NodeID, at time: Timestamp) throws(StoreError) -> Node {
        let stream = try entry(id)
        guard stream.node.isStream else { throw StoreError(.invalid) }
        guard !stream.bytes.isEmpty else { return stream.node }
        guard limits.removesEvents else { throw StoreError(.notPermitted) }
        setBytes(id, [])
        entries[id]?.node.mtime = time
        entries[id]?.node.ctime = time
        moveRevision(id)
        return try entry(id).node
    }

    mutating func keepTail(_ tail: TailID?, of id: NodeID, bytes: [UInt8]) throws(StoreError) -> TailID {
        guard try entry(id).node.isStream else { throw StoreError(.invalid) }
        let tail = tail ?? TailID(newNumber())
        tails[tail] = MemoryTail(stream: id, bytes: bytes)
        return tail
    }

    /// Throws at the first line that the stream `name` does not take.
    func requireLines(_ bytes: ArraySlice<UInt8>, of name: FileName) throws(StoreError) {
        for line in lines(bytes) { try requireLine(line, of: name) }
    }

    private func requireLine(_ line: ArraySlice<UInt8>, of name: FileName) throws(StoreError) {
        let text = line.last == newline ? line.dropLast() : line
        guard UInt64(text.count) <= limits.lineBytesMax else {
            throw StoreError(.tooLarge, hint: "The line is longer than this store takes.")
        }
        if NameRules.isLinesOfJSON(name) { try NameRules.requireJSON(text, depthMax: limits.depthMax) }
    }

    /// The lines of `bytes`, each with its newline; the last may have none.
    private func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = bytes
        while let end = rest.firstIndex(of: newline) {
            lines.append(rest[...end])
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { lines.append(rest) }
        return lines
    }

    private var newline: UInt8 { UInt8(ascii: "\n") }
}

/// The unfinished last line of an open file.
struct MemoryTail: Sendable {
    let stream: NodeID
    let bytes: [UInt8]
}

extension [UInt8] {
    /// The longest end of which every byte is so.
    fileprivate func suffix(while isSo: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        self[(lastIndex { !isSo($0) }.map { $0 + 1 } ?? 0)...]
    }
}
