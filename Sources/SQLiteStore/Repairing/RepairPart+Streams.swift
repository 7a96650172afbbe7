internal import Persist

/// Logs: events without gaps, each where the one before it ends.
extension RepairPart {
    func repairStreams() throws(StoreError) {
        for stream in try db.streams() {
            guard let problem = try db.problem(of: stream, depthMax: tx.limits.depthMax) else { continue }
            let done = try closeRanks(stream)
            note(stream.id, problem, done.joined(separator: "; "))
        }
        for number in try db.strayStreams() {
            let stream = try adopt(number)
            _ = try closeRanks(stream)
            note(db.shownPath(stream.id), "a log without a name had events", "it has this name")
        }
    }

    /// - Returns: what became of it, in words.
    private func closeRanks(_ stream: Connection.StreamRow) throws(StoreError) -> [String] {
        let isJSON = Transaction.holdsJSON(stream.name)
        var events: [(id: Int64, bytes: Int64, position: Int64, hasNewline: Bool)] = []
        var bad: [(id: Int64, bytes: Int64)] = []
        var refused: [UInt8] = []
        var words = ""
        let number = stream.number ?? -1
        try db.each(
            "SELECT id, pos, newline, line FROM event WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
            Connection.eventID(number, 0), Connection.eventID(number, Connection.sequenceMax)
        ) { row throws(StoreError) in
            let line = row.bytes(3)
            if isJSON, let problem = JSONScanner.check(line, depthMax: tx.limits.depthMax) {
                bad.append((row.int(0), Int64(line.count)))
                refused += line + [UInt8(ascii: "\n")]
                if words.isEmpty { words = "event \(row.int(0) & Connection.sequenceMax): \(problem)" }
            } else {
                events.append((row.int(0), Int64(line.count), row.int(1), row.int(2) != 0))
            }
            return true
        }
        var done: [String] = []
        let path = try db.path(of: try tx.fresh(stream.id))
        if !bad.isEmpty {
            for event in bad { try db.run("DELETE FROM event WHERE id = ?", event.id) }
            try reject(path, refused, words)
            done.append("\(bad.count) lines that are no JSON are in .persist/rejected")
        }
        let all = (events.map(\.id) + bad.map(\.id)).sorted()
        let gone = all.isEmpty ? 0 : all[all.count - 1] - all[0] + 1 - Int64(all.count)
        let end = try renumber(events, stream)
        done.append("its \(events.count) events are in a row again")
        let lost = stream.size - end - bad.reduce(0) { $0 + $1.bytes + 1 }
        if gone > 0 || lost > 0 {
            let loss = "\(gone > 0 ? "\(gone) events" : "the last \(lost) bytes") of it are lost"
            try reject(path, Array("\(loss)\n".utf8), loss)
            done.append(loss)
        }
        return done
    }

    /// - Returns: how many bytes they have.
    private func renumber(
        _ events: [(id: Int64, bytes: Int64, position: Int64, hasNewline: Bool)], _ stream: Connection.StreamRow
    ) throws(StoreError) -> Int64 {
        var position: Int64 = 0
        // Downwards, so that none meets one that has not moved yet.
        for (index, event) in events.enumerated() {
            let id = events[0].id + Int64(index)
            let hasNewline = event.hasNewline || index < events.count - 1
            if id != event.id || position != event.position || hasNewline != event.hasNewline {
                try db.run(
                    "UPDATE event SET id = ?2, pos = ?3, newline = ?4 WHERE id = ?1", event.id, id, position,
                    Int64(hasNewline ? 1 : 0))
            }
            position += event.bytes + (hasNewline ? 1 : 0)
        }
        try db.run(
            "UPDATE node SET size = ?2, stored = ?2, rev = rev + 1 WHERE ino = ?1", stream.id, position)
        return position
    }

    /// A new log in lost+found for events that have none; it holds JSON where all of them are.
    private func adopt(_ number: Int64) throws(StoreError) -> Connection.StreamRow {
        var isJSON = true
        try db.each(
            "SELECT line FROM event WHERE id BETWEEN ?1 AND ?2", Connection.eventID(number, 0),
            Connection.eventID(number, Connection.sequenceMax)
        ) { row throws(StoreError) in
            isJSON = JSONScanner.check(row.bytes(0), depthMax: tx.limits.depthMax) == nil
            return isJSON
        }
        let directory = try lostAndFound(.events)
        let name = try free(
            FileName(unchecked: Array("#log-\(number)\(isJSON ? ".jsonl" : ".log")".utf8)), in: directory)
        let id = try tx.newNodeID()
        try tx.insert(
            Creation(
                id: id, parent: directory, name: name, kind: .file, mode: nil, uid: nil, gid: nil, time: tx.now))
        try db.run("UPDATE node SET body = ?2, rev = 1 WHERE ino = ?1", id, number)
        return Connection.StreamRow(id: id, number: number, size: 0, name: name)
    }
}
