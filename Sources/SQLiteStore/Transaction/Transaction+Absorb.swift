internal import Persist

/// A file that is renamed over a log (R8).
extension Transaction {
    /// R8: a file that begins with what the log holds is its continuation. - Returns: nil where it just replaces it.
    func absorb(_ source: NodeRow, into target: NodeRow) throws(StoreError) -> Renamed? {
        guard try begins(source, with: target) else {
            if limits.removesEvents { return nil }
            throw StoreError(.notPermitted, hint: "the file does not begin with what the log holds")
        }
        var position = target.node.size
        let piece = 4 << 20
        var rest: [UInt8] = []
        while position < source.node.size {
            let wanted = Int(min(UInt64(piece), source.node.size - position))
            rest += try ByteSink.collect(wanted) { sink throws(StoreError) in
                try db.read(source, at: position, into: &sink)
            }
            position += UInt64(wanted)
            // Whole lines at a time; what is left of the last goes with the next piece.
            let end = position < source.node.size ? rest.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } : rest.count
            guard let end else { continue }
            try appendAll(Array(rest[..<end]), to: target)
            rest.removeFirst(end)
        }
        try settle(try fresh(target.id))
        try db.run(
            """
            UPDATE node SET mode = ?2, uid = ?3, gid = ?4, mtime = ?5, ctime = ?6,
                rev = max(rev, 1) WHERE ino = ?1
            """, target.id, source.node.mode.map { Int64($0) }, source.node.uid.map { Int64($0) },
            source.node.gid.map { Int64($0) }, source.node.mtime, now)
        try detach(source)
        try touch(source.node.parent, now)
        if target.node.parent != source.node.parent { try touch(target.node.parent, now) }
        tellEntry(target.node.parent, target.node.name)
        tellContent(target.id)
        return Renamed(node: try fresh(target.id).node, replaced: nil, absorbed: source.id)
    }

    private func begins(_ source: NodeRow, with target: NodeRow) throws(StoreError) -> Bool {
        guard source.node.size >= target.node.size else { return false }
        var position: UInt64 = 0
        while position < target.node.size {
            let wanted = Int(min(1 << 20, target.node.size - position))
            let (old, new) = (try piece(of: target, position, wanted), try piece(of: source, position, wanted))
            guard old == new else { return false }
            position += UInt64(wanted)
        }
        return true
    }

    private func piece(of row: NodeRow, _ position: UInt64, _ count: Int) throws(StoreError) -> [UInt8] {
        try ByteSink.collect(count) { sink throws(StoreError) in try db.read(row, at: position, into: &sink) }
    }
}
