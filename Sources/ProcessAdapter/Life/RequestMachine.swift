internal import Persist

/// What becomes of requests and of the child that answers them: decides, and does nothing itself.
///
/// A request waits for a place among `requestsMax`, is in flight from then on, whether there is a child or not, and
/// leaves by an answer, by its time limit, or because its caller gave it up. A child that ends leaves its requests in
/// flight; the next one gets them all.
struct RequestMachine {
    typealias Instant = ContinuousClock.Instant

    enum Event {
        case asked(UInt64, Kind)
        /// Its caller no longer waits.
        case dropped(UInt64)
        /// A line of the child is the answer of this request.
        case answered(UInt64)
        /// A line of the child is an item of this list.
        case item(UInt64)
        /// The consumer of a list is so far behind that no more should come; it has room again; it is hopeless.
        case full(UInt64)
        case room(UInt64)
        case hopeless(UInt64)
        case started
        case notStarted(reason: String)
        /// The child cannot go on: it wrote what is no answer.
        case broke(reason: String)
        /// The child closed its input or its output.
        case hungUp
        case ended(reason: String)
        case close
        /// Time has passed.
        case time
    }

    enum Kind: Equatable {
        case reads
        /// Those of one key are sent one after another, whatever became of the one before: in a child that works on
        /// several at once, an old value would else come after a newer one.
        case changes(StoreKey)
        case lists
    }

    enum Action: Equatable {
        case start
        /// To the child that runs now.
        case send(UInt64)
        /// The answer or item at hand goes to the caller.
        case deliver(UInt64)
        case fail(UInt64, StoreError.Kind, hint: String)
        case closeInput
        case signal(Signal)
        case log(String)
        /// Nothing will happen any more.
        case stop
    }

    enum Signal: Equatable {
        case terminate
        case kill
    }

    enum Child: Equatable {
        /// None runs; the next may be started from then on.
        case none(from: Instant)
        case starting
        case running
        /// It has been told to end, and gets a stronger sign when its time is over.
        case ending(next: Signal?, at: Instant)
    }

    struct Flight {
        let kind: Kind
        /// Runs from when it was let in; for a list, from its last item.
        var deadline: Instant
        /// When this child was asked.
        var sent: Instant?
        var hasItems = false
        var isFull = false
    }

    private(set) var child: Child
    private(set) var isClosing = false
    private(set) var flights: [UInt64: Flight] = [:]
    /// In the order in which they came.
    private(set) var waiting: [(id: UInt64, kind: Kind, asked: Instant)] = []
    /// Requests that this child may still answer, though nobody waits for them.
    private(set) var abandoned: [UInt64: (kind: Kind, since: Instant)] = [:]
    /// Keys that a request in flight, or one that was abandoned, changes.
    private var changing: Set<StoreKey> = []
    private var backoff: Backoff
    /// The last line of this child.
    private var heard: Instant
    /// When anything was answered at all.
    private var progress: Instant
    /// Why there is no child, in words.
    private var trouble: String?
    private var hasLoggedUnknown = false
    private var isBroken = false
    private var actions: [Action] = []

    private let limit: Duration
    private let requestsMax: Int
    private let closePatience: Duration

    init(options: ProcessAdapterOptions, seed: UInt64, now: Instant) {
        limit = .seconds(options.requestSeconds)
        requestsMax = max(options.requestsMax, 1)
        closePatience = .seconds(options.closeSeconds)
        backoff = Backoff(seed: seed)
        child = .none(from: now)
        heard = now
        progress = now
    }

    /// Whether the child's output is to be read: not while all that it owes are items that nobody has room for.
    var isReading: Bool { flights.isEmpty || !abandoned.isEmpty || flights.values.contains { !$0.isFull } }

    /// Whether what the child says counts: not from one that has been given up.
    var hears: Bool { !isBroken }

