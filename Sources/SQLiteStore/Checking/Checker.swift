internal import Persist

/// Looks at everything in a store, in one read transaction: SQLite's own structure, and what our tables promise.
struct Checker {
    let db: Connection
    let limits: StoreLimits
    private(set) var findings: [CheckFinding] = []

    init(_ db: Connection, limits: StoreLimits) {
        self.db = db
        self.limits = limits
    }

    mutating func run() throws(StoreError) {
        try look { check throws(StoreError) in
            for line in try check.db.all("PRAGMA integrity_check(20)", read: { $0.string(0) }) where line != "ok" {
                check.report("SQLite: \(line)")
            }
        }
        try look { check throws(StoreError) in try check.checkTree() }
        try look { check throws(StoreError) in try check.checkDocuments() }
        try look { check throws(StoreError) in try check.checkBodies() }
        try look { check throws(StoreError) in try check.checkStreams() }
    }

    /// A part that cannot be read to its end is a finding: the others may be.
    private mutating func look(_ part: (inout Checker) throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try part(&self) } catch {
            guard error.kind == .corrupt else { throw error }
            report("\(error)")
        }
    }

    mutating func report(_ problem: String, _ id: NodeID? = nil) {
        var path = ""
        if let id {
            // What is wrong may be the way to it.
            if let row = try? db.node(id), let found = try? db.path(of: row) {
                path = String(decoding: found, as: UTF8.self)
            } else {
                path = "\(id)"
            }
        }
        findings.append(CheckFinding(path: path, problem: problem))
    }

    private mutating func report(_ problem: String, all ids: [NodeID]) {
        for id in ids { report(problem, id) }
    }

    // MARK: Names

    private mutating func checkTree() throws(StoreError) {
        report(
            "its directory is gone",
            all: try db.all(
                """
                SELECT n.ino FROM node n WHERE n.ino <> 1 AND n.cookie > 0
                    AND NOT EXISTS (SELECT 1 FROM node p WHERE p.ino = n.parent AND p.kind = 2)
                """, read: { $0.id(0) }))
        report(
            "no way from the root leads to it",
            all: try db.all(
                """
                WITH RECURSIVE tree(ino) AS (SELECT 1 UNION
                    SELECT n.ino FROM node n JOIN tree t ON n.parent = t.ino WHERE n.cookie > 0)
                SELECT ino FROM node WHERE cookie > 0 AND ino NOT IN (SELECT ino FROM tree)
                """, read: { $0.id(0) }))
        report(
            "it has no name, and nobody has it open",
            all: try db.all(
                "SELECT ino FROM node n WHERE cookie < 0 AND NOT EXISTS (SELECT 1 FROM unlinked u WHERE u.ino = n.ino)",
                read: { $0.id(0) }))
        var misplaced: [NodeID] = []
        try db.each("SELECT ino, cookie, name FROM node WHERE cookie > 0") { row throws(StoreError) in
            let start = Cookie.first(of: FileName(unchecked: row.bytes(2)))
            if !(start..<(start + Cookie.window)).contains(row.int(1)) { misplaced.append(row.id(0)) }
            return true
        }
        report("its name cannot be found by a lookup", all: misplaced)
    }

    // MARK: Documents

    private mutating func checkDocuments() throws(StoreError) {
        for namespace in [Namespace.records, .kv] {
            let isRecords = namespace == .records
            let missing: StaticString =
                isRecords
                ? """
                SELECT ino FROM node n WHERE ns = 2 AND class = 1 AND kind = 1 AND rev > 0 AND cookie > 0
                    AND NOT EXISTS (SELECT 1 FROM records r WHERE r.ino = n.ino)
                    AND NOT EXISTS (SELECT 1 FROM changed WHERE ns = 2)
                """
                : """
                SELECT ino FROM node n WHERE ns = 3 AND class = 1 AND kind = 1 AND rev > 0 AND cookie > 0
                    AND NOT EXISTS (SELECT 1 FROM kv r WHERE r.ino = n.ino)
                    AND NOT EXISTS (SELECT 1 FROM changed WHERE ns = 3)
                """
            report("its value is gone", all: try db.all(missing, read: { $0.id(0) }))
            try checkRows(namespace)
        }
    }

    private mutating func checkRows(_ namespace: Namespace) throws(StoreError) {
        let rows: StaticString =
            namespace == .records
            ? """
            SELECT r.ino, r.key, CAST(r.value AS BLOB), n.size, n.cookie FROM records r LEFT JOIN node n ON n.ino = r.ino
                WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.ns = 2 AND c.key = r.key)
            """
            : """
            SELECT r.ino, r.key, CAST(r.value AS BLOB), n.size, n.cookie FROM kv r LEFT JOIN node n ON n.ino = r.ino
                WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.ns = 3 AND c.key = r.key)
            """
        var found: [(NodeID, String)] = []
        try db.each(rows) { row throws(StoreError) in
            let (id, key) = (row.id(0), row.bytes(1))
            let value = row.bytes(2)
            if row.isNull(3) {
                found.append((id, "the row of \(row.string(1)) in \(namespace.name) has no name"))
            } else if row.int(3) != value.count {
                found.append((id, "its size is \(row.int(3)), its value has \(value.count) bytes"))
            } else if row.int(4) > 0 {
                let names = try db.names(of: id)
                let expected = PathNames.key(of: names, in: namespace)
                if let expected, KeyText.text(of: expected) != key {
                    found.append((id, "its row has the key \(row.string(1))"))
                }
            }
            if namespace == .records, let problem = JSONScanner.check(value, depthMax: limits.depthMax) {
                found.append((id, "it is no JSON document: \(problem)"))
            }
            return true
        }
        for (id, problem) in found { report(problem, id) }
    }

    // MARK: Bodies

    private mutating func checkBodies() throws(StoreError) {
        report(
            "a chunk of it is gone",
            all: try db.all(
                """
                SELECT DISTINCT n.ino FROM node n JOIN extent e ON e.body = n.body
                    WHERE NOT (n.ns = 5 AND n.class = 1) AND NOT EXISTS (SELECT 1 FROM chunk c WHERE c.cid = e.cid)
                """, read: { $0.id(0) }))
        report(
            "it has chunks behind its end",
            all: try db.all(
                """
                SELECT DISTINCT n.ino FROM node n JOIN extent e ON e.body = n.body
                    WHERE NOT (n.ns = 5 AND n.class = 1) AND e.idx * 65536 >= n.size
                """, read: { $0.id(0) }))
        try count(
            """
            SELECT count(DISTINCT body) FROM extent WHERE body NOT IN (
                SELECT body FROM node WHERE body IS NOT NULL AND NOT (ns = 5 AND class = 1)
                UNION ALL SELECT body FROM work UNION ALL SELECT base FROM work WHERE base IS NOT NULL
                UNION ALL SELECT body FROM garbage)
            """, "bodies belong to nothing")
        try count(
            "SELECT count(*) FROM chunk c WHERE NOT EXISTS (SELECT 1 FROM extent e WHERE e.cid = c.cid)",
            "chunks belong to nothing")
        try count(
            """
            SELECT count(*) FROM (SELECT cid, count(*) AS n FROM extent WHERE cid <> 0 GROUP BY cid) e
                LEFT JOIN shared s ON s.cid = e.cid WHERE e.n <> coalesce(s.refs, 1)
            """, "chunks have a wrong number of owners")
    }

    private mutating func count(_ sql: StaticString, _ problem: String) throws(StoreError) {
        let count = try db.first(sql, read: { $0.int(0) }) ?? 0
        if count > 0 { report("\(count) \(problem)") }
    }

    // MARK: Streams

    private mutating func checkStreams() throws(StoreError) {
        let streams = try db.all("SELECT ino, body, size, name FROM node WHERE ns = 5 AND class = 1 AND kind = 1") {
            row throws(StoreError) in
            (id: row.id(0), number: row.optionalInt(1), size: row.int(2), name: FileName(unchecked: row.bytes(3)))
        }
        for stream in streams {
            let isJSON = Transaction.holdsJSON(stream.name)
            var position: Int64 = 0
            var sequence: Int64?
            var isOpen = false
            var problem: String?
            if let number = stream.number {
                try db.each(
                    "SELECT id, pos, newline, line FROM event WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
                    Connection.eventID(number, 0), Connection.eventID(number, Connection.sequenceMax)
                ) { row throws(StoreError) in
                    let event = row.int(0) & Connection.sequenceMax
                    let line = row.bytes(3)
                    problem = Self.problem(
                        of: event, after: sequence, isOpen: isOpen, isInPlace: row.int(1) == position)
                    if problem == nil, isJSON, let wrong = JSONScanner.check(line, depthMax: limits.depthMax) {
                        problem = "event \(event) is no JSON: \(wrong)"
                    }
                    sequence = event
                    isOpen = row.int(2) == 0
                    position += Int64(line.count) + row.int(2)
                    return problem == nil
                }
            }
            if problem == nil, position != stream.size {
                problem = "its size is \(stream.size), its events have \(position) bytes"
            }
            if let problem { report(problem, stream.id) }
        }
        try count(
            """
            SELECT count(*) FROM (SELECT DISTINCT id >> 36 AS number FROM event) e
                WHERE NOT EXISTS (SELECT 1 FROM node n WHERE n.ns = 5 AND n.class = 1 AND n.body = e.number)
            """, "logs without a name have events")
    }

    private static func problem(of event: Int64, after last: Int64?, isOpen: Bool, isInPlace: Bool) -> String? {
        if let last, event != last + 1 { return "event \(last + 1) is gone" }
        if isOpen { return "event \(event - 1) has no newline" }
        return isInPlace ? nil : "event \(event) is not where it belongs"
    }
}
