internal import Persist

/// Logs that only grow (R8).
extension Transaction {
    func append(_ append: Append) throws(StoreError) -> Appended {
        let (found, last) = try stream(of: append)
        var row = found
        let isJSON = Self.holdsJSON(row.node.name)
        let continued = append.start == .continuing && last?.hasNewline == false ? last : nil
        var size = row.node.size + (append.start == .newLine && last?.hasNewline == false ? 1 : 0)
        let position = size

        var number = row.body
        var sequence = last?.sequence ?? 0
        var accepted = 0
        var added: StreamEvent?
        var problem: StoreError?
        try Self.eachLine(of: append.bytes) { line, isFinished throws(StoreError) in
            guard isFinished || append.endsUnterminated else { return false }
            let joined = accepted == 0 ? continued : nil
            do throws(StoreError) {
                try check(line, of: append.bytes, after: joined, stream: number, isJSON: isJSON)
                guard size + UInt64(line.count) + 1 <= limits.logBytesMax ?? limits.blobBytesMax else {
                    throw StoreError(.tooLarge)
                }
            } catch {
                problem = error
                return false
            }
            let bytes = Array(append.bytes[line])
            if let joined, let number {
                try db.run(
                    "UPDATE event SET line = CAST(line || ?2 AS BLOB), newline = ?3, time = ?4 WHERE id = ?1",
                    Connection.eventID(number, joined.sequence), bytes, Int64(isFinished ? 1 : 0), append.time)
            } else {
                if accepted == 0, let last, let number, !last.hasNewline {
                    try db.run("UPDATE event SET newline = 1 WHERE id = ?", Connection.eventID(number, last.sequence))
                }
                let stream = try number.or { () throws(StoreError) in try newStream(row.id) }
                number = stream
                sequence += 1
                try db.run(
                    "INSERT INTO event(id, pos, time, newline, line) VALUES (?, ?, ?, ?, ?)",
                    Connection.eventID(stream, sequence), Int64(size), append.time, Int64(isFinished ? 1 : 0), bytes)
            }
            let count = line.count + (isFinished ? 1 : 0)
            let start = joined.map(\.position) ?? size
            size += UInt64(count)
            added = StreamEvent(
                sequence: max(sequence, 1), position: start, end: size, hasNewline: isFinished, time: append.time)
            accepted += count
            return true
        }
        if let problem, accepted == 0 { throw problem }
        if let tail = append.tail { try db.run("DELETE FROM tail WHERE id = ?", tail.rawValue) }
        if let added {
            tellContent(row.id)
            row.follow(added)
            row.body = number
            db.cache?.add(stream: row, last: added)
        } else if row.node.revision == 0 {
            try db.run("UPDATE node SET rev = 1 WHERE ino = ?", row.id)
            row.node.revision = 1
        }
        return Appended(node: row.node, accepted: accepted, position: position)
    }

    /// The stream and its last event; where another mount made the name meanwhile, that one: streams merge.
    private func stream(of append: Append) throws(StoreError) -> (NodeRow, StreamEvent?) {
        if let known = db.cache?.stream(append.stream) { return known }
        try noteBehind(append.stream)
        var row = try db.node(append.stream)
        if row == nil, let creation = append.creation {
            row = try db.child(creation.name, of: creation.parent).or { () throws(StoreError) in try insert(creation) }
        }
        guard let row else { throw StoreError(.notFound) }
        guard row.isStream else { throw StoreError(.invalid) }
        return (row, try row.body.flatMap { number throws(StoreError) in try db.lastEvent(of: number) })
    }

    /// The row has what its events say: what is written to it then counts, and not the last event.
    func settle(_ row: NodeRow) throws(StoreError) {
        guard row.isBehindItsEvents else { return }
        try db.run(
            "UPDATE node SET size = ?2, stored = ?2, rev = ?3, mtime = ?4, ctime = ?5 WHERE ino = ?1", row.id,
            Int64(row.node.size), row.node.revision, row.node.mtime, row.node.ctime)
    }

    /// Each line moves a log on; its row, which says how long it should be, follows when the mount ends, or so many
    /// logs have been written to.
    private static let logsBehindMost = 1_024

    private func noteBehind(_ id: NodeID) throws(StoreError) {
        mount.logsBehind.insert(id)
        if mount.logsBehind.count > Self.logsBehindMost { try settleLogs() }
    }

