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

    func removeKept(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) {
        let removed = try db.run("DELETE FROM kept WHERE area = ? AND path = ?", Int64(area.rawValue), path)
        guard removed > 0 else { throw StoreError(.notFound) }
    }
}
