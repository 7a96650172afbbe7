import Persist
import SQLiteStore
import Synchronization

/// Brings content that is not on this machine: whole, or of long files the parts that somebody reads and what comes next.
/// Each part once, for all who wait for it.
final class Fetcher: Sendable {
    private let store: SQLiteStore
    private let far: FarSide
    private let wholeBytesMax: UInt64
    private let state = Mutex(Flights())
    /// A file may be changed by others just then, each time.
    private static let roundsMax = 4
    /// What is shorter is fetched whole.
    static let rangedBytesMin: UInt64 = 1 << 20
    /// Of these at a time.
    private static let windowsMost = 4_096
    /// One request for a part of a whole, and how many of them at once.
    private static let pieceBytes: UInt64 = 8 << 20
    private static let piecesAtOnce = 6
    private static let roomPatience = Duration.seconds(20)

    /// - Parameter wholeBytesMax: a longer file is never fetched whole for those who only read parts of it.
    init(store: SQLiteStore, far: FarSide, wholeBytesMax: UInt64) {
        self.store = store
        self.far = far
        self.wholeBytesMax = wholeBytesMax
    }

    func absence(of content: AbsentContent) -> any Absence { Fetch(fetcher: self, content: content) }

    private struct Fetch: Absence {
        let fetcher: Fetcher
        let content: AbsentContent
        func bring() async throws(StoreError) { try await fetcher.bring(content) }
    }

    // MARK: What somebody waits for

    /// - Throws: `.timedOut` where the far side does not answer; `.io` where it has the content no more.
    private func bring(_ content: AbsentContent) async throws(StoreError) {
        let id = content.node
        guard let size = try longSize(id), content.range.upperBound - content.range.lowerBound < size else {
            Task.detached { [self] in fetchAhead(of: id) }
            return try await bring(id)
        }
        store.markUsed(id)
        // It has become shorter just now.
        guard content.range.lowerBound < size else { return }
        if let flying = flying(id, content.range.lowerBound, of: size) {
            if let error = await flying.value { throw error }
            return
        }
        // It has come since it was missed.
        guard try !store.hasChunk(id, at: content.range.lowerBound) else { return }
        let (task, takesWhole) = state.withLock { state in
            if state.windows.count >= Self.windowsMost { state.windows = [:] }
            var window = state.windows[id] ?? FetchWindow(unit: store.limits.chunkBytes)
            defer { state.windows[id] = window }
            let range = window.take(content.range, of: size)
            let task = state.flight(id, range) ?? begin(id, range, isAhead: false, &state)
            let ahead = window.ahead(of: range.upperBound, size: size, room: state.room(of: id))
            begin(ahead, of: id, &state)
            return (task, state.takeWhole { size <= wholeBytesMax && window.takesWhole(of: size) })
        }
        if takesWhole {
            Task.detached { [self] in
                try? await bring(id)
                state.withLock { $0.isTakingWhole = false }
            }
        }
        if let error = await task.value { throw error }
    }

    /// The one that brings this already, if there is one. Who has come to what was fetched ahead has the next part fetched
    /// meanwhile.
    private func flying(_ id: NodeID, _ offset: UInt64, of size: UInt64) -> Task<StoreError?, Never>? {
        state.withLock { state in
            guard let flight = state.flights[id]?.values.first(where: { $0.range?.contains(offset) ?? true }) else {
                return nil
            }
            let room = state.room(of: id)
            if let end = flight.range?.upperBound {
                begin(state.windows[id]?.ahead(of: end, size: size, room: room) ?? [], of: id, &state)
            }
            return flight.task
        }
    }

    /// All of it.
    func bring(_ id: NodeID) async throws(StoreError) {
        store.markUsed(id)
        store.pin(id)
        defer { store.unpin(id) }
        for _ in 0..<Self.roundsMax {
            guard let size = try longSize(id) else {
                if let error = await flight(id, nil).value { throw error }
                // It is here, or has been until now; or it has become long, and nothing of it is.
                guard try longSize(id) != nil else { return }
                continue
            }
            let revision = try store.away(id)?.revision
            try await bringPieces(id, size)
            // What others have changed is another value, of which nothing may be here.
            guard let away = try store.away(id), away.revision != revision else { return }
        }
        throw Self.changesAlways
    }

