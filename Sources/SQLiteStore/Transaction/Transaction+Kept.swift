internal import Persist

/// Versions that are under no name: rejected ones, and the local side of conflicts.
extension Transaction {
    func keepRejected(_ path: [UInt8], bytes: [UInt8], error: String) throws(StoreError) {
        try keep(.rejected, path, bytes, error)
    }

    func keep(_ area: KeptArea, _ path: [UInt8], _ bytes: [UInt8], _ error: String) throws(StoreError) {
        mount.mayHoldRejected = true
        try db.run(
            "INSERT OR REPLACE INTO kept(area, path, time, error, bytes) VALUES (?, ?, ?, ?, ?)",
            Int64(area.rawValue), path, now, Text(error), bytes)
    }

    /// - Returns: the path below `.persist/conflicts`.
    func keepConflict(_ bytes: [UInt8], of row: NodeRow, _ error: String) throws(StoreError) -> [UInt8] {
        let path = try db.path(of: row)
        func name(_ number: Int) -> [UInt8] {
            ConflictName(
                path: path, host: Array(mount.host.utf8), stamp: Array(CompactTime.text(of: now).utf8), number: number
            ).bytes
        }
        var number = 1
        while try db.exists("SELECT 1 FROM kept WHERE area = 2 AND path = ?", name(number)) { number += 1 }
        let kept = name(number)
        try keep(.conflicts, kept, bytes, error)
        onCommit { [mount] in mount.conflictKept?(kept) }
        return kept
    }

    /// A file that is too long to be kept, as a value of one row, gets another name beside its own, which what the far side has takes.
    ///
    /// - Returns: its path.
    func yieldName(_ row: NodeRow, to theirs: FarChange) throws(StoreError) -> [UInt8] {
        let name = try freeName(beside: row)
        // What the far side has under the old path is not its any more, and is not to be deleted for it.
        try db.run("DELETE FROM far WHERE path = ?", theirs.path)
        _ = try rename(
            Rename(parent: row.node.parent, name: row.node.name, newParent: row.node.parent, newName: name))
        journalled[row.id, default: []].formUnion([.name, .content])
        _ = try apply(theirs, asked: nil)
        return try db.path(of: try fresh(row.id))
    }

    /// A name in the same directory that says whose file it is, and of when.
    func freeName(beside row: NodeRow) throws(StoreError) -> FileName {
        var number = 1
        var name: FileName
        repeat {
            let end = ConflictName(
                path: [], host: Array(mount.host.utf8), stamp: Array(CompactTime.text(of: now).utf8), number: number
            ).bytes
            name = FileName(unchecked: row.node.name.bytes.prefix(255 - end.count) + end)
            number += 1
        } while try db.child(name, of: row.node.parent) != nil
        return name
    }

    func removeKept(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) {
        let removed = try db.run("DELETE FROM kept WHERE area = ? AND path = ?", Int64(area.rawValue), path)
        guard removed > 0 else { throw StoreError(.notFound) }
    }
}
