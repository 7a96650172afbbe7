import Persist
import SQLiteStore

extension Upload {
    enum Sent {
        /// `hasAttributes`: what goes with the value went with it.
        case record(FarRecord, hasAttributes: Bool)
        case conflict(Yielded)
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
        guard !snapshot.isLong else {
            return try await putLong(of: snapshot, node, record, key, side, isNoted: isNoted)
        }
        let isJSON = FarSum.isJSON(snapshot.shown, as: node.nameClass)
        let sum = FarSum(of: snapshot.content, isJSON: isJSON).digest
        // Documents of one sum may differ in spaces.
        let isOther = isJSON && far.keepsBytes && !snapshot.entry.change.isDisjoint(with: [.content, .name])
        // With something tried, it may have that instead.
        guard record.sum != sum || record.tried != nil || isOther else {
            if !isNoted { guard try await announce(record) else { return .again } }
            return .record(record, hasAttributes: false)
        }
        return try await putFile(
            .whole(snapshot.content), sum, of: snapshot, node, record, key, side, isNoted: isNoted)
    }

    /// How often others may put something between our look and our put.
    private static let roundsMax = 8

    /// A value that is to be put.
    enum Outgoing {
        case whole([UInt8])
        /// All of it has been sent, and waits to be made the value.
        case parts(PartedUpload, [PartReceipt])
    }

    /// Puts the value of a file where the far side has what this one is based on.
    ///
    /// With revisions the far side sees to that itself, and is looked at only where it refuses. Without them it is looked
    /// at first, for values that are not too long.
    func putFile(
        _ value: Outgoing, _ sum: [UInt8], of snapshot: OutboxSnapshot, _ node: Node, _ known: FarRecord,
        _ key: StoreKey, _ side: Side, isNoted: Bool
    ) async throws(StoreError) -> Sent {
        let isJSON = FarSum.isJSON(snapshot.shown, as: node.nameClass)
        var record = known
        record.doubt()
        // What is known to be there without a revision (another look found it) needs a look for that.
        var looks = !far.putsConditionally || record.revision == nil && record.tried != nil
        var isConditional = far.putsConditionally
        var isGone = false
        for _ in 0..<Self.roundsMax {
            var (isThere, isAnnounced) = (false, false)
            if looks, isConditional || snapshot.isLong || snapshot.content.count <= options.compareBytesMax {
                let looked = record
                if !isConditional {
                    // Others may come between the look and the put: what waits for the disk goes before.
                    record.isTrying(sum)
                    guard try await announce(record) else { return .again }
                    isAnnounced = true
                }
                if let theirs = try await far.found(at: key, isJSON: isJSON, known: record.revision) {
                    if let found = theirs.sum {
                        if found != sum, !record.mayHave(found), try await !isUnread(looked, key) {
                            return try await meet(snapshot, node, theirs, found, key, record)
                        }
                        record.sum = found
                        isThere = found == sum && isSame(theirs, as: snapshot)
                    }
                    record.revision = theirs.revision
                    if theirs.sum != nil, let meta = try await far.carried(by: theirs) {
                        record.meta = side.key == nil ? meta : []
                    }
                } else {
                    (record.sum, record.revision) = (nil, nil)
                    // Removed by others, and its side data with it; or replaced by a symlink, which yields to what was changed.
                    if record.meta != nil { record.meta = [] }
                    if side.key == nil {
                        try await delete(FarKey.meta(of: snapshot.shown, node.kind, as: node.nameClass).storeKey)
                    }
                }
            }
            if !isThere {
                guard !isGone else {
                    if case .parts(let upload, _) = value {
                        // What of it is there still is of no use to anyone.
                        do throws(StoreError) { try await far.abandon(upload) } catch { options.log("\(error)") }
                    }
                    try await books.book(.endedUpload(node.id))
                    throw StoreError(.timedOut, key: key, hint: "the far side has dropped its parts: all are sent anew")
                }
                // Put down first: after a crash a value of ours must not look like somebody else's.
                if !isAnnounced {
                    record.isTrying(sum)
                    guard try await announce(record) else { return .again }
                }
                switch try await put(value, at: key, side.carried, over: record, isConditional: isConditional) {
                case .put(let revision, let time):
                    advanced()
                    return .record(record.having(sum, revision, at: time), hasAttributes: side.carried != nil)
                case .conflict: break
                case .unconditional: isConditional = false
                case nil: isGone = true
                }
                record.doubt()
                looks = true
                continue
            }
            if !isNoted { guard try await announce(record) else { return .again } }
            return .record(record.having(sum, record.revision), hasAttributes: false)
        }
        throw StoreError(.timedOut, key: key, hint: "others put something else there again and again")
    }

