public import Persist

/// Taking over what the far side has. Nothing of it is sent back; the observer is told of it. Any thread.
extension SQLiteStore {
    /// Each of them, or none of it: what cannot be shown is refused, and the others go on.
    ///
    /// - Parameter asked: when the far side was asked. What has been sent since then stays.
    /// - Returns: what became of each.
    public func apply(_ changes: [FarChange], asked: Timestamp) throws(StoreError) -> [FarOutcome] {
        do throws(StoreError) {
            return try apply(changes) { tx, change throws(StoreError) in try tx.apply(change, asked: asked) }
        } catch {
            guard error.isOfOneRow else { throw error }
        }
        // One by one, to find which: for each savepoint SQLite copies all pages that are changed after it.
        return try apply(changes) { tx, change throws(StoreError) in
            try tx.orRefuse { () throws(StoreError) in try tx.apply(change, asked: asked) }
        }
    }

    private func apply(
        _ changes: [FarChange], _ body: (Transaction, FarChange) throws(StoreError) -> FarOutcome
    ) throws(StoreError) -> [FarOutcome] {
        try write(isInterruptible: false, isFromFar: true) { tx throws(StoreError) in
            var outcomes: [FarOutcome] = []
            outcomes.reserveCapacity(changes.count)
            for change in changes { outcomes.append(try body(tx, change)) }
            return outcomes
        }
    }

    /// Appends events that are not here yet, in the order given.
    ///
    /// - Parameters:
    ///   - names: of the log below events/; it is made where it is not there.
    ///   - events: with their keys on the far side.
    /// - Returns: how many were new, and why one was refused, where one was.
    public func appendFromFar(
        _ events: [(key: [UInt8], event: LogEvent)], to names: [FileName]
    ) throws(StoreError) -> (added: Int, refusal: String?) {
        try write(isInterruptible: false, isFromFar: true) { tx throws(StoreError) in
            var (added, refusal): (Int, String?) = (0, nil)
            for (key, event) in events
            where try !tx.db.exists("SELECT 1 FROM arrived WHERE key = ?", key) {
                let outcome = try tx.orRefuse { () throws(StoreError) in
                    try tx.append(event, key: key, to: names)
                    return .applied
                }
                if case .refused(let words) = outcome { refusal = words } else { added += 1 }
            }
            return (added, refusal)
        }
    }

    /// What a record that waits to be sent was changed from; nil where the far side had none.
    public func baseValue(of id: NodeID) throws(StoreError) -> [UInt8]? {
        try readers.read { db throws(StoreError) in
            try db.first("SELECT value FROM base WHERE ino = ?", id, read: { $0.bytes(0) })
        }
    }

    /// The record that is still to be sent becomes one with what others have made of it (R10).
    ///
    /// - Parameters:
    ///   - theirs: the value of the far side, which it is based on from now on; `sum` and `revision` are those of it.
    /// - Returns: false where the node has changed since `entry`, and nothing was done.
    public func merge(
        _ entry: OutboxEntry, into merged: [UInt8], theirs: [UInt8], sum: [UInt8], revision: Revision?,
        at path: [UInt8]
    ) throws(StoreError) -> Bool {
        try write(isInterruptible: false) { tx throws(StoreError) in
            guard try tx.db.outboxEntry(of: entry.node)?.generation == entry.generation,
                var record = try tx.db.far(at: path)
            else { return false }
            _ = try tx.publish(Publication(node: entry.node, content: .bytes(merged), mtime: tx.now))
            tx.foreign.append(.content(entry.node))
            (record.sum, record.tried, record.revision, record.time) = (sum, nil, revision, tx.now)
            try tx.putFar(record)
            try tx.db.run("INSERT OR REPLACE INTO base(ino, value) VALUES (?, ?)", entry.node, theirs)
            return true
        }
    }

    /// Where the far side's value of a document stands against one that is still to be sent (R10): the far one gets the
    /// name, the local one is kept in `.persist/conflicts`.
    ///
    /// - Parameter isLong: it is too long for that, and stays a file, beside the other one. So does one that
    ///   somebody has open for writing.
    /// - Returns: where; nil where the node has changed since `entry`, and nothing was done.
    public func yield(_ entry: OutboxEntry, to theirs: FarChange, isLong: Bool) throws(StoreError) -> Yielded? {
        try write(isInterruptible: false, isFromFar: true) { tx throws(StoreError) in
            guard try tx.db.outboxEntry(of: entry.node)?.generation == entry.generation,
                let row = try tx.db.node(entry.node), !row.node.isUnlinked
            else { return nil }
            // Who has it open for writing goes on with what is here: neither reading nor writing is to go on in theirs.
            let isWritten = !row.isDocument && tx.mount.holds.isWriting(row.id)
            if isLong || isWritten { return .beside(try tx.yieldName(row, to: theirs)) }
            let kept = try tx.keepConflict(try tx.db.bytes(of: row), of: row, "changed on the far side")
            // Who waits for the change waits for what is left of it.
            tx.firstGeneration = try tx.db.first(
                "DELETE FROM outbox WHERE ino = ? RETURNING first", entry.node, read: { $0.int(0) })
            try tx.db.run("DELETE FROM base WHERE ino = ?", entry.node)
            try tx.db.run("DELETE FROM far WHERE path = ?", theirs.path)
            _ = try tx.apply(theirs, asked: nil)
            // What it was moved from is to go from the far side all the same.
            if try tx.db.far(of: entry.node).contains(where: { $0.path != theirs.path }) {
                tx.journalled[entry.node, default: []].formUnion(.name)
            }
            return .kept(kept)
        }
    }
}

/// Where the local side of a conflict is.
public enum Yielded: Sendable, Equatable {
    /// A path below `.persist/conflicts`.
    case kept([UInt8])
    /// The path of a file.
    case beside([UInt8])
}

extension Transaction {
    /// What is wrong with this one thing must not keep all others from coming.
    func orRefuse(_ body: () throws(StoreError) -> FarOutcome) throws(StoreError) -> FarOutcome {
        switch try undoing(where: \.isOfOneRow, body) {
        case .success(let outcome): outcome
        case .failure(let error): .refused("\(error)")
        }
    }

    fileprivate func append(_ event: LogEvent, key: [UInt8], to names: [FileName]) throws(StoreError) {
        var names = names
        guard let last = names.popLast() else { throw StoreError(.invalid, hint: "a log needs a name") }
        var parent = Namespace.events.node
        for name in names { parent = try makeDirectory(name, in: parent) }
        let there = try db.child(last, of: parent)
        let id = if let there { there.id } else { try newNodeID() }
        let creation = Creation(
            id: id, parent: parent, name: last, kind: .file, mode: nil, uid: nil, gid: nil, time: event.time)
        _ = try append(
            Append(
                stream: id, creation: there == nil ? creation : nil, bytes: event.line + [UInt8(ascii: "\n")],
                start: .newLine, time: event.time))
        guard let stream = try fresh(id).body, let sequence = try db.lastEvent(of: stream)?.sequence else {
            throw StoreError(.corrupt, hint: "a log without the event that it has just got")
        }
        try db.run(
            "INSERT INTO arrived(key, event) VALUES (?, ?)", key, Connection.eventID(stream, sequence))
    }
}
