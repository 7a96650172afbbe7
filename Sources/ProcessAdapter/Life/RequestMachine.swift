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

    var child: Child
    var isClosing = false
    var flights: [UInt64: Flight] = [:]
    /// In the order in which they came.
    var waiting: [(id: UInt64, kind: Kind, asked: Instant)] = []
    /// Requests that this child may still answer, though nobody waits for them.
    var abandoned: [UInt64: (kind: Kind, since: Instant)] = [:]
    /// Keys that a request in flight, or one that was abandoned, changes.
    var changing: Set<StoreKey> = []
    var backoff: Backoff
    /// The last line of this child.
    var heard: Instant
    /// When anything was answered at all.
    var progress: Instant
    /// Why the last child ended, or is being ended, in words; until something is answered.
    var trouble: String?
    var hasLoggedUnknown = false
    var isBroken = false
    var actions: [Action] = []

    /// Why nothing is answered, where a new child did not help.
    var lastingTrouble: String? { backoff.failures >= 2 ? trouble : nil }

    let startsInVainMax: Int?
    let limit: Duration
    /// In seconds, for people.
    let limitText: String
    let requestsMax: Int
    /// What the child gets to finish, once its input is closed.
    var closePatience: Duration

    init(options: ProcessAdapterOptions, seed: UInt64, now: Instant) {
        let seconds = options.requestSeconds
        limit = .seconds(seconds)
        startsInVainMax = options.startsInVainMax
        limitText = seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
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

    mutating func restartClock(of id: UInt64, _ now: Instant) {
        let deadline = now + limit
        flights[id]?.deadline = deadline
    }

    var inFlight: [UInt64] { flights.keys.sorted() }
}
