internal import Persist

/// Values and their rows. The tables are every program's: where they and the names disagree, the tables are right.
extension RepairPart {
    func repairDocuments() throws(StoreError) {
        try foldIn()
        for namespace in [Namespace.records, .kv] {
            try rejectBroken(namespace)
            try followKeys(namespace)
            try nameRows(namespace)
            try dropNames(namespace)
            for row in try damaged(namespace) {
                guard case .size(let size, let bytes) = row.kind else { continue }
                try db.run("UPDATE node SET size = ?2, stored = ?2, rev = rev + 1 WHERE ino = ?1", row.id, bytes)
                note(row.id, "its size is \(size), its value has \(bytes) bytes", "its size is \(bytes)")
            }
        }
    }

    private func damaged(_ namespace: Namespace) throws(StoreError) -> [Connection.RowDamage] {
        try db.damagedRows(namespace, depthMax: tx.limits.depthMax)
    }

    /// Rows that other programs wrote.
    func foldIn() throws(StoreError) {
        while try tx.foldIn().isMore {}
    }

    /// No program can have written them: SQLite refuses them too.
    private func rejectBroken(_ namespace: Namespace) throws(StoreError) {
        for row in try damaged(namespace) {
            guard case .broken(let problem) = row.kind else { continue }
            let value = try db.first(
                "SELECT CAST(value AS BLOB) FROM records WHERE ino = ?", row.id, read: { $0.bytes(0) })
            let node = try db.node(row.id).flatMap { $0.isDocument ? $0 : nil }
            let path = try node.map { found throws(StoreError) in try db.path(of: found) }
            let shown = path ?? Array("records/".utf8) + row.key
            try reject(shown, value ?? [], "\(problem)")
            if let node {
                try tx.collect(node)
            } else {
                try db.run("UPDATE records SET rev = -1 WHERE ino = ?", row.id)
                try db.run("DELETE FROM records WHERE ino = ?", row.id)
            }
            note(
                String(decoding: shown, as: UTF8.self), "it is no JSON document: \(problem)",
                "its bytes are in .persist/rejected")
        }
    }

    /// Files go where their rows say; where that place is taken, the row gets the key of its file.
    private func followKeys(_ namespace: Namespace) throws(StoreError) {
        var left: [Connection.RowDamage] = []
        var isMoving = true
        while isMoving {
            isMoving = false
            left = []
            for row in try damaged(namespace) {
                guard case .otherKey = row.kind else { continue }
                let before = db.shownPath(row.id)
                guard try move(row.id, to: KeyText.key(of: row.key), in: namespace) else {
                    left.append(row)
                    continue
                }
                isMoving = true
                note(before, "its row has the key \(row.text)", "moved to \(db.shownPath(row.id))")
            }
        }
        // Each gives its key up before any takes another's.
        for row in left { try tx.rekey(try tx.fresh(row.id), Text([1] + Array("\(row.id.rawValue)".utf8))) }
        for row in left {
            if try isTaken(try tx.tableKey(of: try tx.fresh(row.id)), in: namespace) { try moveToLost(row.id) }
            let node = try tx.fresh(row.id)
            try tx.rekey(node, try tx.tableKey(of: node))
            note(row.id, "its row has the key \(row.text)", "its row has the key of its name")
        }
    }

    private func isTaken(_ key: Text, in namespace: Namespace) throws(StoreError) -> Bool {
        namespace == .records
            ? try db.exists("SELECT 1 FROM records WHERE key = ?", key)
            : try db.exists("SELECT 1 FROM kv WHERE key = ?", key)
    }

    /// - Returns: false where something is in the way.
    private func move(_ id: NodeID, to key: [UInt8], in namespace: Namespace) throws(StoreError) -> Bool {
        var names = PathNames.path(of: key, in: namespace).names
        let last = names.removeLast()
        var parent = namespace.node
        var missing = names[...]
        while let name = missing.first, let there = try db.child(name, of: parent) {
            guard there.isDirectory else { return false }
            parent = there.id
            missing.removeFirst()
        }
        if missing.isEmpty, try db.child(last, of: parent) != nil { return false }
        for name in missing { parent = try makeDirectory(name, in: parent, id: try tx.newNodeID()) }
        let old = try tx.fresh(id).node.parent
        try place(id, last, in: parent)
        try removeIfEmptied(old)
        return true
    }

    /// What a repair had made for those that have found back.
    private func removeIfEmptied(_ directory: NodeID) throws(StoreError) {
        guard directory.rawValue >= NodeID.firstFree, let row = try db.node(directory), try tx.isEmpty(directory),
            row.node.name.bytes.starts(with: "#".utf8) || row.node.name.bytes.starts(with: "lost+found".utf8)
        else { return }
        try tx.collect(row)
        try removeIfEmptied(row.node.parent)
    }

    /// Rows that no name leads to are folded in, as if another program had just written them.
    private func nameRows(_ namespace: Namespace) throws(StoreError) {
        let rows = try damaged(namespace).filter { if case .noNode = $0.kind { true } else { false } }
        guard !rows.isEmpty else { return }
        for row in rows {
            try clear(PathNames.path(of: KeyText.key(of: row.key), in: namespace).names, of: namespace)
            try db.run(
                "INSERT OR IGNORE INTO changed(ns, key) VALUES (?, ?)", Int64(namespace.rawValue), Text(row.key))
        }
        try foldIn()
        let still = Set(
            try damaged(namespace).compactMap { row -> [UInt8]? in
                if case .noNode = row.kind { row.key } else { nil }
            })
        for row in rows where !still.contains(row.key) {
            note("", "the row of \(row.text) in \(namespace.name) has no name", "it has one")
        }
    }

    /// A plain file that stands where the value is to be shown keeps its content.
    private func clear(_ names: [FileName], of namespace: Namespace) throws(StoreError) {
        var there: NodeRow?
        for name in names {
            let parent = there?.id ?? namespace.node
            guard let child = try db.child(name, of: parent) else { return }
            there = child
        }
        guard let there, there.node.kind == .file, !there.isDocument, there.node.size > 0 else { return }
        note(there.id, "it stands where a value belongs", "moved to \(try moveToLost(there.id))")
    }

    /// What is not in the table is no value: its name goes, and is remembered.
    private func dropNames(_ namespace: Namespace) throws(StoreError) {
        for id in try db.withoutRow(namespace) {
            let row = try tx.fresh(id)
            let path = try db.path(of: row)
            let words = "its row was gone from \(namespace.name), and with it its \(row.node.size) bytes"
            try reject(path, Array("\(words)\n".utf8), words)
            try tx.detach(row)
            try tx.touch(row.node.parent, tx.now)
            note(
                String(decoding: path, as: UTF8.self), "its value is gone",
                "its name was removed; .persist/rejected remembers it")
        }
    }
}

extension Connection.RowDamage {
    var text: String { String(decoding: key, as: UTF8.self) }
}
