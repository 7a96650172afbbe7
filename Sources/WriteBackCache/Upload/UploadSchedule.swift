/// Decides what goes to the far side, and when. A value: no clock, no thread, no adapter; the shell around it runs the
/// actions and tells what became of them.
///
/// - One item an id, however often it changes; never two uploads of one id at once.
/// - A file settles first (R1): it goes when nobody has it open for writing, or once it has lain unchanged.
/// - What must go before goes before; of what is left the oldest change does.
/// - What fails waits longer each time, and is never given up. When the far side is down, one probe at a time goes out.
///
/// Each event costs O(log n), `.hurry(nil)` and the end of an outage excepted. In memory: all that is pending.
public struct UploadSchedule: Sendable {
    public enum Event: Sendable, Equatable {
        /// Something is to be sent; again with a higher generation when it changes while it waits or runs.
        case dirty(UploadItem)
        /// No writable open is left.
        case closed(Int64)
        /// The far side has done a part of this upload, which goes on: it is not down.
        case advanced(Int64)
        /// The far side has it.
        case done(Int64, generation: Int64)
        /// - isTransient: the same may succeed later with nothing else changed.
        case failed(Int64, generation: Int64, isTransient: Bool, hint: String?)
        /// It is not to be sent any more. An upload under way goes on, and keeps its place until it has ended.
        case removed(Int64)
        /// The time of the last `.wake` has come. Sent too early or too often it does no harm: the answer says again when.
        case tick
        /// Hints: the network is gone; it is back.
        case offline
        case online
        /// sync, and fsync with `fsync=remote`: these (nil: all) and what must go before them neither settle nor wait
        /// out a failure, and go first.
        case hurry([Int64]?)
        /// Nothing starts any more; what runs is awaited.
        case stop
    }

    public enum Action: Sendable, Equatable {
        /// Send this, and tell of it by `.done` or `.failed`, in a bounded time: it keeps its place until then.
        case start(Int64, generation: Int64)
        /// Send a `.tick` then. Replaces the time of the last one: a shell with several threads keeps the time under the
        /// lock of the schedule, or an older one might replace it.
        case wake(at: Int64)
        /// The far side counts as down now, or no longer; with the words of the failure.
        case report(isDown: Bool, hint: String?)
    }

    public let limits: UploadLimits
    var random: Jitter
    var entries: [Int64: Entry] = [:]
    /// What can go.
    var ready = ReadyItems()
    /// What settles or has failed, by when that ends.
    var timers = IndexedHeap<Int64>()
    /// Who goes after an id, pending or not.
    var waiters: [Int64: Set<Int64>] = [:]
    /// With a failure since their last success.
    var failing: Set<Int64> = []
    var far = FarSide()
    var totals = UploadTotals()
    /// Of `totals.bytesInFlight`.
    var longBytesInFlight: UInt64 = 0
    private var wakeAt: Int64?
    private var isStopped = false

    /// - Parameter seed: of the jitter; the same seed and events give the same actions.
    public init(limits: UploadLimits = UploadLimits(), seed: UInt64) {
        self.limits = limits
        random = Jitter(state: seed)
    }

    struct Entry {
        var item: UploadItem
        var running: Upload?
        /// Only its upload is left.
        var isRemoved = false
        var edges: [Edge] = []
        /// How many of the edges hold it back.
        var blockers = 0
        var tries = 0
        var retryAt = Int64.min
        var lastError: String?
        var isRefused = false
        /// Until this generation has gone it is in a hurry.
        var hurried: Int64?
    }

    struct Upload {
        let generation: Int64
        let bytes: UInt64
    }

