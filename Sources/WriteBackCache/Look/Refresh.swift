import Persist
import SQLiteStore

/// Looks through all that the far side has, and takes over what others have changed there.
///
/// Of an adapter with four methods: one listing of the side data, then one of each kind of value. What has been changed
/// here and not been sent, or sent since the look began, is left to whoever sends it. Only a look that came to its end
/// says that something is gone.
struct Refresh {
    let store: SQLiteStore
    let far: FarSide
    let evictor: Evictor
    let log: @Sendable (String) -> Void
    /// Of this cache, in the keys of its events.
    let writer: UInt32
    let ignored: IgnoredKeys

    /// Paths at a time.
    static let pieceMost = 512
    static let events: StoreKey = "events/"

    /// - Returns: how many paths were changed here.
    @discardableResult
    func run() async throws(StoreError) -> Int {
        let asked = Timestamp.now()
        try store.beginSeeing()
        let values: [StoreKey] = ["records/", "kv/", ".persist/files/", "blobs/"]
        // Where side data has keys of its own, it is seen before the values that it is of.
        let all = far.attributed == nil ? [] : [StoreKey(FarKey.metaPrefix), Self.events] + values
        let listings = await far.openListings(all)
        try await seeMetas(listings[StoreKey(FarKey.metaPrefix)])
        var changed = 0
        var postponed = Postponed()
        for prefix in values { changed += try await take(prefix, listings[prefix], asked, &postponed) }
        changed += try await takeEvents(listings[Self.events])
        changed += try takeWhole(asked)
        changed += try await removeUnseen(asked)
        changed += try await takeReplacing(postponed, asked)
        try store.endSeeing(asked: asked)
        return changed
    }

    private func take(
        _ prefix: StoreKey, _ listing: FarSide.Keys?, _ asked: Timestamp, _ postponed: inout Postponed
    ) async throws(StoreError) -> Int {
        if far.listsKeys {
            do throws(StoreError) { return try await takeKeys(prefix, listing, asked, &postponed) } catch {
                guard error.kind == .unsupported else { throw error }
            }
        }
        var changed = 0
        try await far.listPatiently(prefix, most: Self.pieceMost) { entries async throws(StoreError) in
            changed += try await takeValues(entries, asked, &postponed)
        }
        return changed
    }

    func takeValues(
        _ entries: [StoreEntry], _ asked: Timestamp, _ postponed: inout Postponed
    ) async throws(StoreError) -> Int {
        var found: [(entry: StoreEntry, path: ShownPath, metaPath: ShownPath)] = []
        for (entry, place) in zip(entries, try places(of: entries.map(\.key), &postponed)) {
            if let (path, metaPath, _) = place { found.append((entry, path, metaPath)) }
        }
        let metas = try store.seenMeta(at: found.map { $0.metaPath.text }).map { $0?.meta }
        var changes: [FarChange] = []
        for ((entry, path, metaPath), meta) in zip(found, metas) {
            let isValue = !entry.key.bytes.starts(with: FarKey.filesPrefix)
            changes.append(
                FarChange(
                    path: path, value: entry.value, key: entry.key,
                    metaKey: FarKey.meta(metaPath, isDirectory: false).storeKey, meta: meta,
                    isJSON: FarSum.isJSON(entry.key), isValue: isValue && path.namespace != .blobs))
        }
        let changed = try apply(changes, asked)
        try store.sawValues(at: changes.map(\.path))
        // There may be more of it than this machine has room for.
        try await evictor.evict()
        return changed
    }

    /// Where a value is shown, where its side data is looked for, and what the far side is recorded to have where it is shown.
    typealias Place = (path: ShownPath, metaPath: ShownPath, record: FarRecord?)

    /// nil: nowhere, or not yet.
    func places(of keys: [StoreKey], _ postponed: inout Postponed) throws(StoreError) -> [Place?] {
        let paths = keys.map { key -> (key: FarKey, path: ShownPath)? in
            if let far = FarKey(key), let path = far.path() { return (far, path) }
            log("\(key): not shown: no path leads to this key")
            return nil
        }
        let here = try store.found(at: paths.map { $0?.path.text ?? [] })
        var places: [Place?] = []
        for ((key, known), here) in zip(zip(keys, paths), here) {
            guard let known else {
                places.append(nil)
                continue
            }
            guard let directory = here.directory, let path = known.key.path(isPrefix: true) else {
                places.append((known.path, known.path, here.record))
                continue
            }
            // Of the file that was here before the directory, and that the far side has still.
            let isOld = here.record?.key == key.bytes
            let isPending = try store.isPending(directory)
            let place = (path, known.path, try store.farRecord(at: path.text))
            var isNow = !isOld && !isPending
            if isNow { isNow = try !isPostponed(key, place, of: here.record, &postponed) }
            places.append(isNow ? place : nil)
        }
        return places
    }

    /// What has no value of its own.
    private func takeWhole(_ asked: Timestamp) throws(StoreError) -> Int {
        // A directory after what is in it: its times are those that it has there.
        var (changed, last): (Int, [UInt8]?) = (0, nil)
        while true {
            let piece = try store.seen(before: last, limit: Self.pieceMost)
            guard let end = piece.last else { return changed }
            last = end.path
            var changes: [FarChange] = []
            for (seenPath, meta, revision, hasValue) in piece {
                let text = seenPath.last == FarKey.slash ? seenPath.dropLast() : seenPath[...]
                guard let path = ShownPath(text: text) else { continue }
                let decoded = FarMeta(decoding: meta)
                // Two machines have made a symlink and a value at one moment: the value counts, on all machines.
                if hasValue, !decoded.isOfLog(at: path) { continue }
                let isDirectory = decoded.kind == .directory
                let key = FarKey.meta(path, isDirectory: isDirectory).storeKey
                if var change = FarChange(path: path, metaKey: key, meta: meta) {
                    change.metaRevision = revision
                    changes.append(change)
                }
            }
            changed += try apply(changes, asked)
        }
    }

    /// A listing may miss what changes while it is made: what is not in it is asked for before it is taken away here.
    private func removeUnseen(_ asked: Timestamp) async throws(StoreError) -> Int {
        var (changed, last): (Int, [UInt8]?) = (0, nil)
        while true {
            let piece = try store.unseen(before: last, limit: Self.pieceMost)
            guard let end = piece.last else { return changed }
            last = end.path
            var changes: [FarChange] = []
            for record in piece {
                guard let path = ShownPath(text: record.path[...]), try !store.isPending(record.node) else { continue }
                let key = record.isLog ? nil : record.key
                if let key = key ?? record.metaKey, try await isThere(StoreKey(key)) { continue }
                changes.append(FarChange(namespace: path.namespace, names: path.names, content: .nothing))
            }
            changed += try apply(changes, asked)
        }
    }

    /// What the far side cannot show is not gone.
    private func isThere(_ key: StoreKey) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try await far.getPatiently(key) != nil
        } catch {
            guard !error.isTransient else { throw error }
            log("\(error)")
            return true
        }
    }

    func apply(_ changes: [FarChange], _ asked: Timestamp) throws(StoreError) -> Int {
        guard !changes.isEmpty else { return 0 }
        var changed = 0
        for (change, outcome) in zip(changes, try store.apply(changes, asked: asked)) {
            switch outcome {
            case .applied: changed += 1
            case .unchanged, .notNow: break
            case .refused(let words):
                log("\(String(decoding: change.path, as: UTF8.self)): not taken over: \(words)")
            }
        }
        return changed
    }
}
