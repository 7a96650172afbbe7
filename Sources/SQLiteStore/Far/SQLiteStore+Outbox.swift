public import Persist
import Synchronization

/// What the far side has not been told of, for whoever sends it. Any thread.
extension SQLiteStore {
    /// What has no row yet. Asked for before the rows are read: what is written in between is in both, and no older there.
    private var unsaved: [NodeID: OutboxEntry] { mount.outbox?.unsaved.withLock { $0 } ?? [:] }

    /// Entries in the order of their nodes, after `node`.
    public func outbox(after node: NodeID?, limit: Int) throws(StoreError) -> [OutboxEntry] {
        let node = node ?? NodeID(0)
        var waiting = unsaved.filter { $0.key > node }
        return try readers.read { db throws(StoreError) in
            var entries = try db.all(
                "SELECT ino, gen, what, since, changed FROM outbox WHERE ino > ? ORDER BY ino LIMIT ?", node,
                Int64(limit), read: { $0.outboxEntry })
            for place in entries.indices {
                entries[place].merge(waiting.removeValue(forKey: entries[place].node))
                entries[place].bytes = try db.unsentBytes(of: entries[place])
            }
            // What comes behind the last row of a whole page is in a later one.
            let last = entries.count == limit ? entries.last?.node : nil
            entries += waiting.values.filter { entry in last.map { entry.node < $0 } ?? true }
            return Array(entries.sorted { $0.node < $1.node }.prefix(limit))
        }
    }

    /// nil: the far side has been told of all of it.
    public func outboxEntry(of id: NodeID) throws(StoreError) -> OutboxEntry? {
        let waiting = unsaved[id]
        return try readers.read { db throws(StoreError) in
            guard var entry = try db.outboxEntry(of: id, waiting) else { return nil }
            entry.bytes = try db.unsentBytes(of: entry)
            return entry
        }
    }

    public func outboxCount() throws(StoreError) -> Int {
        let waiting = unsaved
        return try readers.read { db throws(StoreError) in
            var count = try db.first("SELECT count(*) FROM outbox", read: { Int($0.int(0)) }) ?? 0
            for id in waiting.keys where try db.outboxEntry(of: id) == nil { count += 1 }
            return count
        }
    }

    /// Whether the far side has not been told of a node.
    public func isPending(_ id: NodeID) throws(StoreError) -> Bool {
        if unsaved[id] != nil { return true }
        return try readers.read { db throws(StoreError) in try db.outboxEntry(of: id) != nil }
    }

    /// Returns when whoever has written what can be read by now has told of it (`Outbox.changed`).
    public func awaitNews() throws(StoreError) { try writer.use { _ throws(StoreError) in } }

    /// The generations of the first and the last change that have not been sent; nil: everything has.
    public func outboxGenerations() throws(StoreError) -> ClosedRange<Int64>? {
        let waiting = unsaved.values.map(\.generation)
        let rows = try readers.read { db throws(StoreError) in
            try db.first("SELECT min(first), max(gen) FROM outbox") { row throws(StoreError) in
                row.isNull(0) ? [] : [row.int(0), row.int(1)]
            } ?? []
        }
        guard let first = (waiting + rows).min(), let last = (waiting + rows).max() else { return nil }
        return first...last
    }

    /// The node of an entry as it is now; nil where there is no entry any more.
    ///
    /// - Parameter longBytesMin: files from this size on come without their content; nil: none do.
    /// - Throws: `.tooLarge` where its content is longer than `contentBytesMax`.
    public func outboxSnapshot(
        of id: NodeID, contentBytesMax: UInt64, longBytesMin: UInt64? = nil
    ) throws(StoreError) -> OutboxSnapshot? {
        let waiting = unsaved[id]
        return try readers.read { db throws(StoreError) in
            try db.run("BEGIN")
            defer { _ = try? db.run("COMMIT") }
            guard let entry = try db.outboxEntry(of: id, waiting) else { return nil }
            var snapshot = OutboxSnapshot(
                entry: entry, node: nil, names: [], content: [], attributes: [], records: try db.far(of: id))
            snapshot.upload = try db.farUpload(of: id)
            guard let row = try db.node(id), !row.node.isUnlinked else { return snapshot }
            snapshot.node = row.node
            snapshot.names = try db.names(of: id)
            snapshot.attributes = try db.extendedAttributes(of: id).entries
            switch row.node.kind {
            case .file where !row.isStream, .symlink:
                guard row.node.size <= contentBytesMax else {
                    throw StoreError(
                        .tooLarge, key: StoreKey(try db.path(of: row)),
                        hint: "the file is larger than the far side takes (\(contentBytesMax) bytes)")
                }
                if let longBytesMin, row.node.size >= longBytesMin, row.node.kind == .file, !row.isDocument {
                    snapshot.isLong = true
                    snapshot.away = try db.away(id)
                } else {
                    snapshot.content = try db.bytes(of: row)
                }
            default: break
            }
            return snapshot
        }
    }

