import Persist
import SQLiteStore

extension Upload {
    /// What is put down in between.
    private static let eventsMost = 256

    enum Sent {
        case record(FarRecord)
        case conflict([UInt8])
        /// The node has changed meanwhile: its newer entry brings what it is now.
        case again
    }

    /// The value of a file, or the events of a log. - Returns: what the far side has then, its side data as it was.
    func putValue(of snapshot: OutboxSnapshot, _ node: Node, _ record: FarRecord) async throws(StoreError) -> Sent {
        guard node.kind == .file else { return .record(record) }
        if node.isStream { return .record(try await putEvents(of: snapshot, node, record)) }
        guard let bytes = record.key else {
            throw StoreError(
                .invalid, key: StoreKey(record.path), hint: "no key of the far side leads to this name")
        }
        var record = record
        let key = StoreKey(bytes)
        let isJSON = FarSum.isJSON(snapshot.shown, as: node.nameClass)
        let sum = FarSum(of: snapshot.content, isJSON: isJSON).digest
        // With something tried, it may have that instead.
        if record.sum != sum || record.tried != nil {
            record.doubt()
            if snapshot.content.count <= options.compareBytesMax {
                if let theirs = try await far.get(key) {
                    let found = FarSum(of: theirs, isJSON: isJSON).digest
                    if found != sum, !record.mayHave(found) {
                        return try await meet(snapshot, node, theirs, found, key)
                    }
                    record.sum = found
                } else if record.meta != nil {
                    // Removed by others, and its side data with it.
                    record.meta = []
                }
            }
            if record.sum != sum {
                // Put down first: after a crash a value of ours must not look like somebody else's.
                record.tried = (record.sum == nil ? record.tried ?? [] : []) + sum
                try announce(record)
                try await far.put(key, snapshot.content)
                record.sum = sum
            }
            record.tried = nil
        }
        return .record(record)
    }

    /// The far side has a value that is not ours (R10): edits of different fields of a record merge; else the far side's
    /// gets the name, and what was here is kept.
    private func meet(
        _ snapshot: OutboxSnapshot, _ node: Node, _ theirs: [UInt8], _ sum: [UInt8], _ key: StoreKey
    ) async throws(StoreError) -> Sent {
        let metaKey = FarKey.meta(of: snapshot.shown, node.kind, as: node.nameClass).storeKey
        let isJSON = FarSum.isJSON(snapshot.shown, as: node.nameClass)
        let change = FarChange(
            path: snapshot.shown, value: theirs, key: key, metaKey: metaKey, meta: try await far.get(metaKey),
            isJSON: isJSON, isValue: node.nameClass == .document)
        if isJSON, case .file(let bytes, _) = change.content, let base = try store.baseValue(of: node.id),
            let merged = JSONMerge.merge(base: base, mine: snapshot.content, theirs: bytes)
        {
            _ = try store.merge(snapshot.entry, into: merged, theirs: bytes, sum: sum, at: snapshot.shown.text)
            return .again
        }
        guard let kept = try store.yield(snapshot.entry, to: change) else { return .again }
        return .conflict(kept)
    }

    /// Its own events that have not been sent, each under a key of its own, in their order.
    private func putEvents(
        of snapshot: OutboxSnapshot, _ node: Node, _ record: FarRecord
    ) async throws(StoreError) -> FarRecord {
        var record = record
        guard let stream = EventKey.stream(of: snapshot.shown) else {
            throw StoreError(
                .invalid, key: StoreKey(snapshot.shown.text), hint: "no key of the far side leads to this log")
        }
        let prefix = EventKey.prefix(ofStream: stream)
        while true {
            let (events, isAnew) = try store.logEvents(
                of: node.id, after: record.event, again: record.isOpen, limit: Self.eventsMost)
            if isAnew {
                try await removeEvents(below: prefix)
                (record.event, record.isOpen) = (0, false)
                try announce(record)
            }
            for event in events {
                // Counted on from the last one that is put down: sent again, it has the same key again.
                var position = EventKey.Position(stored: record.position, writer: writer)
                if !(record.isOpen && event.id == record.event) {
                    position = position.next(at: UInt64(max(0, event.time.nanoseconds / 1_000_000)))
                }
                (record.event, record.position, record.isOpen) = (event.id, position.stored, !event.isFinished)
                // Its time will be another when it is continued.
                if record.isOpen { try announce(record) }
                try await far.put(EventKey(stream: stream, position: position).storeKey, event.line)
            }
            guard events.count == Self.eventsMost else { return record }
            try announce(record)
        }
    }
}
