import Persist
import SQLiteStore

/// Tells the far side of one node: what is here of it is put, what it was before is deleted.
///
/// The value goes first, its side data second; what goes away, the value first too: whoever sees one without the other
/// takes the value. All of it may be done again: a crash, or an answer that was lost, costs requests and nothing else.
struct Upload {
    enum Outcome: Sendable, Equatable {
        /// The far side has what was here at this generation of the entry.
        case sent(through: Int64)
        /// The node has changed meanwhile: its newer entry brings what it is now.
        case changed
        /// There is no entry any more.
        case nothing
        /// The far side had another value: that has the name now, and what was here is elsewhere.
        case conflict(Yielded, through: Int64)
    }

    let store: SQLiteStore
    let far: FarSide
    let fetcher: Fetcher
    let claims: PathClaims
    let books: Bookkeeper
    let options: WriteBackCacheOptions
    /// Of this cache, in the keys of its events.
    let writer: UInt32

    /// Told of each change that the far side has done.
    var advanced: @Sendable () -> Void = {}

    func send(_ id: NodeID) async throws(StoreError) -> Outcome {
        var isSecond = false
        while true {
            guard let first = try await snapshot(id) else { return .nothing }
            let paths = first.paths
            let isAtOnce = await claims.take(paths)
            defer { claims.give(paths) }
            // As it is now: it may have changed before its paths were free.
            let isCurrent = isAtOnce && first.isOfOnePath
            guard let snapshot = isCurrent ? first : try await snapshot(id) else { return .nothing }
            guard paths.isSuperset(of: snapshot.paths) else { continue }
            do throws(StoreError) { return try await send(snapshot) } catch {
                let judged = try judged(error, at: snapshot.shown)
                // What was in the way may have gone from there between the refusal and the look at what was.
                guard Self.isOfWay(judged.kind), !isSecond else { throw judged }
                isSecond = true
            }
        }
    }

    private func snapshot(_ id: NodeID) async throws(StoreError) -> OutboxSnapshot? {
        do throws(StoreError) {
            return try store.outboxSnapshot(
                of: id, contentBytesMax: valueBytesMax, longBytesMin: far.parted?.partedBytesMin)
        } catch {
            // It moved, or its mode changed, while its content was on the far side alone.
            guard error.kind == .absent else { throw error }
            _ = try await bring(id)
            return try store.outboxSnapshot(
                of: id, contentBytesMax: valueBytesMax, longBytesMin: far.parted?.partedBytesMin)
        }
    }

    /// - Returns: false where others have removed it meanwhile: nobody has its content any more, and so its new name has gone
    ///   too.
    func bring(_ id: NodeID) async throws(StoreError) -> Bool {
        do throws(StoreError) { try await fetcher.bring(id) } catch {
            guard error.kind == .stale, let path = try store.removeAway(id) else { throw error }
            options.log(
                "\(String(decoding: path, as: UTF8.self)): removed: its content was on the far side alone, where others "
                    + "have removed it")
            return false
        }
        return true
    }

    private var valueBytesMax: UInt64 { WriteBackCache.valueBytesMax(of: far.adapter, options) }

    private func send(_ snapshot: OutboxSnapshot) async throws(StoreError) -> Outcome {
        // Of what is not there any more, or goes in one piece now.
        if let upload = snapshot.upload, !snapshot.isLong { try await giveUp(upload) }
        guard let node = snapshot.node, snapshot.isKept else {
            let heirs = try await remove(snapshot.records, of: snapshot.entry.node, except: nil)
            try await books.book(
                .ended(.init(snapshot.entry, records: heirs, removed: snapshot.records.map(\.path))))
            return .sent(through: snapshot.entry.generation)
        }
        if node.kind == .directory, snapshot.entry.change.contains(.name) { try store.journalChildren(of: node.id) }
        let side = Side(of: snapshot, node, by: far)
        let begun: (record: FarRecord, isNoted: Bool)
        switch try await begin(snapshot, node, side) {
        case .begun(let record, let isNoted): begun = (record, isNoted)
        case .moved: return .changed
        case .yields(let path):
            let old = snapshot.records.filter { $0.path != path }
            let heirs = try await remove(old, of: node.id, except: nil)
            try await books.book(.ended(.init(snapshot.entry, records: heirs, removed: [path] + old.map(\.path))))
            options.log(
                "\(String(decoding: path, as: UTF8.self)): not sent: others have changed the file that it was to replace, which comes back"
            )
            return .sent(through: snapshot.entry.generation)
        }
        var record: FarRecord
        switch try await putValue(of: snapshot, node, begun.record, side, isNoted: begun.isNoted) {
        case .conflict(let kept): return .conflict(kept, through: snapshot.entry.generation)
        case .again: return .changed
        case .record(let found, let hasAttributes):
            record = found
            if !hasAttributes, record.meta != side.encoded, let attributes = side.carried {
                try await setAttributes(attributes, of: snapshot, &record)
            }
        }
        if record.meta != side.encoded {
            if let key = record.metaKey {
                record.metaRevision = try await far.putSide(StoreKey(key), side.encoded)
                advanced()
            }
            record.meta = side.encoded
        }
        let old = snapshot.records.filter { $0.path != record.path }
        let heirs = try await remove(old, of: node.id, except: record)
        record.time = .now()
        let content = node.isDocument && node.namespace == .records ? snapshot.content : nil
        try await books.book(
            .ended(
                .init(snapshot.entry, records: [record] + heirs, content: content, removed: old.map(\.path))))
        return .sent(through: snapshot.entry.generation)
    }

