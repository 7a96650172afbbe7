internal import Persist

/// Drafts: unpublished chunks over a base that does not change under them.
extension Transaction {
    func draft(_ draft: Draft) throws(StoreError) -> DraftState {
        guard let found = mount.drafts[draft.id] else { throw StoreError(.notFound, hint: "the draft is gone") }
        return found
    }

    /// The draft's row in `work`, and its state in memory from the commit on.
    func save(_ state: DraftState) throws(StoreError) {
        var state = state
        let body = try state.body.or { () throws(StoreError) in try newID(.body) }
        state.body = body
        state.isRegistered = true
        var base: Int64?
        var small: [UInt8]?
        switch state.base {
        case .body(let id): base = id
        case .own(let bytes): small = bytes
        case .none, .bytes: break
        }
        try db.run(
            """
            INSERT OR REPLACE INTO work(mount, id, ino, body, size, mtime, base, base_limit, base_rev, kept, created, small)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, mount.id, state.draft.id, state.draft.node, body, Int64(state.size), state.mtime, base,
            Int64(state.baseLimit), state.draft.baseRevision, Int64(state.isKept ? 1 : 0),
            Int64(state.madeNode ? 1 : 0), small)
        let (mount, after) = (mount, state)
        onCommit { mount.drafts[after.draft.id] = after }
    }

    /// Stores the chunks. - Returns: the draft as it is then; `save` keeps it.
    ///
    /// - Parameter isOfMany: more chunks will come, as of a long file.
    func apply(
        _ content: DraftContent, to state: DraftState, isOfMany: Bool = false
    ) throws(StoreError) -> DraftState {
        guard content.chunks.allSatisfy({ $0.bytes.count <= Int(Connection.chunkBytes) }) else {
            throw StoreError(.invalid)
        }
        var state = state
        if let bytes = try state.small(with: content) {
            state.base = .own(bytes)
            (state.size, state.baseLimit) = (content.size, min(state.baseLimit, content.baseLimit))
            return state
        }
        let body = try state.body.or { () throws(StoreError) in try newID(.body) }
        state.body = body
        try materialize(&state)
        let limit = state.ownLimit(with: content)
        if limit < state.size { try cutOverlay(body, at: limit, of: state) }
        state.baseLimit = min(state.baseLimit, content.baseLimit)
        state.size = content.size
        for chunks in content.holes { state.freedChunks += try punch(chunks, in: state, body) }
        for shared in content.shared { try share(shared, into: state, body) }
        state.freedChunks -= content.changedChunks
        for chunk in content.chunks {
            let index = Int64(chunk.index)
            try cut(body, from: index, through: index)
            // What was kept is to survive with all that is written to it later, whatever of that is synced.
            if try putChunk(chunk.bytes[...], body, index, isOfMany: isOfMany && !state.isKept) == 0 {
                try hide(index, of: state, body)
            }
        }
        for patch in content.patches { try apply(patch, to: state, body) }
        return state
    }

    /// A base that is no body becomes chunks of the draft: then the row in `work` says all.
    private func materialize(_ state: inout DraftState) throws(StoreError) {
        guard let body = state.body else { return }
        let chunk = Int(Connection.chunkBytes)
        let there: ArraySlice<UInt8>
        switch state.base {
        case .bytes(let bytes): there = bytes.prefix(Int(clamping: state.baseLimit))
        case .own(let bytes): there = bytes[...]
        case .none, .body: return
        }
        for start in stride(from: 0, to: there.count, by: chunk) {
            _ = try putChunk(there[start..<min(start + chunk, there.count)], body, Int64(start / chunk))
        }
        state.base = .none
    }

    private func cutOverlay(_ body: Int64, at size: UInt64, of state: DraftState) throws(StoreError) {
        let (index, keep) = size.quotientAndRemainder(dividingBy: Connection.chunkBytes)
        if keep > 0 {
            let own: StaticString = "SELECT 1 FROM extent WHERE body = ? AND idx = ?"
            let hides = try db.exists(own, body, Int64(index))
            _ = try trim(body, Int64(index), keep: Int(keep))
            if hides, try !db.exists(own, body, Int64(index)) { try hide(Int64(index), of: state, body) }
        }
        try cut(body, from: Int64(index) + (keep > 0 ? 1 : 0))
    }

    /// The draft is over: published, or not wanted.
    func forget(_ state: DraftState, of mountID: Int64) throws(StoreError) {
        if state.isRegistered {
            try db.run("DELETE FROM work WHERE mount = ? AND id = ?", mountID, state.draft.id)
        }
        guard mountID == mount.id else { return }
        let mount = mount
        onCommit { mount.drafts[state.draft.id] = nil }
    }

    func drop(_ state: DraftState, of mountID: Int64) throws(StoreError) {
        try forget(state, of: mountID)
        if case .own = state.base { return }
        if let body = state.body { try abandon(body) }
    }

    func keepDraft(_ content: DraftContent, creation: Creation?, mtime: Timestamp) throws(StoreError) {
        var state = try apply(content, to: try draft(content.draft))
        state.draft = content.draft
        if let creation, try db.node(creation.id) == nil {
            try insert(creation, isFileAlone: true)
            state.madeNode = true
        }
        state.isKept = true
        state.mtime = mtime
        try save(state)
    }

    /// Others have come: they must see which bases are in use.
    func registerDrafts() throws(StoreError) {
        for state in mount.drafts.all where !state.isRegistered {
            try save(state)
        }
    }

    // MARK: Publishing

    /// Makes the draft the content of a plain file. Size and place are set, revision and times are the caller's.
    func merge(_ state: DraftState, into row: NodeRow, of mountID: Int64) throws(StoreError) {
        if case .own(let bytes) = state.base {
            try forget(state, of: mountID)
            return try setPlain(row, bytes)
        }
        guard let overlay = state.body else { return }
        try forget(state, of: mountID)
        guard case .body(let base) = state.base else {
            if state.size <= UInt64(Self.smallMax) {
                let bytes = try ByteSink.collect(Int(state.size)) { sink throws(StoreError) in
                    if state.size > 0 { try db.readBody(overlay, at: 0, Int(state.size), into: &sink) }
                }
                try cut(overlay, from: 0)
                try setPlain(row, bytes)
                return
            }
            if let body = row.body { try abandon(body) }
            try setBody(row.id, overlay, size: Int64(state.size), stored: try storedBytes(overlay))
            return
        }
        let isShared = try db.exists("SELECT 1 FROM work WHERE base = ? LIMIT 1", base)
        if row.body == base && !mount.hasPeers && !isShared {
            try mergeInPlace(state, overlay, base, row)
        } else {
            try mergeBeside(state, overlay, base, row)
        }
    }

    /// Of chunks: patches are not counted, so that a file without holes takes what its size says.
    private func storedBytes(_ body: Int64) throws(StoreError) -> Int64 {
        try db.first(
            """
            SELECT sum(iif(c.cid < 0, 65536, length(c.data))) FROM extent e JOIN chunk c ON c.cid = e.cid
                WHERE e.body = ? AND e.idx < ?
            """, body, StoredPatch.firstIndex, read: { $0.int(0) }) ?? 0
    }

    /// Nobody else looks at the base: its chunks are replaced one by one.
    private func mergeInPlace(
        _ state: DraftState, _ overlay: Int64, _ base: Int64, _ row: NodeRow
    ) throws(StoreError) {
        var stored = Int64(row.node.allocated)
        try joinPatches(of: state, overlay, over: base)
        let rows = try db.all(
            """
            SELECT idx FROM extent o WHERE body = ?1
                AND EXISTS (SELECT 1 FROM extent b WHERE b.body = ?2 AND b.idx IN (o.idx, o.idx + ?3))
            """, overlay, base, StoredPatch.firstIndex, read: { $0.int(0) })
        let (end, keep) = state.baseLimit.quotientAndRemainder(dividingBy: Connection.chunkBytes)
        let rest = Int64(end) + (keep > 0 ? 1 : 0)
        let isMuch =
            max(Int64(rows.count), Int64(row.node.size / Connection.chunkBytes) - rest) > Self.collectedAtOnce
        // Much of it goes to a body of its own, which is collected piece by piece as that of a removed file.
        let old = isMuch ? try newID(.body) : nil
        if let old {
            try db.run(
                """
                UPDATE extent SET body = ?3 WHERE body = ?1 AND idx IN (SELECT idx FROM extent WHERE body = ?2
                    UNION SELECT idx + ?4 FROM extent WHERE body = ?2 AND idx < ?4)
                """, base, overlay, old, StoredPatch.firstIndex)
        } else {
            for index in rows where index < StoredPatch.firstIndex {
                stored -= try cut(base, from: index, through: index)
            }
            for index in rows where index >= StoredPatch.firstIndex {
                try cutRows(base, from: index, through: index)
            }
        }
        if keep > 0 { stored -= try trim(base, Int64(end), keep: Int(keep)) }
        if let old {
            try db.run(
                """
                UPDATE extent SET body = ?3 WHERE body = ?1
                    AND (idx BETWEEN ?2 AND ?4 - 1 OR idx >= ?4 + ?2)
                """, base, rest, old, StoredPatch.firstIndex)
            stored -= try storedBytes(old)
            try abandon(old)
        } else {
            stored -= try cut(base, from: rest)
        }
        try db.run("DELETE FROM extent WHERE body = ? AND cid = 0", overlay)
        stored += try storedBytes(overlay)
        try db.run("UPDATE extent SET body = ?2 WHERE body = ?1", overlay, base)
        try setBody(row.id, base, size: Int64(state.size), stored: stored)
    }

    /// Others look at the base, or may: the overlay becomes a body of its own that shares what has not changed.
    private func mergeBeside(
        _ state: DraftState, _ overlay: Int64, _ base: Int64, _ row: NodeRow
    ) throws(StoreError) {
        let (end, keep) = state.baseLimit.quotientAndRemainder(dividingBy: Connection.chunkBytes)
        try joinPatches(of: state, overlay, over: base)
        // Asked before: what the draft took over from a copy of this file may be the very chunk.
        let isOwn = try db.exists("SELECT 1 FROM extent WHERE body = ? AND idx = ?", overlay, Int64(end))
        try shareExtents(of: base, hiddenBy: overlay, 0..<(end + (keep > 0 ? 1 : 0)), into: overlay, at: 0)
        if keep > 0 && !isOwn { _ = try trim(overlay, Int64(end), keep: Int(keep)) }
        try db.run("DELETE FROM extent WHERE body = ? AND cid = 0", overlay)
        if let body = row.body { try abandon(body) }
        try setBody(row.id, overlay, size: Int64(state.size), stored: try storedBytes(overlay))
    }
}
