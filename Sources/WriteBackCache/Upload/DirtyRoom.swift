import Persist

/// Bounds how many bytes wait for the far side. A value: the shell around it has the clock and who waits.
///
/// Who would store more than there is room for waits, first come first served, until uploads have made room; after a
/// time without that, nobody is made to wait any more, and all are told that there is none. A single file always goes
/// when nothing else waits, however large it is. Times are milliseconds on a clock that never goes back.
struct DirtyRoom: Sendable {
    enum Answer: Sendable, Equatable {
        case room
        case wait
        case full
    }

    /// Content that somebody wants to store.
    struct Request: Sendable {
        let id: NodeID
        let bytes: UInt64
        /// It comes to what the node has; else it replaces that.
        let isMore: Bool
    }

    private struct Dirty {
        var generation: Int64
        var bytes: UInt64
    }

    private struct Promise {
        var bytes: UInt64
        var until: Int64
    }

    private struct Waiting {
        let ticket: Int
        let request: Request
    }

    var bytesMax: UInt64
    /// How long who waits does, and how long nothing must have gone for others not to begin to.
    let waitMilliseconds: Int64
    /// What is in the outbox, and is content.
    private(set) var dirtyBytes: UInt64 = 0
    private var dirty: [NodeID: Dirty] = [:]
    /// Who was told that there is room has this long to take it.
    private let promiseMilliseconds: Int64 = 10_000
    private var promisedBytes: UInt64 = 0
    private var promised: [NodeID: Promise] = [:]
    private var waiting: [Waiting] = []
    /// Who has waited long enough, and will ask once more.
    private var refused: Set<NodeID> = []
    /// Since when somebody waits and nothing has gone.
    private var stuckSince: Int64?
    private var lastTicket = 0

    init(bytesMax: UInt64, waitMilliseconds: Int64) {
        self.bytesMax = bytesMax
        self.waitMilliseconds = waitMilliseconds
    }

    // MARK: What is in the outbox

    /// A change is in the outbox. - Parameter bytes: of content that the far side does not have.
    mutating func note(_ id: NodeID, generation: Int64, bytes: UInt64) {
        if let promise = promised.removeValue(forKey: id) { promisedBytes -= promise.bytes }
        if let known = dirty[id] {
            // Late news.
            guard generation >= known.generation else { return }
            dirtyBytes -= known.bytes
        }
        dirty[id] = bytes > 0 ? Dirty(generation: generation, bytes: bytes) : nil
        dirtyBytes += bytes
    }

    /// The far side has this generation, or never will.
    mutating func gone(_ id: NodeID, through generation: Int64, now: Int64) {
        guard let known = dirty[id], known.generation <= generation else { return }
        dirty[id] = nil
        dirtyBytes -= known.bytes
        stuckSince = waiting.isEmpty ? nil : now
    }

    // MARK: Who wants to store something

    /// - Parameter waits: false: never `.wait`.
    mutating func ask(_ request: Request, waits: Bool, now: Int64) -> Answer {
        guard request.bytes > 0 else { return .room }
        expire(now)
        if let promise = promised[request.id], promise.bytes >= request.bytes { return .room }
        let isRefused = refused.remove(request.id) != nil
        if waiting.isEmpty, fits(request) {
            promise(request, now)
            return .room
        }
        // What it was told is old where it never came back for it.
        if isRefused { return .full }
        guard waits else { return .full }
        if let stuckSince, now - stuckSince >= waitMilliseconds { return .full }
        return .wait
    }

    /// Puts a request that had `.wait` for an answer in the row. - Returns: nil: there is room by now.
    mutating func enqueue(_ request: Request, now: Int64) -> Int? {
        expire(now)
        if waiting.isEmpty, fits(request) {
            promise(request, now)
            return nil
        }
        if stuckSince == nil { stuckSince = now }
        lastTicket += 1
        waiting.append(Waiting(ticket: lastTicket, request: request))
        return lastTicket
    }

    /// - Returns: the tickets of those for whom there is room now; it is kept for them until they ask again.
    mutating func admit(now: Int64) -> [Int] {
        expire(now)
        var admitted: [Int] = []
        while let first = waiting.first, fits(first.request) {
            waiting.removeFirst()
            promise(first.request, now)
            admitted.append(first.ticket)
        }
        if !admitted.isEmpty { stuckSince = waiting.isEmpty ? nil : now }
        return admitted
    }

    /// The time of one who waits is over. - Parameter asksAgain: it will, and is told that there is no room.
    mutating func giveUp(_ ticket: Int, asksAgain: Bool) {
        guard let place = waiting.firstIndex(where: { $0.ticket == ticket }) else { return }
        let request = waiting.remove(at: place).request
        if asksAgain { refused.insert(request.id) }
    }

    // MARK: Inside

    private func fits(_ request: Request) -> Bool {
        let others = dirtyBytes - (request.isMore ? 0 : dirty[request.id]?.bytes ?? 0)
        let taken = others + promisedBytes - (promised[request.id]?.bytes ?? 0)
        return taken == 0 || request.bytes <= bytesMax - min(bytesMax, taken)
    }

    private mutating func promise(_ request: Request, _ now: Int64) {
        if let old = promised.removeValue(forKey: request.id) { promisedBytes -= old.bytes }
        promised[request.id] = Promise(bytes: request.bytes, until: now + promiseMilliseconds)
        promisedBytes += request.bytes
    }

    private mutating func expire(_ now: Int64) {
        guard promisedBytes > 0 else { return }
        for (id, promise) in promised where promise.until <= now {
            promised[id] = nil
            promisedBytes -= promise.bytes
        }
    }
}