    /// Events of a log that did not come from the far side, after `event`.
    ///
    /// - Parameter again: `event` too, which had no newline and may have been continued.
    /// - Returns: `isAnew`: the log has been emptied since `event`, and all of them are new.
    public func logEvents(
        of id: NodeID, after event: Int64, again: Bool = false, limit: Int
    ) throws(StoreError) -> (events: [LogEvent], isAnew: Bool) {
        try readers.read { db throws(StoreError) in
            guard let row = try db.node(id), row.isStream else { return ([], event > 0) }
            guard let stream = row.body else { return ([], event > 0) }
            let first = Connection.eventID(stream, 0)
            let end = Connection.eventID(stream, Connection.sequenceMax)
            let isOfThis = (first...end).contains(event)
            let events = try db.all(
                """
                SELECT id, time, line, newline FROM event e WHERE id > ?1 AND id <= ?2
                    AND NOT EXISTS (SELECT 1 FROM arrived a WHERE a.event = e.id) ORDER BY id LIMIT ?3
                """, isOfThis ? event - (again ? 1 : 0) : first, end, Int64(limit)
            ) { row throws(StoreError) in
                LogEvent(id: row.int(0), time: row.time(1), line: row.bytes(2), isFinished: row.int(3) != 0)
            }
            return (events, event > 0 && !isOfThis)
        }
    }

    /// Which is the last event of a log; 0: it has none.
    public func lastEvent(of id: NodeID) throws(StoreError) -> Int64 {
        try readers.read { db throws(StoreError) in
            guard let row = try db.node(id), row.isStream, let stream = row.body else { return 0 }
            return try db.first(
                "SELECT max(id) FROM event WHERE id BETWEEN ? AND ?", Connection.eventID(stream, 0),
                Connection.eventID(stream, Connection.sequenceMax), read: { $0.int(0) }) ?? 0
        }
    }

    /// Whether an event of the far side has been taken over here.
    public func hasArrived(_ key: [UInt8]) throws(StoreError) -> Bool {
        try readers.read { db throws(StoreError) in try db.exists("SELECT 1 FROM arrived WHERE key = ?", key) }
    }

    /// Which node has a path now, if any. - Parameter path: as `FarRecord.path`.
    public func node(at path: [UInt8]) throws(StoreError) -> Node? {
        try readers.read { db throws(StoreError) in try db.node(at: path)?.node }
    }

    /// What the far side has under a path, as far as is known.
    public func farRecord(at path: [UInt8]) throws(StoreError) -> FarRecord? {
        try readers.read { db throws(StoreError) in try db.far(at: path) }
    }

    /// Whether the far side has anything under paths below this one, as far as is known.
    public func hasFarRecords(below path: [UInt8]) throws(StoreError) -> Bool {
        let slash = UInt8(ascii: "/")
        return try readers.read { db throws(StoreError) in
            try db.exists("SELECT 1 FROM far WHERE path > ? AND path < ?", path + [slash], path + [slash + 1])
        }
    }

    /// Puts down what becomes of what is sent, in one transaction.
    ///
    /// - Returns: of each, whether it has been done (`FarBooking.begun`).
    @discardableResult
    public func book(_ bookings: [FarBooking]) throws(StoreError) -> [Bool] {
        try write(isInterruptible: false, leavesDirectories: true, isFromFar: true) { tx throws(StoreError) in
            var done: [Bool] = []
            for booking in bookings { done.append(try tx.book(booking)) }
            return done
        }
    }

    /// A directory has another path, and so has all below it: entries for its children, which bring those of theirs.
    public func journalChildren(of directory: NodeID) throws(StoreError) {
        var last: NodeID?
        repeat {
            last = try write(isInterruptible: false, leavesDirectories: true) { tx throws(StoreError) in
                try tx.journalChildren(of: directory, after: last, most: 1_000)
            }
        } while last != nil
    }
}

extension OutboxEntry {
    /// - Parameter other: of the same node.
    fileprivate mutating func merge(_ other: OutboxEntry?) {
        guard let other else { return }
        generation = max(generation, other.generation)
        change.formUnion(other.change)
        (since, changed) = (min(since, other.since), max(changed, other.changed))
    }
}

extension Connection {
    fileprivate func outboxEntry(of id: NodeID, _ waiting: OutboxEntry?) throws(StoreError) -> OutboxEntry? {
        guard var entry = try outboxEntry(of: id) else { return waiting }
        entry.merge(waiting)
        return entry
    }

    /// The node that a path leads to, the namespace first.
    func node(at path: [UInt8]) throws(StoreError) -> NodeRow? {
        var names = path.split(separator: UInt8(ascii: "/")).map { FileName(unchecked: Array($0)) }
        guard !names.isEmpty, let namespace = Namespace(name: names.removeFirst()) else { return nil }
        var row = try node(namespace.node)
        for name in names {
            guard let parent = row, parent.isDirectory else { return nil }
            row = try child(name, of: parent.id)
        }
        return row
    }
}
