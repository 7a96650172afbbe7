internal import Persist

/// A file that is renamed over a log, or to the name of one (R8).
extension Transaction {
    /// A plain file becomes a log: its lines are the events.
    func beginLog(_ log: NodeRow, of file: NodeRow) throws(StoreError) {
        var before = file
        // Its row is the log's from now on; a body can still be read.
        if before.body == nil { before.small = try db.small(of: before.id) }
        try db.run(
            "UPDATE node SET body = NULL, small = NULL, size = 0, stored = 0, rev = rev + 1 WHERE ino = ?", log.id)
        try append(contentOf: before, from: 0, to: log)
        if let body = before.body { try abandon(body) }
        try settle(try fresh(log.id))
        try db.run("UPDATE node SET mtime = ?2, ctime = ?3 WHERE ino = ?1", log.id, log.node.mtime, now)
    }

    /// A piece at a time, as a log may be larger than memory.
    private func append(contentOf source: NodeRow, from start: UInt64, to log: NodeRow) throws(StoreError) {
        var position = start
        let pieceBytes: UInt64 = 4 << 20
        var rest: [UInt8] = []
        while position < source.node.size {
            let wanted = Int(min(pieceBytes, source.node.size - position))
            rest += try piece(of: source, position, wanted)
            position += UInt64(wanted)
            // Whole lines; what is left of the last goes with the next piece.
            let end = position < source.node.size ? rest.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } : rest.count
            guard let end else {
                // Before it is as long as the file.
                try requireLine(ofBytes: rest.count)
                continue
            }
            try appendAll(Array(rest[..<end]), to: log)
            rest.removeFirst(end)
        }
    }

    /// All of the bytes, or nothing.
    private func appendAll(_ bytes: [UInt8], to row: NodeRow) throws(StoreError) {
        guard !bytes.isEmpty else { return }
        let appended = try append(
            Append(stream: row.id, bytes: bytes, start: .continuing, endsUnterminated: true, time: now))
        guard appended.accepted < bytes.count else { return }
        // Looked at again, so that the error says what is wrong with the line.
        let refused = bytes[appended.accepted...].prefix { $0 != UInt8(ascii: "\n") }
        try checkLine(Array(refused), isJSON: Self.holdsJSON(appended.node.name))
        throw StoreError(.tooLarge, hint: "the log would be larger than it may be")
    }

    /// R8: a file that begins with what the log holds is its continuation. - Returns: nil where it just replaces it.
    func absorb(_ source: NodeRow, into target: NodeRow) throws(StoreError) -> Renamed? {
        guard try begins(source, with: target) else {
            if limits.removesEvents { return nil }
            throw StoreError(.notPermitted, hint: "the file does not begin with what the log holds")
        }
        try append(contentOf: source, from: target.node.size, to: target)
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
