/// What a thread that reads alone knows of the pace of its callers: whether looking for the next request without
/// sleeping is worth while, and whether there is more to do than one thread should.
struct Pace {
    /// So long it looks without sleeping, and so short a wait makes it look so again.
    static let lookingNanoseconds: Int64 = 100_000
    /// Where it takes longer from one look to the next, somebody else had the CPU.
    static let lookNanosecondsMax: Int64 = 500_000
    /// So many such looks, with few others between them, and it does not look for a while: who is woken gets a CPU
    /// that is wanted sooner than who has just given it up.
    static let longLooksMax = 3
    static let looksBetween = 1_000
    static let restNanoseconds: Int64 = 200_000_000

    /// When there was nothing to read for the first time since the last request, and for the last time.
    private var emptySince: Int64?
    private var lookedAt: Int64 = 0
    private var isLooking = false
    private var isPaceShort = true
    /// Goes up with each long look, and down with each other.
    private var contention = 0
    private var restsUntil: Int64 = 0
    /// Who waited for the last answer.
    private var caller: UInt32?
    private var overlaps = 0

    /// There is nothing to read.
    ///
    /// - Returns: whether to look again; else to sleep until there is.
    mutating func foundNothing(now: Int64) -> Bool {
        looked(at: now)
        let since = emptySince ?? now
        emptySince = since
        isLooking = isPaceShort && now >= restsUntil && now - since < Self.lookingNanoseconds
        lookedAt = now
        return isLooking
    }

    /// A request was read.
    ///
    /// - Parameter now: asked where there was nothing to read before.
    /// - Returns: whether others have been waiting, a third of the time and more.
    mutating func received(_ request: RequestHead, now: () -> Int64) -> Bool {
        if let since = emptySince {
            let now = now()
            looked(at: now)
            isLooking = false
            isPaceShort = now - since < Self.lookingNanoseconds
            emptySince = nil
            overlaps = max(overlaps - 1, 0)
        } else if request.isAwaited, let caller, caller != request.caller {
            overlaps += 2
        }
        caller = request.isAwaited ? request.caller : nil
        return overlaps >= 8
    }

    private mutating func looked(at now: Int64) {
        guard isLooking else { return }
        guard now - lookedAt > Self.lookNanosecondsMax else {
            contention = max(contention - 1, 0)
            return
        }
        contention += Self.looksBetween
        guard contention > Self.looksBetween * (Self.longLooksMax - 1) else { return }
        contention = 0
        restsUntil = now + Self.restNanoseconds
    }
}
