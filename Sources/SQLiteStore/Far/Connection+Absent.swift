internal import Persist

/// What of a file is here, and what only the far side has.
extension Connection {
    /// Whether all of a file's content is here.
    func isHere(_ row: NodeRow) throws(StoreError) -> Bool {
        guard absentContent != nil, row.node.kind == .file, !row.isStream, row.node.size > 0 else { return true }
        return try !exists("SELECT 1 FROM away WHERE ino = ?", row.id)
    }

    /// - Throws: `.absent` where not all of it is here.
    func requireHere(_ row: NodeRow) throws(StoreError) {
        guard let absentContent, try !isHere(row) else { return }
        throw StoreError(absent: absentContent(AbsentContent(node: row.id, range: 0..<row.node.size)))
    }

    /// No chunk has a row there: that is a hole, or (`.absent`) not here.
    func requireHoles(_ body: Int64, _ range: Range<UInt64>) throws(StoreError) {
        guard let absentContent else { return }
        let node = try first("SELECT ino FROM away WHERE body = ?", body, read: { $0.id(0) })
        if let node { throw StoreError(absent: absentContent(AbsentContent(node: node, range: range))) }
    }

    func away(_ id: NodeID) throws(StoreError) -> AwayContent? {
        try first("SELECT ino, path, key, sum, revision FROM away WHERE ino = ?", id, read: { $0.awayContent })
    }
}

extension Row {
    /// Of `SELECT ino, path, key, sum, revision`.
    var awayContent: AwayContent {
        AwayContent(
            node: id(0), path: bytes(1), key: bytes(2), sum: optionalBytes(3),
            revision: optionalBytes(4).map(Revision.init))
    }
}
