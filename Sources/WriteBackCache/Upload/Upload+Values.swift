import Persist
import SQLiteStore

extension Upload {
    /// What is put down in between.
    private static let eventsMost = 256

    enum Sent {
        /// `hasAttributes`: what goes with the value went with it.
        case record(FarRecord, hasAttributes: Bool)
        case conflict([UInt8])
        /// The node has changed meanwhile: its newer entry brings what it is now.
        case again
    }

    /// The value of a file, or the events of a log. - Returns: what the far side has then, its side data as it was.
    ///
    /// - Parameter isNoted: the record has been put down; else that is done here, before anything is sent.
    func putValue(
        of snapshot: OutboxSnapshot, _ node: Node, _ record: FarRecord, _ side: Side, isNoted: Bool
    ) async throws(StoreError) -> Sent {
        guard node.kind == .file else { return .record(record, hasAttributes: false) }
        if node.isStream { return .record(try await putEvents(of: snapshot, node, record), hasAttributes: false) }
        guard let bytes = record.key else {
            throw StoreError(
                .invalid, key: StoreKey(record.path), hint: "no key of the far side leads to this name")
        }
        let key = StoreKey(bytes)
        let isJSON = FarSum.isJSON(snapshot.shown, as: node.nameClass)
        let sum = FarSum(of: snapshot.content, isJSON: isJSON).digest
        // With something tried, it may have that instead.
        guard record.sum != sum || record.tried != nil else {
            if !isNoted { try await announce(record) }
            return .record(record, hasAttributes: false)
        }
        return try await putFile(of: snapshot, node, record, key, sum, side, isJSON: isJSON, isNoted: isNoted)
    }

    /// How often others may put something between our look and our put.
    private static let roundsMax = 8

    /// Puts the value of a file where the far side has what this one is based on.
    ///
    /// With revisions the far side sees to that itself, and is looked at only where it refuses. Without them it is looked
    /// at first, for values that are not too long.
    private func putFile(
        of snapshot: OutboxSnapshot, _ node: Node, _ known: FarRecord, _ key: StoreKey, _ sum: [UInt8], _ side: Side,
        isJSON: Bool, isNoted: Bool
    ) async throws(StoreError) -> Sent {
        var record = known
        record.doubt()
        // What is known to be there without a revision (another look found it) needs a look for that.
        var looks = !far.putsConditionally || record.revision == nil && record.tried != nil
        for _ in 0..<Self.roundsMax {
            let isConditional = far.putsConditionally
            if looks, isConditional || snapshot.content.count <= options.compareBytesMax {
                if let theirs = try await far.getRevised(key) {
                    let found = FarSum(of: theirs.value, isJSON: isJSON).digest
                    if found != sum, !record.mayHave(found), try await !isUnread(record, key) {
                        return try await meet(snapshot, node, theirs, found, key, record)
                    }
                    (record.sum, record.revision) = (found, theirs.revision)
                    if let meta = theirs.meta { record.meta = side.key == nil ? meta : [] }
                } else {
                    (record.sum, record.revision) = (nil, nil)
                    // Removed by others, and its side data with it.
                    if record.meta != nil { record.meta = [] }
                }
            }
            if record.sum != sum {
                // Put down first: after a crash a value of ours must not look like somebody else's.
                record.isTrying(sum)
                try await announce(record)
                switch try await put(key, snapshot.content, side.carried, over: record, isConditional: isConditional) {
                case .put(let revision, let time):
                    advanced()
                    return .record(record.having(sum, revision, at: time), hasAttributes: side.carried != nil)
                case .conflict, .unconditional:
                    record.doubt()
                    looks = true
                    continue
                }
            }
            if !isNoted { try await announce(record) }
            return .record(record.having(sum, record.revision), hasAttributes: false)
        }
        throw StoreError(.timedOut, key: key, hint: "others put something else there again and again")
    }

    private func put(
        _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes?, over record: FarRecord, isConditional: Bool
    ) async throws(StoreError) -> FarSide.Replaced {
        if let attributes {
            return try await far.put(
                key, value, attributes, replacing: record.revision, isConditional: isConditional)
        }
        if isConditional { return try await far.put(key, value, replacing: record.revision) }
        try await far.put(key, value)
        return .put(nil)
    }

