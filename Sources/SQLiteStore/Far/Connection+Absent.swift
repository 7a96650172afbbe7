internal import Persist

/// What of a file is here, and what only the far side has.
extension Connection {
    /// Whether all of a file's content is here.
    func isHere(_ row: NodeRow) throws(StoreError) -> Bool {
        guard absentContent != nil, row.node.kind == .file, !row.isStream, row.node.size > 0 else { return true }
        if row.isDocument {
            guard row.node.revision != 0 else { return true }
            return row.node.namespace == .records
                ? try exists("SELECT 1 FROM records WHERE ino = ?", row.id)
                : try exists("SELECT 1 FROM kv WHERE ino = ?", row.id)
        }
        guard let body = row.body else { return true }
        return try hollowNode(of: body) == nil
    }

    /// - Throws: `.absent` where not all of it is here.
    func requireHere(_ row: NodeRow) throws(StoreError) {
        guard let absentContent, try !isHere(row) else { return }
        throw StoreError(absent: absentContent(AbsentContent(node: row.id, range: 0..<row.node.size)))
    }

    /// No chunk has a row there: that is a hole, or (`.absent`) not here.
    func requireHoles(_ body: Int64, _ range: Range<UInt64>) throws(StoreError) {
        guard let absentContent, let node = try hollowNode(of: body) else { return }
        throw StoreError(absent: absentContent(AbsentContent(node: node, range: range)))
    }

    /// Whose body it is, where parts of it are not here.
    func hollowNode(of body: Int64) throws(StoreError) -> NodeID? {
        try first("SELECT ino FROM hollow WHERE body = ?", body, read: { $0.id(0) })
    }
}
