internal import Persist

/// What can be wrong with names and the rows that belong to them: the checker reports it, the repairer mends it.
extension Connection {
    /// Nodes with a name whose directory is not there, or is no directory; and those directories.
    func lost() throws(StoreError) -> [(id: NodeID, parent: NodeID)] {
        try all(
            """
            SELECT n.ino, n.parent FROM node n WHERE n.ino > 5 AND n.cookie > 0
                AND NOT EXISTS (SELECT 1 FROM node p WHERE p.ino = n.parent AND p.kind = 2 AND p.cookie >= 0)
            """
        ) { row throws(StoreError) in (row.id(0), row.id(1)) }
    }

    /// Nodes with a name that no way from the root leads to.
    func unreachable() throws(StoreError) -> [NodeID] {
        try all(
            """
            WITH RECURSIVE tree(ino) AS (SELECT 1 UNION
                SELECT n.ino FROM node n JOIN tree t ON n.parent = t.ino WHERE n.cookie > 0)
            SELECT ino FROM node WHERE cookie > 0 AND ino NOT IN (SELECT ino FROM tree)
            """, read: { $0.id(0) })
    }

    /// Nodes without a name that nobody has open.
    func forgotten() throws(StoreError) -> [NodeID] {
        try all(
            "SELECT ino FROM node n WHERE cookie < 0 AND NOT EXISTS (SELECT 1 FROM unlinked u WHERE u.ino = n.ino)",
            read: { $0.id(0) })
    }

    /// Nodes that lie in another of the four directories than they belong to.
    func strayed() throws(StoreError) -> [NodeID] {
        try all(
            """
            SELECT n.ino FROM node n JOIN node p ON p.ino = n.parent
                WHERE n.ino > 5 AND n.cookie > 0 AND p.ino > 1 AND n.ns <> p.ns
            """, read: { $0.id(0) })
    }

    enum NameDamage: String {
        case misplaced = "its name cannot be found by a lookup"
        case illegal = "its name is none that a file can have"
        case taken = "another file of its directory has the same name"
    }

    /// Nodes whose name does not lead to them.
    func misnamed() throws(StoreError) -> [(id: NodeID, damage: NameDamage)] {
        var found: [(NodeID, NameDamage)] = []
        // Names that are alike lie within one window of a directory: those of the last few rows are enough.
        var near: [(parent: NodeID, cookie: Int64, name: FileName)] = []
        try each(
            "SELECT ino, parent, cookie, name FROM node WHERE cookie > 0 AND ino > 5 ORDER BY parent, cookie"
        ) { row throws(StoreError) in
            let (id, parent, cookie) = (row.id(0), row.id(1), row.int(2))
            let name = FileName(unchecked: row.bytes(3))
            let start = Cookie.first(of: name)
            near.removeAll { $0.parent != parent || $0.cookie + Cookie.window <= cookie }
            if (try? FileName(name.bytes)) == nil {
                found.append((id, .illegal))
            } else if near.contains(where: { $0.name == name }) {
                found.append((id, .taken))
            } else if !(start..<(start + Cookie.window)).contains(cookie) {
                found.append((id, .misplaced))
            } else {
                near.append((parent, cookie, name))
            }
            return true
        }
        return found
    }

    // MARK: Documents

    /// Documents with a value whose row is gone, and nobody has said so.
    func withoutRow(_ namespace: Namespace) throws(StoreError) -> [NodeID] {
        let sql: StaticString =
            namespace == .records
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
        let missing = try all(sql, read: { $0.id(0) })
        guard !missing.isEmpty, try exists("SELECT 1 FROM sqlite_schema WHERE name = 'away'") else { return missing }
        // Of a cache: the far side has it.
        var gone: [NodeID] = []
        for id in missing where try !exists("SELECT 1 FROM away WHERE ino = ?", id) {
            gone.append(id)
        }
        return gone
    }

    /// A row of `records` or `kv` that does not fit the file which shows it.
    struct RowDamage {
        enum Kind {
            case noNode, otherKey
            case size(Int64, Int64)
            /// SQLite's own check refuses it too: it cannot have been written so.
            case broken(JSONProblem)
            /// SQLite takes it: another program may have written it, and read it.
            case foreign(JSONProblem)
        }
        var id: NodeID
        var key: [UInt8]
        var kind: Kind
    }

    func damagedRows(_ namespace: Namespace, depthMax: Int) throws(StoreError) -> [RowDamage] {
        let sql: StaticString =
            namespace == .records
            ? """
            SELECT r.ino, r.key, CAST(r.value AS BLOB), n.size, json_valid(r.value) FROM records r
                LEFT JOIN node n ON n.ino = r.ino AND n.ns = 2 AND n.class = 1 AND n.kind = 1 AND n.cookie > 0
                WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.ns = 2 AND c.key = r.key)
            """
            : """
            SELECT r.ino, r.key, CAST(r.value AS BLOB), n.size FROM kv r
                LEFT JOIN node n ON n.ino = r.ino AND n.ns = 3 AND n.class = 1 AND n.kind = 1 AND n.cookie > 0
                WHERE NOT EXISTS (SELECT 1 FROM changed c WHERE c.ns = 3 AND c.key = r.key)
            """
        var found: [RowDamage] = []
        try each(sql) { row throws(StoreError) in
            let (id, key) = (row.id(0), row.bytes(1))
            let value = row.bytes(2)
            func report(_ kind: RowDamage.Kind) { found.append(RowDamage(id: id, key: key, kind: kind)) }
            if namespace == .records, let problem = JSONScanner.check(value, depthMax: depthMax) {
                report(row.int(4) == 0 ? .broken(problem) : .foreign(problem))
            }
            if row.isNull(3) {
                report(.noNode)
                return true
            }
            if row.int(3) != Int64(value.count) { report(.size(row.int(3), Int64(value.count))) }
            if let expected = try shownKey(of: id, in: namespace), expected != key { report(.otherKey) }
            return true
        }
        return found
    }

    /// The key that the path of a document stands for, as its table has it; nil where the path is no key's, or leads
    /// nowhere.
    private func shownKey(of id: NodeID, in namespace: Namespace) throws(StoreError) -> [UInt8]? {
        do throws(StoreError) {
            return PathNames.key(of: try names(of: id), in: namespace).map { KeyText.text(of: $0) }
        } catch {
            guard error.kind == .notFound || error.code == nil else { throw error }
            return nil
        }
    }
}