    /// When `time` is due; nil: only another event changes anything.
    var nextInstant: Instant? {
        var next: Instant?
        func consider(_ instant: Instant) { next = next.map { min($0, instant) } ?? instant }
        for flight in flights.values where !flight.isFull { consider(flight.deadline) }
        if let request = waiting.first { consider(max(request.asked, progress) + limit) }
        for request in abandoned.values where child == .running && isAwaited(request.kind) {
            consider(request.since + limit)
        }
        switch child {
        case .none(let from): if !flights.isEmpty { consider(from) }
        case .ending(.some, let at): consider(at)
        default: break
        }
        return next
    }

    mutating func handle(_ event: Event, now: Instant) -> [Action] {
        switch event {
        case .asked(let id, let kind): ask(id, kind, now)
        case .dropped(let id): drop(id, now)
        case .answered(let id): answered(id, now)
        case .item(let id): item(id, now)
        case .full(let id): flights[id]?.isFull = true
        case .room(let id):
            flights[id]?.isFull = false
            restartClock(of: id, now)
        case .hopeless(let id):
            fail(
                id, .timedOut, "the listing was read so slowly that what it had yet to give took too much memory",
                now)
        case .started:
            child = .running
            heard = now
            trouble = nil
            isBroken = false
            for id in inFlight { send(id, now) }
        case .notStarted(let reason): down(reason, now)
        case .broke(let reason): end(because: reason, now)
        case .hungUp:
            guard child == .running else { break }
            actions.append(.closeInput)
            child = .ending(next: .terminate, at: now + .seconds(1))
        case .ended(let reason): ended(reason, now)
        case .close: close(now)
        case .time: time(now)
        }
        admit(now)
        start(now)
        defer { actions = [] }
        return actions
    }

    private mutating func restartClock(of id: UInt64, _ now: Instant) {
        let deadline = now + limit
        flights[id]?.deadline = deadline
    }

    private var inFlight: [UInt64] { flights.keys.sorted() }

    // MARK: Requests

    private mutating func ask(_ id: UInt64, _ kind: Kind, _ now: Instant) {
        guard !isClosing else { return refuse(id) }
        waiting.append((id, kind, now))
    }

    private mutating func admit(_ now: Instant) {
        var index = 0
        while flights.count < requestsMax, index < waiting.count {
            let (id, kind, _) = waiting[index]
            guard !isBlocked(kind) else {
                index += 1
                continue
            }
            waiting.remove(at: index)
            if case .changes(let key) = kind { changing.insert(key) }
            flights[id] = Flight(kind: kind, deadline: now + limit)
            if child == .running { send(id, now) }
        }
    }

    private func isBlocked(_ kind: Kind) -> Bool {
        if case .changes(let key) = kind { changing.contains(key) } else { false }
    }

    /// Whether a request waits for this change to be over.
    private func isAwaited(_ kind: Kind) -> Bool {
        if case .changes = kind { waiting.contains { $0.kind == kind } } else { false }
    }

    /// Neither the child nor the next one works on it any more.
    private mutating func isOver(_ kind: Kind) {
        if case .changes(let key) = kind { changing.remove(key) }
    }

    private mutating func send(_ id: UInt64, _ now: Instant) {
        flights[id]?.sent = now
        actions.append(.send(id))
    }

    private mutating func drop(_ id: UInt64, _ now: Instant) {
        if let flight = flights.removeValue(forKey: id) {
            if flight.sent == nil { isOver(flight.kind) } else { abandoned[id] = (flight.kind, now) }
        } else {
            waiting.removeAll { $0.id == id }
        }
    }

    private mutating func fail(_ id: UInt64, _ kind: StoreError.Kind, _ hint: String, _ now: Instant) {
        drop(id, now)
        actions.append(.fail(id, kind, hint: hint))
    }

    private mutating func refuse(_ id: UInt64) {
        actions.append(.fail(id, .interrupted, hint: "the adapter is being closed"))
    }

    private mutating func answered(_ id: UInt64, _ now: Instant) {
        heard = now
        if let flight = flights.removeValue(forKey: id) {
            isOver(flight.kind)
            actions.append(.deliver(id))
        } else if let request = abandoned.removeValue(forKey: id) {
            isOver(request.kind)
        } else {
            return logUnknown(id)
        }
        progress = now
        backoff.reset()
    }

