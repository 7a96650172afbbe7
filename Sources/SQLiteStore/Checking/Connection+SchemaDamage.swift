internal import CSQLite
internal import Persist

/// What can be wrong with the tables themselves, and with the few rows that every store has.
extension Connection {
    /// A table, index or trigger of ours.
    struct SchemaObject {
        var type: String
        var name: String
        var sql: String
    }

    /// Those of ours that are gone, in the order in which they can be made.
    func missingObjects() throws(StoreError) -> [SchemaObject] {
        let model = try Connection(
            path: ":memory:", flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
            patience: Patience(PatientWaiting(), milliseconds: 0))
        defer { model.close() }
        try model.execute(Schema.tables)
        let objects = try model.all(
            "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        ) { row throws(StoreError) in SchemaObject(type: row.string(0), name: row.string(1), sql: row.string(2)) }
        let there = Set(
            try all("SELECT type || ' ' || name FROM sqlite_schema") { row throws(StoreError) in row.string(0) })
        return objects.filter { !there.contains("\($0.type) \($0.name)") }
    }

    /// The root and the four directories, where one of them is not what it has to be.
    func brokenNamespaces() throws(StoreError) -> [(id: NodeID, name: FileName)] {
        var found: [(NodeID, FileName)] = []
        for (id, name) in [(NodeID.root, "/" as FileName)] + Namespace.allCases.map({ ($0.node, $0.name) }) {
            let cookie = id == .root ? 0 : Cookie.first(of: name)
            let isThere = try exists(
                "SELECT 1 FROM node WHERE ino = ? AND parent = 1 AND cookie = ? AND name = ? AND kind = 2 AND ns = ?",
                id, cookie, name, id == .root ? 0 : Int64(id.rawValue))
            if !isThere { found.append((id, name)) }
        }
        return found
    }

    /// Numbers that are given out only once, and would be given out again: the counter, and what it must be.
    func lowCounters() throws(StoreError) -> [(sequence: IDSequence, next: Int64)] {
        var found: [(IDSequence, Int64)] = []
        for sequence in IDSequence.allCases {
            let used = try first(Self.highest(sequence), read: { $0.int(0) }) ?? 0
            let next = try first(
                "SELECT value FROM meta WHERE name = ? AND typeof(value) = 'integer'", Text(sequence.metaName),
                read: { $0.int(0) })
            let floor = sequence == .node ? Int64(NodeID.firstFree) : 1
            if next ?? 0 < max(used + 1, floor) { found.append((sequence, max(used + 1, floor))) }
        }
        return found
    }

    private static func highest(_ sequence: IDSequence) -> StaticString {
        switch sequence {
        // Rows that wait for their node have its number below zero.
        case .node:
            """
            SELECT max((SELECT coalesce(max(ino), 0) FROM node), (SELECT coalesce(-min(ino), 0) FROM records),
                (SELECT coalesce(-min(ino), 0) FROM kv), (SELECT coalesce(max(ino), 0) FROM unlinked))
            """
        case .body:
            """
            SELECT max((SELECT coalesce(max(body), 0) FROM node WHERE NOT (ns = 5 AND class = 1)),
                (SELECT coalesce(max(body), 0) FROM extent), (SELECT coalesce(max(body), 0) FROM garbage),
                (SELECT coalesce(max(body), 0) FROM work))
            """
        case .chunk: "SELECT max(coalesce(max(cid), 0), -coalesce(min(cid), 0)) FROM chunk"
        case .mount: "SELECT max((SELECT coalesce(max(id), 0) FROM mount), (SELECT coalesce(max(mount), 0) FROM work))"
        case .stream:
            """
            SELECT max((SELECT coalesce(max(body), 0) FROM node WHERE ns = 5 AND class = 1),
                (SELECT coalesce(max(id) >> 36, 0) FROM event))
            """
        }
    }

    var hasStoreID: Bool {
        get throws(StoreError) { try exists("SELECT 1 FROM meta WHERE name = 'store_id' AND typeof(value) = 'text'") }
    }

    /// Mounts that left something, and are not known any more: nobody recovers it.
    func forgottenMounts() throws(StoreError) -> [Int64] {
        try all(
            """
            SELECT mount FROM (SELECT mount FROM work UNION SELECT mount FROM tail UNION SELECT mount FROM unlinked)
                WHERE mount <> 0 AND mount NOT IN (SELECT id FROM mount)
            """, read: { $0.int(0) })
    }
}