    /// The short files that come next, where somebody reads one after the other.
    private func fetchAhead(of id: NodeID) {
        guard let node = try? store.node(id), node.size < Self.rangedBytesMin else { return }
        for ask in state.withLock({ $0.filesAhead.came(to: id) }) {
            let next = try? store.awayFiles(
                after: ask.last, in: ask.order, most: ask.count, sizeMax: Self.rangedBytesMin - 1)
            for file in state.withLock({ $0.filesAhead.found(next ?? [], for: ask) }) {
                // Who makes room is to spare it until it is read.
                store.markUsed(file)
                flyAhead(file)
            }
        }
    }

    /// nil: it is fetched as a whole.
    private func longSize(_ id: NodeID) throws(StoreError) -> UInt64? {
        let least = min(Self.rangedBytesMin, far.parted?.partedBytesMin ?? .max)
        guard far.readsRanges, let node = try? store.node(id), !node.isDocument, node.size >= least,
            try store.away(id)?.revision != nil
        else { return nil }
        return node.size
    }

    /// All of it, in pieces: nobody has to have room for all of it in memory.
    private func bringPieces(_ id: NodeID, _ size: UInt64) async throws(StoreError) {
        var tasks: [Task<StoreError?, Never>] = []
        for start in stride(from: 0, to: size, by: Int(Self.pieceBytes)) {
            if tasks.count >= Self.piecesAtOnce, let error = await tasks.removeFirst().value { throw error }
            tasks.append(flight(id, start..<min(size, start + Self.pieceBytes)))
        }
        for task in tasks { if let error = await task.value { throw error } }
    }

    /// The one that brings this, if there is one: what it does not bring is missed again.
    private func flight(_ id: NodeID, _ range: Range<UInt64>?) -> Task<StoreError?, Never> {
        state.withLock { state in state.flight(id, range) ?? begin(id, range, isAhead: false, &state) }
    }

    /// Nobody has asked for it: those must not keep others waiting.
    private func flyAhead(_ id: NodeID) {
        state.withLock { state in
            guard state.aheadCount < aheadMost, state.flight(id, nil) == nil else { return }
            _ = begin(id, nil, isAhead: true, &state)
        }
    }

    /// An adapter with four methods may do one thing at a time.
    private var aheadMost: Int { far.listsKeys ? 2 * FilesAhead.most : 4 }

    /// Of what nobody waits for yet.
    private func begin(_ ranges: [Range<UInt64>], of id: NodeID, _ state: inout Flights) {
        for range in ranges where state.flight(id, range) == nil { _ = begin(id, range, isAhead: false, &state) }
    }

    private func begin(
        _ id: NodeID, _ range: Range<UInt64>?, isAhead: Bool, _ state: inout Flights
    ) -> Task<StoreError?, Never> {
        state.last += 1
        let number = state.last
        let task = Task.detached { [self] () -> StoreError? in
            var failure: StoreError?
            do throws(StoreError) {
                if let range { try await fetch(range, of: id, number) } else { try await fetch(id) }
            } catch { failure = error }
            self.state.withLock { state in
                let next = state.landed(id, number, failed: failure != nil)
                begin(next, of: id, &state)
            }
            return failure
        }
        state.flights[id, default: [:]][number] = Flights.Flight(range: range, isAhead: isAhead, task: task)
        if isAhead { state.aheadCount += 1 }
        if let range { state.bytes += range.upperBound - range.lowerBound }
        return task
    }

    // MARK: Asking for it

    /// - Parameter number: of the flight that it is.
    private func fetch(_ range: Range<UInt64>, of id: NodeID, _ number: Int) async throws(StoreError) {
        if try await fetchPart(range, of: id, number) { return }
        // Of another value now, or of one that comes whole.
        state.withLock { $0.windows[id] = nil }
        try await fetch(id)
    }