    /// - Parameter now: milliseconds on a clock that never goes back.
    public mutating func handle(_ event: Event, now: Int64) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .dirty(let item): take(item, now)
        case .closed(let id):
            entries[id]?.item.isOpenForWriting = false
            place(id, now)
        case .advanced(let id): advance(id, now, &actions)
        case .done(let id, let generation): finish(id, generation, now, &actions)
        case .failed(let id, let generation, let isTransient, let hint):
            fail(id, generation, isTransient: isTransient, hint, now, &actions)
        case .removed(let id): remove(id, now)
        // Whatever timer this came from, it is not there any more.
        case .tick: wakeAt = nil
        case .offline: goDown(hint: "the network is gone", now, &actions)
        case .online:
            if far.isDown { far.probeAt = now } else { cutWaits(now) }
        case .hurry(let ids):
            if let ids { hurry(ids, now) } else { hurry(Array(entries.keys), now) }
        case .stop: isStopped = true
        }
        while let timer = timers.first, timer.priority <= now { place(timer.id, now) }
        start(now, &actions)
        if releaseCircle(now) { start(now, &actions) }
        setWake(now, &actions)
        return actions
    }

    // MARK: Items

    private mutating func take(_ new: UploadItem, _ now: Int64) {
        var item = new
        item.changed = min(item.changed, now)
        guard var entry = entries[item.id] else {
            entries[item.id] = Entry(item: item)
            totals.items += 1
            totals.bytes += item.bytes
            setEdges(of: item.id, now)
            holdBackWaiters(of: item.id, now)
            place(item.id, now)
            return
        }
        if entry.isRemoved {
            entry.isRemoved = false
            totals.items += 1
        } else {
            // Late news.
            guard item.generation >= entry.item.generation else { return }
            totals.bytes -= entry.item.bytes
        }
        totals.bytes += item.bytes
        // What was refused is something else now.
        if entry.isRefused && item.generation > entry.item.generation { entry.retryAt = .min }
        entry.item = item
        entries[item.id] = entry
        setEdges(of: item.id, now)
        place(item.id, now)
    }

    private mutating func remove(_ id: Int64, _ now: Int64) {
        guard let entry = entries[id], !entry.isRemoved else { return }
        totals.items -= 1
        totals.bytes -= entry.item.bytes
        guard entry.running != nil else { return forget(id, now) }
        // Who goes after it waits for what may still arrive.
        entries[id]?.isRemoved = true
        entries[id]?.hurried = nil
        dropEdges(of: id)
    }

    /// Nothing of it is left: whoever goes after it can go.
    mutating func forget(_ id: Int64, _ now: Int64) {
        dropEdges(of: id)
        entries[id] = nil
        ready.remove(id)
        timers.remove(id)
        failing.remove(id)
        releaseWaiters(of: id, through: .max, now)
    }

    /// Puts it where it belongs: with those that can go, those that wait for a time, or neither.
    mutating func place(_ id: Int64, _ now: Int64) {
        guard let entry = entries[id], entry.running == nil, !entry.isRemoved, entry.blockers == 0 else {
            ready.remove(id)
            timers.remove(id)
            return
        }
        let due = due(entry)
        if due > now {
            ready.remove(id)
            timers.set(id, due)
        } else {
            timers.remove(id)
            ready.set(
                id, ReadyItems.Order(isHurried: entry.hurried != nil, changed: entry.item.changed),
                isLong: limits.isLong(entry.item.bytesAtOnce))
        }
    }

    func due(_ entry: Entry) -> Int64 {
        if entry.hurried != nil { return entry.retryAt }
        let item = entry.item
        if item.isTemporary { return max(item.changed + limits.temporaryMilliseconds, entry.retryAt) }
        if item.isOpenForWriting { return max(item.changed + limits.settleMilliseconds, entry.retryAt) }
        return entry.retryAt
    }

    mutating func hurry(_ ids: [Int64], _ now: Int64) {
        if far.isDown { far.probeAt = now }
        var seen: Set<Int64> = []
        var rest = ids
        while let id = rest.popLast() {
            guard seen.insert(id).inserted, let entry = entries[id], !entry.isRemoved else { continue }
            entries[id]?.hurried = entry.item.generation
            entries[id]?.retryAt = .min
            place(id, now)
            rest += entry.edges.map(\.id)
        }
    }

    // MARK: Starting

    private mutating func start(_ now: Int64, _ actions: inout [Action]) {
        while !isStopped, let id = ready.heads.first(where: { isRoom(for: $0, now) }), let entry = entries[id] {
            let bytes = entry.item.bytesAtOnce
            ready.remove(id)
            // What becomes pending after this has started was not there before it.
            dropEdges(of: id)
            entries[id]?.running = Upload(generation: entry.item.generation, bytes: bytes)
            totals.itemsInFlight += 1
            totals.bytesInFlight += bytes
            if limits.isLong(bytes) { longBytesInFlight += bytes }
            actions.append(.start(id, generation: entry.item.generation))
        }
    }

    private func isRoom(for id: Int64, _ now: Int64) -> Bool {
        guard totals.itemsInFlight > 0 else { return !far.isDown || far.probeAt <= now }
        guard !far.isDown, totals.itemsInFlight < limits.parallelMax, let bytes = entries[id]?.item.bytesAtOnce else {
            return false
        }
        let taken = limits.isLong(bytes) ? longBytesInFlight : totals.bytesInFlight - longBytesInFlight
        return taken == 0 || taken + bytes <= limits.bytesInFlightMax / 2
    }

    private mutating func setWake(_ now: Int64, _ actions: inout [Action]) {
        if let due = wakeAt, due <= now { wakeAt = nil }
        guard !isStopped else { return }
        var next = timers.first?.priority
        // With an upload under way its end decides.
        if far.isDown && totals.itemsInFlight == 0 && !ready.isEmpty { next = min(next ?? .max, far.probeAt) }
        guard let next, next != wakeAt else { return }
        wakeAt = next
        actions.append(.wake(at: next))
    }
}
