public import Persist
internal import Synchronization

/// Content that only the far side has: taking it away here, and bringing it back. Any thread.
extension SQLiteStore {
    /// What became of content that was brought.
    public enum Brought: Sendable, Equatable {
        /// It is here.
        case here
        /// The node has another place on the far side now, or none.
        case moved
    }

    /// Where the content of a file is; nil where it is here.
    public func away(_ id: NodeID) throws(StoreError) -> AwayContent? {
        try readers.read { db throws(StoreError) in try db.away(id) }
    }

    /// Files whose only content lies under a key of the far side, which is about to get another value, or none.
    public func awayNodes(at key: [UInt8]) throws(StoreError) -> [NodeID] {
        try readers.read { db throws(StoreError) in
            try db.all(
                "SELECT a.ino FROM away a JOIN node n ON n.ino = a.ino WHERE a.key = ? AND n.cookie >= 0", key,
                read: { $0.id(0) })
        }
    }

    /// The content of a file that is not here.
    ///
    /// - Parameter change: what the far side has there. Where that is not what was known of it, others have changed it: then
    ///   the file has changed; a new name or mode that has not been sent stays.
    public func bring(_ change: FarChange, to id: NodeID) throws(StoreError) -> Brought {
        try write(isInterruptible: false, isFromFar: true) { tx throws(StoreError) in
            guard let row = try tx.db.node(id), !row.node.isUnlinked else { throw Transaction.replaced }
            guard let away = try tx.db.away(id) else { return .here }
            guard away.path == change.path, away.key == change.key else { return .moved }
            let record = try tx.db.far(at: change.path)
            let isTheirs = record?.node == id
            if case .absent(let size, _) = change.content {
                if away.revision == change.revision, row.node.size == size { return .here }
                if isTheirs, try tx.db.outboxEntry(of: id) == nil, try tx.db.node(at: change.path)?.id == id {
                    return try tx.replace(row, by: change)
                }
                try tx.requireUnread(row)
                try tx.awayChanged(row, size, change, away)
                if isTheirs, let record { try tx.putFar(record.having(change)) }
                return .here
            }
            guard case .file(let bytes, _) = change.content else { return .moved }
            if away.isValue(change.sum, change.revision) {
                // The same JSON, written otherwise: its bytes are not those that have been read.
                let hasMoved =
                    if let known = away.revision, let new = change.revision { known != new } else {
                        bytes.count != row.node.size
                    }
                let isOther = row.isDocument && hasMoved
                if isOther { try tx.requireUnread(row) }
                try tx.fill(row, bytes)
                if isOther { tx.tellContent(id) }
                if isTheirs, var record, record.sum == nil, record.tried == nil {
                    record.sum = change.sum
                    try tx.putFar(record)
                }
                return .here
            }
            if isTheirs, try tx.db.outboxEntry(of: id) == nil, try tx.db.node(at: change.path)?.id == id {
                return try tx.replace(row, by: change)
            }
            try tx.requireUnread(row)
            try tx.fill(row, bytes)
            try tx.db.run("UPDATE node SET rev = rev + 1 WHERE ino = ?", id)
            tx.tellContent(id)
            if isTheirs, let record { try tx.putFar(record.having(change)) }
            return .here
        }
    }

    /// Removes a file whose content is nowhere any more.
    ///
    /// - Returns: the path that it had; nil where it has none, its content is here, or somebody writes another.
    public func removeAway(_ id: NodeID) throws(StoreError) -> [UInt8]? {
        try write(isInterruptible: false, isFromFar: true) { tx throws(StoreError) in
            guard let row = try tx.db.node(id), !row.node.isUnlinked, try tx.db.away(id) != nil,
                !mount.holds.isWriting(id)
            else { return nil }
            let path = try tx.db.path(of: row)
            try tx.detach(row)
            try tx.touch(row.node.parent, tx.now)
            return path
        }
    }

