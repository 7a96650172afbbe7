internal import Persist

/// What others have done: rows that other programs wrote, and what other mounts tell (R9).
extension Transaction {
    /// Rows that are folded in by one transaction: some 0.1 s, after which others may write in between.
    static let foldedAtOnce: Int64 = 1_000

    /// - Returns: whether anything was written, and whether there is more to fold in.
    func foldIn(atOnce most: Int64 = foldedAtOnce) throws(StoreError) -> (isWritten: Bool, isMore: Bool) {
        var isWritten = try meetPeers()
        isWritten = try foldFeed() || isWritten
        let rows = try db.all("SELECT ns, key FROM changed LIMIT ?", most) { row throws(StoreError) in
            (row.int(0), row.bytes(1))
        }
        guard !rows.isEmpty else { return (isWritten, false) }
        try saveTouches()
        for (number, key) in rows {
            if let namespace = Namespace(rawValue: UInt8(truncatingIfNeeded: number)) {
                try foldOrSkip(namespace, key)
            }
            try db.run("DELETE FROM changed WHERE ns = ? AND key = ?", number, Text(key))
        }
        if rows.count == Int(most), try db.exists("SELECT 1 FROM changed LIMIT 1") { return (true, true) }
        try db.run("DELETE FROM gone")
        return (true, false)
    }

    /// A row that cannot be shown must not keep everybody from writing: it stays in its table, and is logged.
    private func foldOrSkip(_ namespace: Namespace, _ key: [UInt8]) throws(StoreError) {
        if case .failure(let error) = try undoing(
            where: \.isOfOneRow, { () throws(StoreError) in try fold(namespace, key) })
        {
            let text = String(decoding: key, as: UTF8.self)
            mount.log("the key \(text) of \(namespace.name), which another program wrote, is not shown: \(error)")
        }
    }

    /// Other mounts came or went. Who comes must see which bodies are in use here.
    private func meetPeers() throws(StoreError) -> Bool {
        let hasPeers = try db.exists("SELECT 1 FROM mount WHERE id <> ? LIMIT 1", mount.id)
        defer { mount.hasPeers = hasPeers }
        guard hasPeers && !mount.hasPeers else { return false }
        mount.hasPeers = true
        try registerDrafts()
        try saveTouches()
        return true
    }

    private func foldFeed() throws(StoreError) -> Bool {
        let (entries, last) = try readFeed(after: mount.feedSeen)
        guard last != mount.feedSeen || !entries.isEmpty else { return false }
        var isWritten = false
        for entry in entries {
            switch entry {
            case .changed(let change): foreign.append(change)
            case .unlinked(let id):
                foreign.append(.attributes(id))
                guard mount.holds.contains(id) else { continue }
                try claim(id, mount.id)
                noteUnlinkedOnCommit(id)
                isWritten = true
            }
        }
        let mount = mount
        onCommit { mount.feedSeen = last }
        return isWritten
    }

    /// Something that another program did, for our observer and for the other mounts.
    private func note(_ change: StoreChange) {
        foreign.append(change)
        tell(.changed(change))
    }

    /// One row that another program wrote, or removed.
    private func fold(_ namespace: Namespace, _ tableKey: [UInt8]) throws(StoreError) {
        let sql: StaticString =
            namespace == .records
            ? "SELECT ino, length(CAST(value AS BLOB)) FROM records WHERE key = ?"
            : "SELECT ino, length(CAST(value AS BLOB)) FROM kv WHERE key = ?"
        let found = try db.first(sql, Text(tableKey)) { row throws(StoreError) in (row.id(0), row.int(1)) }
        if let (rowID, size) = found {
            try foldValue(namespace, tableKey, rowID, size)
        } else {
            try foldRemoval(namespace, tableKey)
        }
    }

    private func foldRemoval(_ namespace: Namespace, _ tableKey: [UInt8]) throws(StoreError) {
        guard let row = try document(namespace, tableKey), row.node.revision != 0 else { return }
        // A writer that has it open must find that its value went away under it (R10).
        try db.run("UPDATE node SET rev = rev + 1 WHERE ino = ?", row.id)
        let value = try db.first(
            "SELECT value FROM gone WHERE ns = ? AND ino = ?", Int64(namespace.rawValue), row.id,
            read: { $0.bytes(0) })
        // Its row may live on under another key (UPDATE ... SET key): then it is not this node's any more.
        try evict(row.id, namespace)
        note(.entry(parent: row.node.parent, name: row.node.name))
        note(.attributes(row.id))
        try detach(try fresh(row.id), value: value ?? [])
        try touch(row.node.parent, now)
        foreign.append(.attributes(row.node.parent))
    }

    /// The document that shows a key.
    private func document(_ namespace: Namespace, _ tableKey: [UInt8]) throws(StoreError) -> NodeRow? {
        let key = KeyText.key(of: tableKey)
        for isPrefix in [false, true] {
            var names = PathNames.path(of: key, in: namespace, isPrefix: isPrefix).names
            let last = names.removeLast()
            var parent = namespace.node
            var isThere = true
            for name in names where isThere {
                if let child = try db.child(name, of: parent) { parent = child.id } else { isThere = false }
            }
            guard isThere, let row = try db.child(last, of: parent), row.isDocument else { continue }
            return row
        }
        return nil
    }

