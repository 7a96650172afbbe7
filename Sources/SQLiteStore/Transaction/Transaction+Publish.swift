internal import Persist

/// A working copy becomes a value: whole, or not at all (R1).
extension Transaction {
    func publish(_ publication: Publication) throws(StoreError) -> Published {
        if let node = try publishNew(publication) { return Published(node: node) }
        try saveOutbox()
        return try publish(publication, of: mount.id, recovering: nil)
    }

    /// - Parameter recovering: a draft of a dead mount, which is not in memory here.
    func publish(
        _ publication: Publication, of mountID: Int64, recovering: DraftState?
    ) throws(StoreError) -> Published {
        let row = try target(of: publication)
        guard !row.isDirectory else { throw StoreError(.isDirectory) }
        guard row.node.kind == .file, !row.isStream else { throw StoreError(.invalid) }

        var state: DraftState?
        if case .draft(let content) = publication.content {
            state = try recovering.or { () throws(StoreError) in try apply(content, to: try draft(content.draft)) }
        }
        if row.node.isUnlinked || row.node.isDocument {
            let published = try publishBytes(try bytes(of: publication, state), to: row, publication)
            if let state { try drop(state, of: mountID) }
            try dropSuperfluous(publication, than: state)
            return published
        }
        if let state {
            try requireSize(state.size, of: row.node)
            try merge(state, into: row, of: mountID)
        } else if case .bytes(let bytes) = publication.content {
            try requireSize(UInt64(bytes.count), of: row.node)
            if bytes.count <= Self.smallMax && row.body == nil {
                try dropSuperfluous(publication, than: state)
                return Published(node: try finishSmall(publication, row, bytes))
            }
            try setPlain(row, bytes)
        }
        try dropSuperfluous(publication, than: state)
        return Published(node: try finish(publication, row))
    }

    /// The node, or the one that is made for it.
    private func target(of publication: Publication) throws(StoreError) -> NodeRow {
        if let found = try db.node(publication.node) { return found }
        guard var creation = publication.creation else { throw StoreError(.notFound) }
        if publication.isBeside, let taken = try db.child(creation.name, of: creation.parent) {
            creation.name = try freeName(beside: taken)
        }
        return try insert(creation)
    }

    private func bytes(of publication: Publication, _ state: DraftState?) throws(StoreError) -> [UInt8] {
        switch publication.content {
        case .bytes(let bytes): return bytes
        case .draft:
            guard let state else { return [] }
            guard state.size <= limits.recordBytesMax || state.size <= limits.kvBytesMax else {
                throw StoreError(.tooLarge, hint: "the file is larger than its kind may be")
            }
            return try ByteSink.collect(Int(state.size)) { sink throws(StoreError) in
                try db.read(state, at: 0, into: &sink)
            }
        }
    }

    private func publishBytes(
        _ bytes: [UInt8], to row: NodeRow, _ publication: Publication
    ) throws(StoreError) -> Published {
        let hasValue = row.node.revision != 0
        let base = publication.base
        if row.node.isUnlinked {
            // Removed by another program after this writer began: its work must not be lost (R10).
            guard row.node.isDocument, let base, base != row.node.revision else { throw StoreError(.notFound) }
            return Published(node: row.node, conflict: try keepConflict(bytes, of: row, "removed by another program"))
        }
        try requireValue(bytes, of: row.node)
        if bytes.isEmpty && row.node.namespace == .records {
            if hasValue { throw Self.emptied }
            return Published(node: try finish(publication, row, movesRevision: false))
        }
        if let base, base != row.node.revision, hasValue, try !isSame(bytes, as: row) {
            return Published(node: row.node, conflict: try keepConflict(bytes, of: row, "changed by another program"))
        }
        try putDocument(row, bytes)
        let size = row.node.namespace == .kv ? try documentSize(row) : Int64(bytes.count)
        return Published(node: try finish(publication, row, size: size))
    }

    private func isSame(_ bytes: [UInt8], as row: NodeRow) throws(StoreError) -> Bool {
        // What is not here counts as another value: both are kept.
        guard try db.isHere(row) else { return false }
        return try db.bytes(of: row) == bytes
    }

    /// Revision, times and mode; the rejected version of the name is superseded.
    /// - Parameter size: of a document; else it has been set.
    private func finish(
        _ publication: Publication, _ row: NodeRow, size: Int64? = nil, movesRevision: Bool = true
    ) throws(StoreError) -> Node {
        try db.run(
            """
            UPDATE node SET rev = rev + ?2, mtime = ?3, ctime = max(ctime, ?3),
                size = coalesce(?4, size), stored = coalesce(?4, stored) WHERE ino = ?1
            """, row.id, Int64(movesRevision ? 1 : 0), publication.mtime, size)
        if movesRevision { try forgetRejected(row) }
        tellContent(row.id)
        return try fresh(row.id).node
    }

    /// `setPlain` and `finish` of what stays in the node's row, in one statement: most files are that small.
    private func finishSmall(
        _ publication: Publication, _ row: NodeRow, _ bytes: [UInt8]
    ) throws(StoreError) -> Node {
        try db.run(
            """
            UPDATE node SET small = ?4, size = ?5, stored = ?5, rev = rev + 1, mtime = ?2, ctime = max(ctime, ?2)
                WHERE ino = ?1 AND body IS ?3
            """, row.id, publication.mtime, row.body, bytes.isEmpty ? nil : bytes, Int64(bytes.count))
        try forgetRejected(row)
        tellContent(row.id)
        var node = row.node
        node.size = UInt64(bytes.count)
        node.allocated = node.size
        node.revision += 1
        node.mtime = publication.mtime
        node.ctime = max(node.ctime, publication.mtime)
        return node
    }

    func forgetRejected(_ row: NodeRow) throws(StoreError) {
        guard mount.mayHoldRejected else { return }
        mount.mayHoldRejected = try db.exists("SELECT 1 FROM kept WHERE area = 1 LIMIT 1")
        guard mount.mayHoldRejected else { return }
        try db.run("DELETE FROM kept WHERE area = 1 AND path = ?", try db.path(of: row))
    }

    private func dropSuperfluous(_ publication: Publication, than used: DraftState?) throws(StoreError) {
        guard let draft = publication.draft, draft.id != used?.draft.id, let state = mount.drafts[draft.id] else {
            return
        }
        try drop(state, of: mount.id)
    }
}
