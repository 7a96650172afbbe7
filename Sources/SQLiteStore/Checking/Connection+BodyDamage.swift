internal import Persist

/// What can be wrong with bodies, chunks and events.
extension Connection {
    /// Files of which chunks are gone, and how many.
    func incomplete() throws(StoreError) -> [(id: NodeID, chunks: Int64)] {
        try all(
            """
            SELECT n.ino, count(*) FROM node n JOIN extent e ON e.body = n.body
                WHERE NOT (n.ns = 5 AND n.class = 1) AND NOT EXISTS (SELECT 1 FROM chunk c WHERE c.cid = e.cid)
                GROUP BY n.ino
            """
        ) { row throws(StoreError) in (row.id(0), row.int(1)) }
    }

    /// Files beside the store that are gone or cut, and in which chunks lie that somebody has.
    func damagedBodyFiles() throws(StoreError) -> [String] {
        guard let bodyFiles else { return [] }
        var lasts: [Int64: Int64] = [:]
        try each("SELECT cid FROM extent WHERE cid < 0 AND body NOT IN (SELECT body FROM garbage)") {
            row throws(StoreError) in
            let file = BodyFiles.file(of: -row.int(0))
            lasts[file] = max(lasts[file] ?? 0, -row.int(0))
            return true
        }
        return lasts.filter { !bodyFiles.has($0.key, through: $0.value) }.map { bodyFiles.path(of: $0.key) }.sorted()
    }

    /// Files with patches of chunks that are none, and where those are.
    func damagedPatches() throws(StoreError) -> [(id: NodeID, index: Int64)] {
        var found: [(NodeID, Int64)] = []
        try each(
            """
            SELECT n.ino, e.idx, c.data FROM node n JOIN extent e ON e.body = n.body JOIN chunk c ON c.cid = e.cid
                WHERE NOT (n.ns = 5 AND n.class = 1) AND e.idx >= ?
            """, StoredPatch.firstIndex
        ) { row throws(StoreError) in
            let isPatch = row.withBytes(2) { (try? StoredPatch.each(in: $0) { _, _ in }) != nil }
            if !isPatch { found.append((row.id(0), row.int(1))) }
            return true
        }
        return found
    }

    /// Files with chunks behind their end.
    func overlong() throws(StoreError) -> [NodeID] {
        try all(
            """
            SELECT DISTINCT n.ino FROM node n JOIN extent e ON e.body = n.body
                WHERE NOT (n.ns = 5 AND n.class = 1) AND (e.idx % ?) * 65536 >= n.size
            """, StoredPatch.firstIndex, read: { $0.id(0) })
    }

    /// Bodies that no file, draft or waste bin knows.
    func strayBodies() throws(StoreError) -> [Int64] {
        try all(
            """
            SELECT DISTINCT body FROM extent WHERE body NOT IN (
                SELECT body FROM node WHERE body IS NOT NULL AND NOT (ns = 5 AND class = 1)
                UNION ALL SELECT body FROM work UNION ALL SELECT base FROM work WHERE base IS NOT NULL
                UNION ALL SELECT body FROM garbage)
            """, read: { $0.int(0) })
    }

    /// Chunks that no body has.
    func strayChunks() throws(StoreError) -> [Int64] {
        try all(
            "SELECT cid FROM chunk c WHERE cid NOT IN (SELECT cid FROM extent) ORDER BY cid", read: { $0.int(0) })
    }

    /// Chunks whose number of owners is wrong.
    func miscounted() throws(StoreError) -> Int64 {
        try first(
            """
            SELECT (SELECT count(*) FROM (SELECT cid, count(*) AS n FROM extent WHERE cid <> 0 GROUP BY cid) e
                LEFT JOIN shared s ON s.cid = e.cid WHERE e.n <> coalesce(s.refs, 1))
                + (SELECT count(*) FROM shared WHERE cid NOT IN (SELECT cid FROM extent))
            """, read: { $0.int(0) }) ?? 0
    }

    // MARK: Streams

    /// A log as its node knows it.
    struct StreamRow {
        var id: NodeID
        var number: Int64?
        var size: Int64
        var name: FileName
    }

    func streams() throws(StoreError) -> [StreamRow] {
        try all("SELECT ino, body, size, name FROM node WHERE ns = 5 AND class = 1 AND kind = 1 AND cookie > 0") {
            row throws(StoreError) in
            StreamRow(
                id: row.id(0), number: row.optionalInt(1), size: row.int(2), name: FileName(unchecked: row.bytes(3)))
        }
    }

    /// The first thing that is wrong with a log, in words.
    func problem(of stream: StreamRow, depthMax: Int) throws(StoreError) -> String? {
        let isJSON = Transaction.holdsJSON(stream.name)
        var position: Int64 = 0
        var sequence: Int64?
        var isOpen = false
        var problem: String?
        if let number = stream.number {
            try each(
                "SELECT id, pos, newline, line FROM event WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
                Self.eventID(number, 0), Self.eventID(number, Self.sequenceMax)
            ) { row throws(StoreError) in
                let event = row.int(0) & Self.sequenceMax
                let line = row.bytes(3)
                problem = Self.problem(of: event, after: sequence, isOpen: isOpen, isInPlace: row.int(1) == position)
                if problem == nil, isJSON, let wrong = JSONScanner.check(line, depthMax: depthMax) {
                    problem = "event \(event) is no JSON: \(wrong)"
                }
                sequence = event
                isOpen = row.int(2) == 0
                position += Int64(line.count) + row.int(2)
                return problem == nil
            }
        }
        // The row may be behind its events, and never before them.
        if problem == nil, position < stream.size {
            problem = "its size is \(stream.size), its events have \(position) bytes"
        }
        return problem
    }

    private static func problem(of event: Int64, after last: Int64?, isOpen: Bool, isInPlace: Bool) -> String? {
        if let last, event != last + 1 { return "event \(last + 1) is gone" }
        if isOpen { return "event \(event - 1) has no newline" }
        return isInPlace ? nil : "event \(event) is not where it belongs"
    }

    /// The numbers of logs that have events and no name.
    func strayStreams() throws(StoreError) -> [Int64] {
        try all(
            """
            SELECT number FROM (SELECT DISTINCT id >> 36 AS number FROM event) e
                WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.ns = 5 AND n.class = 1 AND n.body = e.number)
            """, read: { $0.int(0) })
    }
}
