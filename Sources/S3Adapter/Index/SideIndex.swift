internal import Persist
internal import Synchronization

/// What lies with objects, written down compactly: a listing tells of names alone, and to ask for each would cost a request
/// a file.
///
/// Written in the background by whoever puts, read by whoever looks at much. A hint: without it everything is found out by
/// asking, and nothing fails with it.
final class SideIndex: Sendable {
    private struct State {
        var pending = IndexPending()
        var isWaiting = false
        var isClosed = false
        /// The last segment.
        var isWritten = false
        var written = 0
        var table: IndexTable?
        var loaded: Set<IndexSegments.Segment> = []
        var listed: ContinuousClock.Instant?
        var loading: Task<IndexTable?, Never>?
    }

    private let segments: IndexSegments
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// To ask for so few costs no more than to read an index.
    private static let askedMax = 2
    /// What others write is not looked for more often.
    private static let freshFor = Duration.seconds(5)
    /// What has not been used for so long is not kept in memory.
    private static let keptFor = Duration.seconds(60)
    private static let loadedAtOnce = 8
    /// At the end of a mount, a segment is written for so many.
    private static let lastCountMin = 8
    private static let closingFor = Duration.seconds(3)
    /// After so many segments of its own, it is seen whether small ones can be merged: as many of one size as this.
    private static let mergedMin = 8
    private static let levels: [Range<UInt64>] = [0..<(1 << 20), (1 << 20)..<(4 << 20)]
    /// No segment becomes longer than that by it.
    private static let mergedBytesMax: UInt64 = 24 << 20

    init(_ service: S3Service, _ keys: ObjectKeys) { segments = IndexSegments(service: service, keys: keys) }

    private var now: Int64 { Int64((ContinuousClock.now - start) / .milliseconds(1)) }

    // MARK: What is put from here

    func note(_ entry: IndexEntry) {
        let now = now
        state.withLock { $0.pending.note(entry, now: now) }
        wait()
    }

    func noteDeleted(_ name: [UInt8]) { state.withLock { $0.pending.noteDeleted(name) } }

    /// What is known of it is not certain any more.
    func forget(_ name: [UInt8]) { state.withLock { $0.pending.forget(name) } }

    private func wait() {
        let now = now
        let begins = state.withLock { state in
            guard !state.isWaiting, !state.isClosed, state.pending.due(now: now) != nil else { return false }
            state.isWaiting = true
            return true
        }
        guard begins else { return }
        Task.detached { [weak self] in
            while let wait = self?.due() {
                guard wait == 0 else {
                    try? await Task.sleep(for: .milliseconds(wait))
                    continue
                }
                if await self?.write(isLast: false) == false { try? await Task.sleep(for: .seconds(10)) }
            }
        }
    }

    /// nil: nothing is to be written, and nobody waits any more.
    private func due() -> Int64? {
        let now = now
        return state.withLock { state in
            let due = state.isClosed ? nil : state.pending.due(now: now)
            state.isWaiting = due != nil
            return due
        }
    }

    private func write(isLast: Bool) async -> Bool {
        let now = now
        let entries = state.withLock { $0.pending.take(now: now, isLast: isLast) }
        guard !entries.isEmpty else { return true }
        do throws(StoreError) {
            try await segments.write(entries)
            let count = state.withLock { state in
                state.written += 1
                return state.written
            }
            if count % Self.mergedMin == 0 { try await merge() }
            return true
        } catch {
            state.withLock { state in
                // Who may only read writes none.
                if error.isTransient { state.pending.putBack(entries, now: now) } else { state.isClosed = true }
            }
            return false
        }
    }

    /// Many small segments become one.
    private func merge() async throws(StoreError) {
        let all = try await segments.list()
        for level in Self.levels {
            var bytes: UInt64 = 0
            let small = all.filter { segment in
                guard level.contains(segment.size), bytes + segment.size <= Self.mergedBytesMax else { return false }
                bytes += segment.size
                return true
            }
            guard small.count >= Self.mergedMin else { continue }
            let deleted = state.withLock { $0.pending.deleted }
            var latest: [[UInt8]: [IndexEntry]] = [:]
            for entry in try await segments.entries(of: small) where !deleted.contains(entry.name) {
                let known = latest[entry.name]?.first?.time ?? .min
                if entry.time > known {
                    latest[entry.name] = [entry]
                } else if entry.time == known, latest[entry.name]?.contains(entry) == false {
                    latest[entry.name]?.append(entry)
                }
            }
            let merged = latest.values.joined().sorted { $0.name.lexicographicallyPrecedes($1.name) }
            if !merged.isEmpty { try await segments.write(merged) }
            try await segments.delete(small)
            state.withLock { $0.pending.forgetDeleted(deleted) }
        }
    }

    /// Writes what is worth it, and no more after that. - Returns: within some seconds, whatever the bucket does.
    func close() async {
        let isWorthIt = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed && state.pending.count >= Self.lastCountMin
        }
        guard isWorthIt else { return }
        let writing = Task.detached {
            _ = await self.write(isLast: true)
            self.state.withLock { $0.isWritten = true }
        }
        let end = ContinuousClock.now + Self.closingFor
        while !state.withLock({ $0.isWritten }), ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
        writing.cancel()
    }

    // MARK: What is asked

    /// What is known of objects of a listing, in their order.
    ///
    /// - Parameter objects: without the prefix of the store.
    func entries(of objects: [(name: [UInt8], entry: KeyEntry)]) async -> [IndexEntry?] {
        guard !objects.isEmpty, let table = await table(forMany: objects.count > Self.askedMax) else {
            return objects.map { _ in nil }
        }
        return objects.map { name, entry in
            table.entry(of: name, etag: entry.revision.bytes, modified: entry.modified)
        }
    }

    /// - Parameter isMany: it is worth reading all of the index for.
    private func table(forMany isMany: Bool) async -> IndexTable? {
        let loading: Task<IndexTable?, Never>? = state.withLock { state in
            if let loading = state.loading { return loading }
            if let listed = state.listed, ContinuousClock.now - listed < Self.freshFor { return nil }
            guard isMany || state.table != nil else { return nil }
            let task = Task.detached { await self.load() }
            state.loading = task
            return task
        }
        guard let loading else { return state.withLock { $0.table } }
        return await loading.value
    }

    private func load() async -> IndexTable? {
        let (known, table) = state.withLock { state in
            defer { state.table = nil }
            return (state.loaded, state.table ?? IndexTable())
        }
        var new = table
        var loaded = known
        do throws(StoreError) {
            let all = try await segments.list().filter { $0.size <= IndexSegments.bytesMax }
            let missing = all.filter { !known.contains($0) }
            var rest = missing[...]
            while !rest.isEmpty {
                // Not all of them in memory at once.
                let piece = Array(rest.prefix(Self.loadedAtOnce))
                rest = rest.dropFirst(piece.count)
                for entry in try await segments.entries(of: piece) { new.add(entry) }
                loaded.formUnion(piece)
            }
        } catch {
            // Everything is asked for then.
        }
        let (result, segments) = (new, loaded)
        state.withLock { state in
            (state.table, state.loaded, state.listed, state.loading) = (result, segments, .now, nil)
        }
        forgetLater()
        return result
    }

    private func forgetLater() {
        Task.detached { [weak self] in
            try? await Task.sleep(for: Self.keptFor)
            self?.state.withLock { state in
                guard let listed = state.listed, ContinuousClock.now - listed >= Self.keptFor else { return }
                (state.table, state.loaded, state.listed) = (nil, [], nil)
            }
        }
    }
}
