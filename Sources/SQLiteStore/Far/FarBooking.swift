public import Persist

/// What is put down of something that is sent to the far side.
public enum FarBooking: Sendable {
    /// Before a node is sent: that the far side may have it under this path from now on. Not done where the node has another
    /// path by now: a rename that is synced is then known to come after this, and after loss of power what the far side has
    /// under the old name is known too.
    case begun(FarRecord)
    /// What the far side has under a path is another thing from now on, or not certain any more.
    case doubted(FarRecord)
    /// The far side has been told of an entry. It goes, unless the node has changed since.
    case ended(Ended)
    /// A value is about to go in parts; with its token: has been begun.
    case uploading(FarUpload)
    /// One of its parts has arrived.
    case sentPart(NodeID, number: Int, PartReceipt)
    /// It goes on no more: it has been abandoned.
    case endedUpload(NodeID)
    /// The far side has the content that a node had at this revision; nothing else of its entry may have been sent.
    case sentLong(FarRecord, revision: Int64)

    public struct Ended: Sendable {
        public var entry: OutboxEntry
        /// What the far side has now.
        public var records: [FarRecord]
        /// Of a record: what was sent.
        public var content: [UInt8]?
        /// Paths under which it has nothing any more, where they are still the node's.
        public var removed: [[UInt8]]

        public init(_ entry: OutboxEntry, records: [FarRecord], content: [UInt8]? = nil, removed: [[UInt8]]) {
            self.entry = entry
            self.records = records
            self.content = content
            self.removed = removed
        }
    }
}

extension Transaction {
    /// - Returns: whether it has been done.
    func book(_ booking: FarBooking) throws(StoreError) -> Bool {
        switch booking {
        case .begun(let record):
            guard try isAtPath(record) else { return false }
            try putFar(record)
        case .doubted(let record): try putFar(record)
        case .ended(let ended): try book(ended)
        case .uploading(let upload): try putUpload(upload)
        case .sentPart(let id, let number, let receipt): try putPart(number, receipt, of: id)
        case .endedUpload(let id): try endUpload(of: id)
        case .sentLong(let record, let revision): try book(record, revision: revision)
        }
        return true
    }

    /// Whether it is still where the record says.
    private func isAtPath(_ record: FarRecord) throws(StoreError) -> Bool {
        guard let row = try db.node(record.node), !row.node.isUnlinked else { return false }
        return try db.path(of: row) == record.path
    }

    private func book(_ record: FarRecord, revision: Int64) throws(StoreError) {
        try putFar(record)
        try endUpload(of: record.node)
        // What it was called before has an earlier content there: that is not to pass for this one.
        for var other in try db.far(of: record.node) where other.path != record.path {
            guard other.sum.map({ $0 != record.sum }) ?? (other.revision != nil) else { continue }
            (other.sum, other.tried) = (nil, (other.tried ?? []) + (other.sum ?? []))
            try putFar(other)
        }
        guard let row = try db.node(record.node), row.node.revision == revision else { return }
        try db.run("UPDATE outbox SET what = what & ~?2 WHERE ino = ?1", row.id, OutboxChange.content.rawValue)
        // It was copied there: from now on its content is to be had under this key, and the old one may go.
        try db.run(
            "UPDATE away SET path = ?2, key = ?3, sum = ?4, revision = ?5 WHERE ino = ?1", row.id, record.path,
            record.key, record.sum, record.revision?.bytes)
    }

    private func book(_ ended: FarBooking.Ended) throws(StoreError) {
        let entry = ended.entry
        // The row stays for a while: whoever asked the far side before this may still come with what was there.
        for path in ended.removed {
            try db.run(
                """
                UPDATE far SET ino = 0, key = NULL, sum = NULL, tried = NULL, meta_key = NULL, meta = NULL, meta_revision = NULL,
                    event = 0, position = 0, revision = NULL, modified = NULL, time = ?3 WHERE path = ?1 AND ino = ?2
                """, path, entry.node, now)
        }
        for record in ended.records {
            try putFar(record)
            // Who has come to have that path meanwhile, and has lost it since, with nothing to say that it ever had it.
            if record.node != entry.node, try !isAtPath(record) {
                journalled[record.node, default: []].formUnion(.name)
            }
        }
        let isSettled =
            try db.run("DELETE FROM outbox WHERE ino = ? AND gen = ?", entry.node, entry.generation) > 0
        guard !isSettled else {
            try db.run("DELETE FROM base WHERE ino = ?", entry.node)
            return
        }
        // Whoever waits for what has been sent waits for nothing that came later.
        try db.run("UPDATE outbox SET first = max(first, ?2) WHERE ino = ?1", entry.node, entry.generation + 1)
        // Of a directory's later files nobody was told who had been told of the first (`Outbox.add`).
        if try db.node(entry.node)?.isDirectory == true, let left = try db.outboxEntry(of: entry.node) {
            outboxEntries.append(left)
        }
        if let content = ended.content {
            try db.run("INSERT OR REPLACE INTO base(ino, value) VALUES (?, ?)", entry.node, content)
        }
    }
}
