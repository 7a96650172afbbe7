internal import Persist

extension Transaction {
    /// A file that the far side has, and whose content is fetched when somebody reads it.
    ///
    /// - Parameter there: what has its name now.
    func putAbsent(
        _ change: FarChange, size: UInt64, isValue: Bool, _ there: NodeRow?, _ name: FileName, in parent: NodeID
    ) throws(StoreError) -> NodeRow {
        guard let key = change.key else { throw StoreError(.invalid, hint: "a value without a key") }
        let mtime = change.mtime ?? now
        var row: NodeRow
        if let there, there.node.kind == .file {
            guard !there.isStream else { throw StoreError(.exists, hint: "a log is in the way") }
            row = there
        } else {
            if let there { try detach(there) }
            row = try insert(
                Creation(
                    id: try newNodeID(), parent: parent, name: name, kind: .file, mode: nil, uid: nil, gid: nil,
                    time: mtime, isValue: isValue))
        }
        row.node.size = size
        try makeAway(
            row,
            AwayContent(
                node: row.id, path: try path(of: row, by: change), key: key, sum: change.sum, revision: change.revision)
        )
        try db.run(
            """
            UPDATE node SET size = ?2, stored = ?2, rev = rev + 1, mtime = ?3, ctime = max(ctime, ?3) WHERE ino = ?1
            """, row.id, Int64(size), mtime)
        try forgetRejected(row)
        tellContent(row.id)
        return try fresh(row.id)
    }

    /// What the far side has of a file, which is not here, is another value now; its name and attributes stay.
    func awayChanged(
        _ row: NodeRow, _ size: UInt64, _ change: FarChange, _ away: AwayContent
    ) throws(StoreError) {
        var row = row
        row.node.size = size
        try makeAway(
            row,
            AwayContent(node: row.id, path: away.path, key: away.key, sum: change.sum, revision: change.revision))
        try db.run("UPDATE node SET size = ?2, stored = ?2, rev = rev + 1 WHERE ino = ?1", row.id, Int64(size))
        tellContent(row.id)
    }
}
