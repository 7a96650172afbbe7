internal import Persist

/// Names that go away, and the nodes behind them.
extension Transaction {
    func unlink(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        let row = try db.lookup(name, in: parent)
        guard !row.isDirectory else { throw StoreError(.isDirectory) }
        try refuseToLoseEvents(row)
        try detach(row)
        try touch(parent, now)
        return row.unlinked(at: now)
    }

    func removeDirectory(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        let row = try db.lookup(name, in: parent)
        guard row.isDirectory else { throw StoreError(.notDirectory) }
        guard !row.isNamespace else { throw StoreError(.busy, hint: "the four directories of a store stay") }
        guard try isEmpty(row.id) else { throw StoreError(.notEmpty) }
        try detach(row)
        try touch(parent, now)
        return row.unlinked(at: now)
    }

    /// Larger files that are open and lose their name are not brought for that: what of them is missing then is gone.
    static let heldBytesMax: UInt64 = 64 << 20

    func isEmpty(_ directory: NodeID) throws(StoreError) -> Bool {
        try !db.exists("SELECT 1 FROM node WHERE parent = ? AND cookie >= 0 LIMIT 1", directory)
    }

    /// R8: events go away only where the mount says so.
    func refuseToLoseEvents(_ row: NodeRow) throws(StoreError) {
        guard row.isStream, row.node.size > 0, !limits.removesEvents else { return }
        throw StoreError(.notPermitted, hint: "a log with events only grows (-o events=rw allows it)")
    }

    /// Takes the name away. The node stays where it is open, or may be: here, or in another mount.
    /// - Parameter value: of a document that another program has deleted: its row is gone.
    func detach(_ row: NodeRow, value: [UInt8]? = nil) throws(StoreError) {
        walk.forget()
        let isHeld = mount.holds.contains(row.id)
        // Who has it open reads on; the far side will not have it any more.
        if isHeld, !isFromFar, row.node.size <= Self.heldBytesMax { try db.requireHere(row) }
        if isHeld || mount.hasPeers {
            if let value {
                try setPlain(row, value)
            } else if row.isDocument {
                if isFromFar, let away = try db.away(row.id) {
                    try withdrawAway(row, away)
                } else {
                    try withdrawDocument(row)
                }
            }
            try db.run("UPDATE node SET cookie = -ino, ctime = ?2 WHERE ino = ?1", row.id, now)
            if isHeld {
                try claim(row.id, mount.id)
                noteUnlinkedOnCommit(row.id)
                if !isFromFar { onCommit { [mount] in mount.holds.noteRemoved(row.id) } }
            }
            if mount.hasPeers {
                // Mount 0 has no process: the row gives the others time to say that they have it open.
                try claim(row.id, 0)
                mount.housekeepingIsDue()
            }
            tell(.unlinked(row.id))
        } else {
            try collect(row)
        }
        journal(row.id, .removed)
        db.cache?.forget(row.id)
        db.cache?.removed(row.node.name, in: row.node.parent)
        tellEntry(row.node.parent, row.node.name)
    }

    /// The node is open in this mount, though it has no name.
    func claim(_ id: NodeID, _ mountID: Int64) throws(StoreError) {
        try db.run("INSERT OR REPLACE INTO unlinked(ino, mount, since) VALUES (?, ?, ?)", id, mountID, now)
    }

    func noteUnlinkedOnCommit(_ id: NodeID) {
        let mount = mount
        onCommit { if !mount.holds.noteUnlinked(id) { mount.orphaned(id) } }
    }

    /// A node that no mount has open any more.
    func collectUnlinked(_ id: NodeID) throws(StoreError) {
        guard let row = try db.node(id), row.node.isUnlinked else { return }
        guard try !db.exists("SELECT 1 FROM unlinked WHERE ino = ?", id) else { return }
        try collect(row)
    }

    /// The node and all that it has.
    func collect(_ row: NodeRow) throws(StoreError) {
        if row.isDocument {
            try deleteDocument(row)
        } else if row.isStream {
            if let stream = row.body { try removeEvents(stream) }
        } else if let body = row.body {
            try abandon(body)
        }
        try db.run("DELETE FROM node WHERE ino = ?", row.id)
        if mount.outbox != nil { try db.run("DELETE FROM away WHERE ino = ?", row.id) }
    }
}
