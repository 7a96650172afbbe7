internal import Persist

/// The tables, and the rows that every store has.
extension RepairPart {
    func repairSchema() throws(StoreError) {
        for object in try db.missingObjects() {
            try db.execute(object.sql)
            note("", "the \(object.type) \(object.name) is gone", "made again")
        }
        for (id, name) in try db.brokenNamespaces() {
            try restoreNamespace(id, name)
            note("", "the \(id == .root ? "root" : "directory \(name)") of the store is gone", "made again")
        }
        for (sequence, next) in try db.lowCounters() {
            try db.run("INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)", Text(sequence.metaName), next)
            note("", "the counter \(sequence.metaName) is gone, or below \(next)", "counted again")
        }
        if try !db.hasStoreID {
            try db.run("INSERT OR REPLACE INTO meta(name, value) VALUES ('store_id', ?)", Text(Opening.newStoreID()))
            note("", "the store has lost its identifier", "it has a new one")
        }
    }

    private func restoreNamespace(_ id: NodeID, _ name: FileName) throws(StoreError) {
        let cookie = id == .root ? 0 : Cookie.first(of: name)
        // Whatever stands in its place gets another one: it is found as a node without a directory.
        if let there = try db.first(
            "SELECT ino FROM node WHERE parent = 1 AND cookie = ? AND ino <> ?", cookie, id, read: { $0.id(0) })
        {
            try db.run("UPDATE node SET parent = -1 WHERE ino = ?", there)
        }
        let namespace = id == .root ? 0 : Int64(id.rawValue)
        let changed = try db.run(
            """
            UPDATE node SET parent = 1, cookie = ?2, name = ?3, ns = ?4, kind = 2, class = 2, body = NULL, small = NULL
                WHERE ino = ?1
            """, id, cookie, name, namespace)
        if changed == 0 {
            try Schema.insert(id, parent: .root, cookie: cookie, name: name.bytes, namespace: namespace, tx.now, db)
        }
    }

    /// From the tables, which have all that an index may lack.
    func rebuildIndexes() throws(StoreError) {
        // Two names in one place would keep the index from being made: they move apart first.
        try db.execute("DROP INDEX IF EXISTS node_name")
        let doubles = try db.all(
            """
            SELECT ino FROM node WHERE cookie > 0
                AND ino NOT IN (SELECT min(ino) FROM node WHERE cookie > 0 GROUP BY parent, cookie)
            """, read: { $0.id(0) })
        for id in doubles { note(id, "two names stand in one place", "moved to \(try moveToLost(id))") }
        try db.execute("CREATE UNIQUE INDEX node_name ON node(parent, cookie)")
        try db.execute("REINDEX")
        note("", "an index is damaged", "made again from its table")
    }

    // MARK: What mounts have left

    /// The gate is closed and the file is ours: no mount is alive.
    func recoverDead() throws(StoreError) {
        let known = try db.all("SELECT id FROM mount", read: { $0.int(0) })
        for id in known { try tx.recover(id) }
    }

    func recoverForgotten() throws(StoreError) {
        for id in try db.forgottenMounts() {
            try tx.recover(id)
            note("", "a mount that nobody knows has left something", "recovered as after a crash")
        }
    }

    func collectLeftovers() throws(StoreError) {
        _ = try tx.collectLingering(0)
        for id in try db.forgotten() { try nameAgain(id) }
        try db.run("DELETE FROM feed")
        while try tx.collectGarbage(linger: 0) {}
    }

    /// Who removes a file leaves a note for as long as it is open: without that, its name was lost.
    private func nameAgain(_ id: NodeID) throws(StoreError) {
        let row = try tx.fresh(id)
        let problem = "it has no name, and nobody has it open"
        let before = db.shownPath(id)
        guard row.node.size > 0, row.node.kind == .file else {
            try tx.collect(row)
            return note(before, problem, "removed: there was nothing in it")
        }
        // What a document held lies in a plain file since it lost its name.
        if row.node.isDocument { try db.run("UPDATE node SET ns = 4, class = 2 WHERE ino = ?", id) }
        note(before, problem, "moved to \(try moveToLost(id))")
    }
}