    /// Of two with one sum. Documents of one may differ in spaces, which a far side has that keeps bytes.
    private func isSame(_ theirs: FarFound, as snapshot: OutboxSnapshot) -> Bool {
        guard case .whole(let value, _) = theirs, far.keepsBytes else { return true }
        return value.value == snapshot.content
    }

    /// - Returns: nil: there is no such upload any more; it may be complete.
    private func put(
        _ value: Outgoing, at key: StoreKey, _ attributes: ValueAttributes?, over record: FarRecord,
        isConditional: Bool
    ) async throws(StoreError) -> FarSide.Replaced? {
        switch value {
        case .parts(let upload, let parts):
            let condition: PutCondition = isConditional ? .replacing(record.revision) : .none
            return try await far.complete(upload, of: parts, on: condition)
        case .whole(let value):
            return try await put(key, value, attributes, over: record, isConditional: isConditional)
        }
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
        // Put down first: it may get another revision, and an answer that is lost must not make the value look like that of
        // others, which stays when the file is removed here.
        var tried = record
        tried.doubt()
        try await putDown(tried)
        for _ in 0..<Self.roundsMax {
            // A copy of the object onto itself compares, and then writes what it has read: others may come in between. Where a
            // put does both in one step, what is short is put again.
            let isPut =
                isOurs && revision != nil && far.putsConditionally && !snapshot.isLong
                && snapshot.content.count <= options.compareBytesMax
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
            let isJSON = FarSum.isJSON(key)
            guard let theirs = try await far.found(at: key, isJSON: isJSON, known: revision) else { return }
            guard theirs.revision != revision else {
                // It is what it was, and the far side says that it is not: it does not understand what it was asked.
                revision = nil
                continue
            }
            revision = theirs.revision
            // The same value, put again, or by whom nobody told here.
            if let sum = record.sum, theirs.sum == sum { continue }
            isOurs = false
            attributes.mtime = FarMeta(decoding: try await far.carried(by: theirs)).mtime
            (record.sum, record.tried, record.revision) = (nil, nil, nil)
        }
        throw StoreError(.timedOut, key: key, hint: "others put something else there again and again")
    }

    /// Whether what is there is what a listing has told of, and nobody has read here.
    private func isUnread(_ record: FarRecord, _ key: StoreKey) async throws(StoreError) -> Bool {
        guard record.sum == nil, record.isUntried else { return false }
        return try await far.has(record.revision, at: key) ?? false
    }

    /// The far side has a value that is not ours (R10): edits of different fields of a record merge; else the far side's
    /// gets the name, and what was here is kept.
    private func meet(
        _ snapshot: OutboxSnapshot, _ node: Node, _ theirs: FarFound, _ sum: [UInt8],
        _ key: StoreKey, _ record: FarRecord
    ) async throws(StoreError) -> Sent {
        let metaKey = FarKey.meta(of: snapshot.shown, node.kind, as: node.nameClass).storeKey
        let side = try await far.meta(of: try await far.carried(by: theirs), at: metaKey)
        let change = FarChange(
            path: snapshot.shown, theirs, key: key, metaKey: side.key, meta: side.meta,
            isValue: node.nameClass == .document)
        // Both are made of one value only where the far side had that under this name: one that was moved here was not.
        let isJSON = FarSum.isJSON(snapshot.shown, as: node.nameClass)
        if isJSON, case .file(let bytes, _) = change.content, let base = try store.baseValue(of: node.id),
            record.mayHave(FarSum(of: base, isJSON: isJSON).digest),
            let merged = JSONMerge.merge(base: base, mine: snapshot.content, theirs: bytes)
        {
            _ = try store.merge(
                snapshot.entry, into: merged, theirs: bytes, sum: sum, revision: theirs.revision,
                at: snapshot.shown.text)
            return .again
        }
        do throws(StoreError) {
            guard let kept = try store.yield(snapshot.entry, to: change, isLong: snapshot.isLong) else { return .again }
            return .conflict(kept)
        } catch {
            guard error.kind == .rejected else { throw error }
            throw StoreError(
                .rejected, key: key,
                hint: "what others have put there is no record (\(error.hint ?? "not valid")): it has to be changed "
                    + "or removed there, or the file here renamed")
        }
    }
}