    /// - Returns: false: parts of what was known to be there are not to be had any more.
    private func fetchPart(_ range: Range<UInt64>, of id: NodeID, _ number: Int) async throws(StoreError) -> Bool {
        guard let away = try store.away(id), let revision = away.revision else { return false }
        let key = StoreKey(away.key)
        let part: RevisedValue?
        let start = ContinuousClock.now
        do throws(StoreError) { part = try await far.get(key, range: range) } catch {
            guard error.kind == .unsupported else { throw error }
            far.refusesRanges()
            return false
        }
        guard let part else { throw Self.gone(key) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard part.revision == revision, UInt64(part.value.count) == range.upperBound - range.lowerBound else {
            return false
        }
        state.withLock { state in
            let next = state.arrived(id, number, after: seconds)
            begin(next, of: id, &state)
        }
        let brought = try await stored { () throws(StoreError) in
            try store.bring(part.value, at: range.lowerBound, of: revision, to: id)
        }
        return brought == .here
    }

    private func fetch(_ id: NodeID) async throws(StoreError) {
        for _ in 0..<Self.roundsMax {
            guard let away = try store.away(id) else { return }
            let key = StoreKey(away.key)
            guard let path = ShownPath(text: away.path[...]), let found = try await found(id, at: key) else {
                throw Self.gone(key)
            }
            let change = try await change(at: path, key, found, away)
            if try await stored({ () throws(StoreError) in try store.bring(change, to: id) }) == .here { return }
        }
        throw Self.changesAlways
    }

    /// A disk that is full of what the far side has, has room in a moment: some of that goes, but not while it is being read.
    private func stored(
        _ body: () throws(StoreError) -> SQLiteStore.Brought
    ) async throws(StoreError) -> SQLiteStore.Brought {
        let end = ContinuousClock.now + Self.roomPatience
        while true {
            do throws(StoreError) { return try body() } catch {
                guard error.kind == .full, ContinuousClock.now < end else { throw error }
            }
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    /// A long value is not read to see whether it is the one that was here, nor one that has become long.
    private func found(_ id: NodeID, at key: StoreKey) async throws(StoreError) -> FarFound? {
        let (isJSON, size) = (FarSum.isJSON(key), (try? store.node(id))?.size ?? 0)
        if try longSize(id) == nil {
            do throws(StoreError) { return try await far.whole(at: key, isJSON: isJSON, size: size) } catch {
                guard error.kind == .tooLarge, far.parted != nil else { throw error }
            }
        }
        return try await far.found(at: key, isJSON: isJSON, known: nil, readsLong: false)
    }

    private func change(
        at path: ShownPath, _ key: StoreKey, _ found: FarFound, _ away: AwayContent
    ) async throws(StoreError) -> FarChange {
        let record = try store.farRecord(at: away.path)
        // Under the path that the key has by itself, where it is shown as `%self` too.
        let metaKey = FarKey.meta(FarKey(key)?.path() ?? path, isDirectory: false).storeKey
        var side = (meta: record?.meta, key: record?.metaKey.map { StoreKey($0) })
        if record?.key != key.bytes || side.meta?.isEmpty == true || !away.isValue(found.sum, found.revision) {
            // Of the value that is there now, which may not be the one that went.
            side = try await far.meta(of: try await far.carried(by: found), at: metaKey)
        }
        let isValue = path.namespace != .blobs && !key.bytes.starts(with: FarKey.filesPrefix)
        return FarChange(path: path, found, key: key, metaKey: side.key, meta: side.meta, isValue: isValue)
    }

    private static var changesAlways: StoreError {
        StoreError(.timedOut, hint: "the file is changed by others all the time")
    }

    private static func gone(_ key: StoreKey) -> StoreError {
        StoreError(.stale, key: key, hint: "its content was only on the far side, which has it no more")
    }
}

extension Fetcher {
    /// Before something else is put under a key, or it is deleted: what only it has is brought.
    ///
    /// - Parameter id: whose key it is.
    func secure(_ key: StoreKey, of id: NodeID) async throws(StoreError) {
        for other in try store.awayNodes(at: key.bytes) where other != id {
            do throws(StoreError) {
                try await bring(other)
                guard try !store.awayNodes(at: key.bytes).contains(other) else {
                    throw StoreError(.timedOut, key: key, hint: "what only this key has is not all here yet")
                }
            } catch {
                // The far side has it no more, or it has been removed here. Whatever else it is, it may be there still.
                guard error.kind == .stale else { throw error }
            }
        }
    }
}