    private mutating func item(_ id: UInt64, _ now: Instant) {
        heard = now
        if flights[id]?.kind == .lists {
            restartClock(of: id, now)
            flights[id]?.hasItems = true
            actions.append(.deliver(id))
        } else if abandoned[id] == nil {
            return logUnknown(id)
        }
        progress = now
        backoff.reset()
    }

    private mutating func logUnknown(_ id: UInt64) {
        guard !hasLoggedUnknown else { return }
        hasLoggedUnknown = true
        actions.append(
            .log("it answers request \(id), which it was not asked or has answered; more of that is ignored"))
    }

    // MARK: The child

    private mutating func start(_ now: Instant) {
        guard case .none(let from) = child, from <= now, !flights.isEmpty, !isClosing else { return }
        child = .starting
        actions.append(.start)
    }

    /// There is no child: another is started when it is time.
    private mutating func down(_ reason: String, _ now: Instant) {
        trouble = reason
        actions.append(.log(reason))
        for id in inFlight {
            if flights[id]?.hasItems == true {
                flights[id] = nil
                actions.append(.fail(id, .timedOut, hint: "\(reason), in the middle of a listing"))
            } else {
                flights[id]?.sent = nil
            }
        }
        for request in abandoned.values { isOver(request.kind) }
        abandoned = [:]
        hasLoggedUnknown = false
        child = .none(from: now + backoff.next())
    }

    private mutating func ended(_ reason: String, _ now: Instant) {
        guard isClosing else { return down(trouble(or: reason), now) }
        for id in inFlight { refuse(id) }
        flights = [:]
        child = .none(from: now)
        actions.append(.stop)
    }

    /// What it was ended for says more than how it ended.
    private func trouble(or reason: String) -> String {
        if case .ending = child, let trouble { return trouble }
        return reason
    }

    private mutating func end(because reason: String, _ now: Instant) {
        guard child == .running else { return }
        trouble = reason
        isBroken = true
        actions += [.closeInput, .signal(.terminate)]
        child = .ending(next: .kill, at: now + .seconds(1))
    }

    private mutating func close(_ now: Instant) {
        guard !isClosing else { return }
        isClosing = true
        for request in waiting { refuse(request.id) }
        waiting = []
        switch child {
        case .none, .starting:
            for id in inFlight { refuse(id) }
            flights = [:]
            actions.append(.stop)
        case .running:
            actions.append(.closeInput)
            child = .ending(next: .terminate, at: now + closePatience)
        case .ending: break
        }
    }

    // MARK: Time

    private mutating func time(_ now: Instant) {
        if case .ending(let next?, let at) = child, at <= now {
            actions.append(.signal(next))
            child = .ending(next: next == .terminate ? .kill : nil, at: now + .seconds(1))
        }
        var isDeaf = false
        for id in inFlight {
            guard let flight = flights[id], !flight.isFull, flight.deadline <= now else { continue }
            if let sent = flight.sent, heard <= sent { isDeaf = true }
            fail(id, .timedOut, timeoutHint, now)
        }
        // The oldest come first.
        while let request = waiting.first, max(request.asked, progress) + limit <= now {
            fail(request.id, .timedOut, timeoutHint, now)
        }
        for request in abandoned.values where request.since + limit <= now && isAwaited(request.kind) { isDeaf = true }
        // One that says nothing at all is stuck, and would be for ever; so is one that leaves out many answers.
        if isDeaf || abandoned.count > 16 * requestsMax { end(because: "it has stopped answering", now) }
    }

    private var timeoutHint: String {
        switch child {
        case .running: "the adapter did not answer within \(limit.seconds) s"
        default: "the adapter does not run: \(trouble ?? "it has not been started")"
        }
    }
}

extension Duration {
    /// For people: without the fraction where there is none.
    fileprivate var seconds: String {
        let seconds = Double(components.seconds) + Double(components.attoseconds) * 1e-18
        return seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    }
}