    func settleLogs() throws(StoreError) {
        for id in mount.logsBehind {
            if let row = try db.node(id) { try settle(row) }
        }
        onCommit { [mount] in mount.logsBehind = [] }
    }

    /// Those of a mount that was killed.
    func settleAllLogs() throws(StoreError) {
        let logs = try db.all(
            """
            WITH RECURSIVE tree(ino) AS (SELECT ?1 UNION ALL
                SELECT n.ino FROM node n JOIN tree t ON n.parent = t.ino WHERE n.cookie > 0 AND n.kind = 2)
            SELECT n.ino FROM node n JOIN tree t ON n.parent = t.ino WHERE n.cookie > 0 AND n.class = 1 AND n.kind = 1
            """, Namespace.events.node, read: { $0.id(0) })
        for id in logs { try settle(try fresh(id)) }
    }

    private func newStream(_ id: NodeID) throws(StoreError) -> Int64 {
        // One at a time: a number for each stream ever made, of which there are 2^27.
        let number = try newBlock(.stream, of: 1).lowerBound
        guard number < 1 << 27 else { throw StoreError(.full, hint: "the store has had too many logs") }
        try db.run("UPDATE node SET body = ?2 WHERE ino = ?1", id, number)
        return number
    }

    private func check(
        _ line: Range<Int>, of bytes: [UInt8], after joined: StreamEvent?, stream: Int64?, isJSON: Bool
    ) throws(StoreError) {
        var whole = Array(bytes[line])
        if let joined, let stream {
            let before = try db.first(
                "SELECT line FROM event WHERE id = ?", Connection.eventID(stream, joined.sequence),
                read: { $0.bytes(0) })
            whole = (before ?? []) + whole
        }
        try checkLine(whole, isJSON: isJSON)
    }

    func checkLine(_ line: [UInt8], isJSON: Bool) throws(StoreError) {
        try requireLine(ofBytes: line.count)
        guard isJSON, let problem = JSONScanner.check(line, depthMax: limits.depthMax) else { return }
        throw StoreError(.rejected, hint: "\(problem)")
    }

    func requireLine(ofBytes count: Int) throws(StoreError) {
        guard UInt64(count) <= limits.lineBytesMax else {
            throw StoreError(.tooLarge, hint: "the line is longer than \(limits.lineBytesMax) bytes")
        }
    }

    static func holdsJSON(_ name: FileName) -> Bool {
        [".jsonl", ".ndjson"].contains { name.bytes.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// Each line without its newline, until `body` says false. The last may have none.
    static func eachLine(
        of bytes: [UInt8], _ body: (Range<Int>, _ isFinished: Bool) throws(StoreError) -> Bool
    ) throws(StoreError) {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
            guard try body(start..<(end ?? bytes.count), end != nil) else { return }
            start = end.map { $0 + 1 } ?? bytes.count
        }
    }

    func removeEvents(of id: NodeID, at time: Timestamp) throws(StoreError) -> Node {
        let row = try fresh(id)
        guard row.isStream else { throw StoreError(.invalid) }
        guard row.node.size > 0 else { return row.node }
        try refuseToLoseEvents(row)
        if let stream = row.body { try removeEvents(stream) }
        // Its numbers are not given out again: what comes next has another stream's.
        try db.run(
            """
            UPDATE node SET body = NULL, size = 0, stored = 0, rev = ?3, mtime = ?2, ctime = ?2 WHERE ino = ?1
            """, id, time, row.node.revision + 1)
        tellContent(id)
        return try fresh(id).node
    }

    func removeEvents(_ stream: Int64) throws(StoreError) {
        try db.run(
            "DELETE FROM event WHERE id BETWEEN ? AND ?", Connection.eventID(stream, 0),
            Connection.eventID(stream, Connection.sequenceMax))
    }

    // MARK: Tails

    func keepTail(_ tail: TailID?, of id: NodeID, bytes: [UInt8]) throws(StoreError) -> TailID {
        guard try fresh(id).isStream else { throw StoreError(.invalid) }
        if let tail {
            let changed = try db.run("UPDATE tail SET bytes = ?2 WHERE id = ?1", tail.rawValue, bytes)
            if changed > 0 { return tail }
        }
        let number = try db.first(
            "INSERT INTO tail(mount, ino, bytes) VALUES (?, ?, ?) RETURNING id", mount.id, id, bytes,
            read: { $0.int(0) })
        return TailID(number ?? 0)
    }
}