    /// A part of the content of a file that is not here.
    ///
    /// - Parameters:
    ///   - offset: where a chunk begins (`limits.chunkBytes`); `bytes` end where one does, or with the file.
    ///   - revision: of the value that they are of.
    /// - Returns: `.moved` where the file is another one by now, or `bytes` are no whole chunks of it: it may have had another
    ///   size when they were asked for.
    public func bring(
        _ bytes: [UInt8], at offset: UInt64, of revision: Revision, to id: NodeID
    ) throws(StoreError) -> Brought {
        try write(isInterruptible: false, leavesDirectories: true, isFromFar: true) { tx throws(StoreError) in
            guard let row = try tx.db.node(id) else { throw Transaction.replaced }
            guard let away = try tx.db.away(id) else { return .here }
            let end = offset + UInt64(bytes.count)
            guard away.revision == revision, offset.isMultiple(of: Connection.chunkBytes),
                end.isMultiple(of: Connection.chunkBytes) && end <= row.node.size || end == row.node.size
            else { return .moved }
            try tx.fill(row, bytes[...], at: offset)
            return .here
        }
    }

    /// How long a file is that has content, and of that nothing here; nil for others.
    public func unreadSize(of id: NodeID) throws(StoreError) -> UInt64? {
        try readers.read { db throws(StoreError) in
            try db.first(
                """
                SELECT n.size FROM away a JOIN node n ON n.ino = a.ino WHERE a.ino = ? AND n.size > 0
                    AND NOT EXISTS (SELECT 1 FROM extent e WHERE e.body = n.body)
                """, id, read: { UInt64($0.int(0)) })
        }
    }

    /// Whether the chunk is here that this offset lies in.
    public func hasChunk(_ id: NodeID, at offset: UInt64) throws(StoreError) -> Bool {
        try readers.read { db throws(StoreError) in
            try db.exists(
                "SELECT 1 FROM node n JOIN extent e ON e.body = n.body WHERE n.ino = ? AND e.idx = ?", id,
                Int64(offset / Connection.chunkBytes))
        }
    }

    /// Files after this one whose content only the far side has.
    ///
    /// - Parameters:
    ///   - sizeMax: of what is longer none, and of all together at most four times that.
    ///   - most: how many; fewer where they lie far apart.
    public func awayFiles(
        after id: NodeID, in order: FileOrder, most: Int, sizeMax: UInt64
    ) throws(StoreError) -> [NodeID] {
        let files = try readers.read { db throws(StoreError) in
            try db.all(
                order.statement, id, Int64(sizeMax), Int64(most),
                read: { row in (id: row.id(0), size: UInt64(row.int(1))) })
        }
        var rest = 4 * sizeMax
        return files.prefix { file in
            defer { rest -= min(rest, file.size) }
            return file.size <= rest
        }.map(\.id)
    }
}

extension Transaction {
    fileprivate static var replaced: StoreError {
        StoreError(.stale, hint: "others have replaced or removed it since it was opened")
    }

    /// Others have replaced what keeps its name, since that has still to be sent: there is no other file for what they have
    /// put, and who reads it must get no mixture.
    ///
    /// - Throws: `.timedOut`: it can be brought once nobody reads it.
    fileprivate func requireUnread(_ row: NodeRow) throws(StoreError) {
        if try hasBeenRead(row) { throw StoreError(.timedOut, hint: "others have replaced it while it is read here") }
    }

    /// What others have put in its place. Who has it open for writing, and may have read a part of it, does not write into
    /// theirs: of the rest nothing is here, and never will be.
    fileprivate func replace(_ row: NodeRow, by change: FarChange) throws(StoreError) -> SQLiteStore.Brought {
        if mount.holds.isWriting(row.id) {
            // All of it is written anew, and meets theirs when it is sent.
            if mount.drafts.areOf(row.id) { throw StoreError(.timedOut, hint: "others have replaced it meanwhile") }
            if try hasBeenRead(row) { try detach(row) }
        }
        return try apply(change, asked: nil) == .notNow ? .moved : .here
    }
}

extension FarRecord {
    /// The value that others have put.
    fileprivate func having(_ change: FarChange) -> FarRecord {
        var record = self
        (record.sum, record.tried, record.revision) = (change.sum, nil, change.revision)
        return record
    }
}