    /// Of a value that stays. Where others have changed that meanwhile, theirs gets them, with its own time: it is taken
    /// over by the next look.
    func setAttributes(
        _ attributes: ValueAttributes, of snapshot: OutboxSnapshot, _ record: inout FarRecord
    ) async throws(StoreError) {
        guard let key = record.key.map({ StoreKey($0) }) else { return }
        var (attributes, revision, isOurs) = (attributes, record.revision, true)
        for _ in 0..<Self.roundsMax {
            // A copy of the object onto itself compares, and then writes what it has read: others may come in between. Where a
            // put does both in one step, what is short is put again.
            let isPut =
                isOurs && revision != nil && far.putsConditionally && snapshot.content.count <= options.compareBytesMax
            let replaced =
                isPut
                ? try await far.put(key, snapshot.content, attributes, replacing: revision, isConditional: true)
                : try await far.setAttributes(attributes, of: key, at: revision)
            if case .put(let new, let time) = replaced {
                advanced()
                // A copy is of whatever was there: only where that is known to be ours its revision is.
                (record.revision, record.modified) = (isOurs && (isPut || new == revision) ? new : nil, time)
                return
            }
            if case .unconditional = replaced {
                if !isPut { revision = nil }
                continue
            }
            guard let theirs = try await far.getRevised(key) else { return }
            guard theirs.revision != revision else {
                // It is what it was, and the far side says that it is not: it does not understand what it was asked.
                revision = nil
                continue
            }
            revision = theirs.revision
            // The same value, put again, or by whom nobody told here.
            if let sum = record.sum, FarSum(of: theirs.value, isJSON: FarSum.isJSON(key)).digest == sum { continue }
            isOurs = false
            attributes.mtime = FarMeta(decoding: theirs.meta).mtime
            (record.sum, record.tried, record.revision) = (nil, nil, nil)
        }
        throw StoreError(.timedOut, key: key, hint: "others put something else there again and again")
    }

    /// Whether what is there is what a listing has told of, and nobody has read here.
    private func isUnread(_ record: FarRecord, _ key: StoreKey) async throws(StoreError) -> Bool {
        guard record.sum == nil, record.tried == nil else { return false }
        return try await far.has(record.revision, at: key) ?? false
    }

    /// The far side has a value that is not ours (R10): edits of different fields of a record merge; else the far side's
    /// gets the name, and what was here is kept.
    private func meet(
        _ snapshot: OutboxSnapshot, _ node: Node, _ theirs: FarValue, _ sum: [UInt8],
        _ key: StoreKey, _ record: FarRecord
    ) async throws(StoreError) -> Sent {
        let metaKey = FarKey.meta(of: snapshot.shown, node.kind, as: node.nameClass).storeKey
        let isJSON = FarSum.isJSON(snapshot.shown, as: node.nameClass)
        let side = try await far.meta(of: theirs, at: metaKey)
        var change = FarChange(
            path: snapshot.shown, value: theirs.value, key: key, metaKey: side.key, meta: side.meta, isJSON: isJSON,
            isValue: node.nameClass == .document)
        change.revision = theirs.revision
        // Both are made of one value only where the far side had that under this name: one that was moved here was not.
        if isJSON, case .file(let bytes, _) = change.content, let base = try store.baseValue(of: node.id),
            record.mayHave(FarSum(of: base, isJSON: isJSON).digest),
            let merged = JSONMerge.merge(base: base, mine: snapshot.content, theirs: bytes)
        {
            _ = try store.merge(
                snapshot.entry, into: merged, theirs: bytes, sum: sum, revision: theirs.revision,
                at: snapshot.shown.text)
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
                try await announce(record)
            }
            for event in events {
                let sent = record
                // Counted on from the last one that is put down: sent again, it has the same key again.
                var position = EventKey.Position(stored: record.position, writer: writer)
                if !(record.isOpen && event.id == record.event) {
                    position = position.next(at: UInt64(max(0, event.time.nanoseconds / 1_000_000)))
                }
                (record.event, record.position, record.isOpen) = (event.id, position.stored, !event.isFinished)
                // Its time will be another when it is continued: after loss of power too it must have this key.
                if record.isOpen {
                    try await announce(record)
                    try store.sync()
                }
                do throws(StoreError) {
                    try await put(EventKey(stream: stream, position: position).storeKey, event.line)
                } catch {
                    // Those before it are not sent again: else a log would go only where all of it goes at once.
                    if !record.isOpen { try await announce(sent) }
                    throw error
                }
            }
            guard events.count == Self.eventsMost else { return record }
            try await announce(record)
        }
    }
}