    private func foldValue(
        _ namespace: Namespace, _ tableKey: [UInt8], _ rowID: NodeID, _ size: Int64
    ) throws(StoreError) {
        let row = try document(namespace, tableKey).or { () throws(StoreError) in
            try makeDocument(namespace, KeyText.key(of: tableKey))
        }
        try assign(row.id, to: tableKey, in: namespace, from: rowID)
        try db.run(
            "UPDATE node SET size = ?2, stored = ?2, rev = rev + 1, mtime = ?3, ctime = ?3 WHERE ino = ?1", row.id,
            size, now)
        note(.content(row.id))
    }

    /// Gives the row of a key the number of its node. Another row that has it was made by others too, and gets its
    /// own when its turn comes.
    private func assign(
        _ id: NodeID, to tableKey: [UInt8], in namespace: Namespace, from rowID: NodeID
    ) throws(StoreError) {
        if rowID != id { try evict(id, namespace) }
        let sql: StaticString =
            namespace == .records
            ? "UPDATE records SET ino = ?2, rev = coalesce(rev, 0) + 1 WHERE key = ?1"
            : "UPDATE kv SET ino = ?2, rev = coalesce(rev, 0) + 1 WHERE key = ?1"
        try db.run(sql, Text(tableKey), id)
    }

    /// The row with this number gets another, if there is one: below zero, where neither nodes are nor SQLite puts
    /// new rows, which are counted up from the last one and may have any number that a node will get.
    private func evict(_ id: NodeID, _ namespace: Namespace) throws(StoreError) {
        let sql: StaticString =
            namespace == .records
            ? "UPDATE records SET ino = ?2, rev = coalesce(rev, 0) + 1 WHERE ino = ?1"
            : "UPDATE kv SET ino = ?2, rev = coalesce(rev, 0) + 1 WHERE ino = ?1"
        try db.run(sql, id, -(try newID(.node)))
    }

    /// The node of a new key, with the directories that lead to it.
    private func makeDocument(_ namespace: Namespace, _ key: [UInt8]) throws(StoreError) -> NodeRow {
        var names = PathNames.path(of: key, in: namespace).names
        var last = names.removeLast()
        var parent = namespace.node
        for name in names { parent = try makeDirectory(name, in: parent) }
        var there = try db.child(last, of: parent)
        if let directory = there, directory.isDirectory {
            parent = directory.id
            last = "%self"
            there = try db.child(last, of: parent)
        }
        if let there {
            if there.node.kind == .file {
                // A file that was no document: the value takes its place, under the same node.
                try setPlain(there, [])
                try db.run("UPDATE node SET class = 1, rev = max(rev, 1) WHERE ino = ?", there.id)
                return try fresh(there.id)
            }
            try moveAside(there)
        }
        return try makeNode(.file, last, in: parent)
    }

    func makeDirectory(_ name: FileName, in parent: NodeID) throws(StoreError) -> NodeID {
        guard let there = try db.child(name, of: parent) else { return try makeNode(.directory, name, in: parent).id }
        if there.isDirectory { return there.id }
        // The value of a key that is a prefix now is shown as `%self` in the directory.
        try db.run("UPDATE node SET cookie = -ino WHERE ino = ?", there.id)
        let directory = try makeNode(.directory, name, in: parent).id
        try setName(of: there.id, "%self", in: directory)
        return directory
    }

    /// What stands where a value must be shown, and is no file: it keeps its content, under a name beside it.
    private func moveAside(_ row: NodeRow) throws(StoreError) {
        var name = FileName(unchecked: Array(row.node.name.bytes.prefix(240)) + Array("~".utf8))
        var number = 1
        while try db.child(name, of: row.node.parent) != nil {
            number += 1
            name = FileName(unchecked: Array(row.node.name.bytes.prefix(240)) + Array("~\(number)~".utf8))
        }
        try db.run("UPDATE node SET cookie = -ino WHERE ino = ?", row.id)
        try setName(of: row.id, name, in: row.node.parent)
    }

    private func setName(of id: NodeID, _ name: FileName, in parent: NodeID) throws(StoreError) {
        walk.forget()
        guard let cookie = try db.slot(name, in: parent).free else { throw Self.collision }
        try db.run(
            "UPDATE node SET parent = ?2, cookie = ?3, name = ?4, ctime = ?5 WHERE ino = ?1", id, parent, cookie, name,
            now)
        note(.entry(parent: parent, name: name))
        note(.attributes(id))
    }

    private func makeNode(
        _ kind: Node.Kind, _ name: FileName, in parent: NodeID
    ) throws(StoreError) -> NodeRow {
        let row = try insert(
            Creation(
                id: try newNodeID(), parent: parent, name: name, kind: kind, mode: nil, uid: nil, gid: nil, time: now))
        if kind == .file { try db.run("UPDATE node SET class = 1 WHERE ino = ?", row.id) }
        foreign.append(.entry(parent: parent, name: name))
        foreign.append(.attributes(parent))
        return try fresh(row.id)
    }
}