    /// Puts down which keys the far side will have, before it has them: what an answer that is lost leaves there is found
    /// again. What it had under this path as something else goes away.
    ///
    private func begin(_ snapshot: OutboxSnapshot, _ node: Node, _ side: Side) async throws(StoreError) -> Beginning {
        let path = snapshot.shown.text
        // What had this name may have another by now, and its only copy may still be here.
        if let key = snapshot.valueKey { try await fetcher.secure(StoreKey(key), of: node.id) }
        let known = try store.farRecord(at: path)
        if let old = known?.key { try await fetcher.secure(StoreKey(old), of: node.id) }
        var record = known ?? FarRecord(path: path, node: node.id, time: .now())
        record.node = node.id
        // Its sum is that of another content.
        if snapshot.isLong, known?.node != node.id { record.doubt() }
        let key = snapshot.valueKey
        // What is there goes before what is here comes: from now on nobody may take it for there, also after loss of power.
        if let known, known.key.map({ $0 != key }) ?? false || known.metaKey.map({ $0 != side.key }) ?? false {
            var doubted = known
            doubted.doubt()
            if doubted.meta != nil { doubted.meta = [] }
            try await putDown(doubted)
        }
        if record.key != key {
            if let old = record.key.map({ StoreKey($0) }) {
                try await removeValue(record, old)
                let mayYield = key == nil && node.kind != .directory && !record.isLog
                if mayYield, try await isThere(old) { return .yields(record.path) }
            }
            (record.key, record.sum, record.tried, record.revision, record.event) = (key, nil, nil, nil, 0)
        }
        if record.metaKey != side.key {
            if let old = record.metaKey { try await delete(StoreKey(old)) }
            (record.metaKey, record.meta, record.metaRevision) = (side.key, [], nil)
        }
        guard record != known else { return .begun(record, isNoted: true) }
        // A file's value is put down with its sum, before it goes.
        let isFile = node.kind == .file && !node.isStream && key != nil
        if !isFile { guard try await announce(record) else { return .moved } }
        return .begun(record, isNoted: !isFile)
    }

    private enum Beginning {
        /// `isNoted`: it has been put down.
        case begun(FarRecord, isNoted: Bool)
        /// The node has another path by now.
        case moved
        /// A symlink, or a special file, is to replace a value that others have changed: theirs stays.
        case yields([UInt8])
    }

    func put(_ key: StoreKey, _ value: [UInt8]) async throws(StoreError) {
        try await far.put(key, value)
        advanced()
    }

    func delete(_ key: StoreKey) async throws(StoreError) {
        try await far.delete(key)
        advanced()
    }

    /// Before anything is sent under a path: on this disk, with all that has led to it. The far side may not get ahead of the
    /// disk: after loss of power what it has replaced there would be nowhere.
    ///
    /// - Returns: false: the node has another path by now, and nothing is to be sent.
    func announce(_ record: FarRecord) async throws(StoreError) -> Bool {
        var record = record
        record.time = .now()
        return try await books.book(.begun(record))
    }

    /// Before anything is deleted, or copied, there; as `announce`.
    func putDown(_ record: FarRecord) async throws(StoreError) {
        var record = record
        record.time = .now()
        try await books.book(.doubted(record))
    }

    /// What is under paths that are not the node's any more.
    ///
    /// - Parameter except: what it has now, which stays.
    /// - Returns: records for those who have the paths now: it is theirs to put another value there, and the far side
    ///   is at no moment without one.
    private func remove(
        _ records: [FarRecord], of id: NodeID, except kept: FarRecord?
    ) async throws(StoreError) -> [FarRecord] {
        var heirs: [FarRecord] = []
        for var record in records {
            if let other = try store.node(at: record.path), other.id != id, other.isKept {
                // A directory has the path, and the value is `%self` in it, under the same key: no heir may remove that.
                if let key = record.key, key == kept?.key { continue }
                record.node = other.id
                // What is there is not the heir's: no look, and nobody who makes room, is to take it for that.
                record.doubt()
                if record.meta != nil { record.meta = [] }
                heirs.append(record)
                continue
            }
            let known = record
            // Put down first: whoever comes to have this path must not take for sure that the far side has this still. And what
            // has come instead must be here after loss of power too.
            record.doubt()
            if record.meta != nil { record.meta = [] }
            try await putDown(record)
            if let key = record.key, key != kept?.key { try await removeValue(known, StoreKey(key)) }
            if let key = record.metaKey, key != kept?.metaKey { try await delete(StoreKey(key)) }
        }
        return heirs
    }

    /// What others have changed since is not what was removed here: it stays, and comes back.
    private func removeValue(_ record: FarRecord, _ key: StoreKey) async throws(StoreError) {
        if record.isLog { return try await removeEvents(below: key) }
        if try await far.delete(key, having: record.isUntried ? record.revision : nil) != nil { return advanced() }
        guard let theirs = try await far.found(at: key, isJSON: FarSum.isJSON(key), known: nil) else { return }
        guard let found = theirs.sum, record.mayHave(found) else { return }
        if try await far.delete(key, having: theirs.revision) != nil { return advanced() }
        try await delete(key)
    }

    /// Others have put there what was to be removed.
    private func isThere(_ key: StoreKey) async throws(StoreError) -> Bool {
        try await far.found(at: key, isJSON: FarSum.isJSON(key), known: nil, readsLong: false) != nil
    }
}
