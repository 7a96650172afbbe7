internal import Persist

/// What a mount leaves that is gone: killed, or closed (R1, R2).
extension Transaction {
    /// Publishes what it had kept, by the rules of `publish`; drops the rest; and forgets the mount.
    func recover(_ mountID: Int64) throws(StoreError) {
        let drafts = try db.all(
            """
            SELECT id, ino, body, size, mtime, base, base_limit, base_rev, kept, created, small FROM work WHERE mount = ?
                ORDER BY id
            """, mountID
        ) { row throws(StoreError) in Self.draft(row) }
        for state in drafts {
            if state.isKept {
                try recover(state, of: mountID)
            } else {
                try drop(state, of: mountID)
            }
        }
        let tails = try db.all("SELECT id, ino, bytes FROM tail WHERE mount = ? ORDER BY id", mountID) {
            row throws(StoreError) in (id: row.int(0), stream: row.id(1), bytes: row.bytes(2))
        }
        for tail in tails { try recover(tail.stream, tail.bytes, TailID(tail.id)) }
        if mountID == mount.id {
            try settleLogs()
        } else {
            try settleAllLogs()
            try recoverTouches(of: mountID)
        }
        let unlinked = try db.all("SELECT ino FROM unlinked WHERE mount = ?", mountID, read: { $0.id(0) })
        try db.run("DELETE FROM unlinked WHERE mount = ?", mountID)
        for id in unlinked { try collectUnlinked(id) }
        try db.run("DELETE FROM mount WHERE id = ?", mountID)
        // The feed still goes to those who are left; from the commit on there may be nobody.
        let hasPeers = try db.exists("SELECT 1 FROM mount WHERE id <> ? LIMIT 1", mount.id)
        onCommit { [mount] in mount.hasPeers = hasPeers }
    }

    private static func draft(_ row: Row) -> DraftState {
        let size = UInt64(bitPattern: row.int(3))
        let draft = Draft(id: row.int(0), node: row.id(1), baseRevision: row.int(7), baseSize: size)
        let base: DraftState.Base
        if let small = row.optionalBytes(10) {
            base = .own(small)
        } else {
            base = row.optionalInt(5).map { .body($0) } ?? .none
        }
        return DraftState(
            draft: draft, base: base, body: row.int(2), size: size,
            baseLimit: UInt64(bitPattern: row.int(6)), mtime: row.time(4), isKept: row.int(8) != 0,
            madeNode: row.int(9) != 0, isRegistered: true)
    }

    private func recover(_ state: DraftState, of mountID: Int64) throws(StoreError) {
        guard let row = try db.node(state.draft.node), !row.node.isUnlinked else {
            return try drop(state, of: mountID)
        }
        let content = DraftContent(draft: state.draft, chunks: [], size: state.size, baseLimit: state.baseLimit)
        let publication = Publication(
            node: row.id, content: .draft(content), mtime: state.mtime,
            base: row.node.isDocument ? state.draft.baseRevision : nil)
        foreign.append(.content(row.id))
        try attempt { () throws(StoreError) in
            _ = try publish(publication, of: mountID, recovering: state)
        } orElse: { error throws(StoreError) in
            let count = Int(min(state.size, limits.recordBytesMax))
            let bytes = try ByteSink.collect(count) { sink throws(StoreError) in
                try db.read(state, at: 0, into: &sink)
            }
            try keepRejected(try db.path(of: row), bytes: bytes, error: error.hint ?? "\(error.kind)")
            try drop(state, of: mountID)
            // A name that had no value before goes away again.
            guard state.madeNode, row.node.revision == 0 else { return }
            try detach(row)
            foreign.append(.entry(parent: row.node.parent, name: row.node.name))
        }
    }

    private func recover(_ stream: NodeID, _ bytes: [UInt8], _ tail: TailID) throws(StoreError) {
        defer { foreign.append(.content(stream)) }
        try attempt { () throws(StoreError) in
            _ = try append(
                Append(
                    stream: stream, bytes: bytes, start: .newLine, endsUnterminated: true, time: now, tail: tail))
        } orElse: { error throws(StoreError) in
            try db.run("DELETE FROM tail WHERE id = ?", tail.rawValue)
            guard let row = try db.node(stream), !row.node.isUnlinked else { return }
            try keepRejected(try db.path(of: row), bytes: bytes, error: error.hint ?? "\(error.kind)")
        }
    }

    /// Undoes what `body` did where it is refused. What is the disk's fault ends the transaction: it is tried again.
    private func attempt(
        _ body: () throws(StoreError) -> Void, orElse: (StoreError) throws(StoreError) -> Void
    ) throws(StoreError) {
        let result = try undoing(
            where: { [.rejected, .tooLarge, .notFound, .invalid, .isDirectory].contains($0.kind) }, body)
        if case .failure(let error) = result { try orElse(error) }
    }

    /// What is collected has been left at this time at the latest, so that other mounts could say that they use it. For
    /// that they need the lock of the file: where another program kept it from all of us, their time begins anew.
    func newestCollected(_ linger: Int64) -> Int64 {
        guard mount.hasPeers else { return .max }
        return db.patience.hasBeenFree(for: .nanoseconds(linger)) ? now.nanoseconds - linger : .min
    }

    /// Unlinked nodes that no mount has claimed in time.
    /// - Returns: whether some are still waiting.
    func collectLingering(_ linger: Int64) throws(StoreError) -> Bool {
        let newest = newestCollected(linger)
        let found = try db.all(
            "DELETE FROM unlinked WHERE mount = 0 AND since <= ? RETURNING ino", newest, read: { $0.id(0) })
        for id in found { try collectUnlinked(id) }
        return try db.exists("SELECT 1 FROM unlinked WHERE mount = 0 LIMIT 1")
    }
}
