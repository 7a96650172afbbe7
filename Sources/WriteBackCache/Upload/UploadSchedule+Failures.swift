/// How uploads end, and what that says of the far side.
extension UploadSchedule {
    struct FarSide: Sendable {
        var isDown = false
        /// Items that have failed since anything was done, until they are enough.
        var failed: Set<Int64> = []
        /// Probes in a row that failed.
        var probes = 0
        var probeAt = Int64.min
    }

    mutating func finish(_ id: Int64, _ generation: Int64, _ now: Int64, _ actions: inout [Action]) {
        guard let entry = end(id, generation) else { return }
        comeUp(now, &actions)
        guard !entry.isRemoved, entry.item.generation > generation else {
            if !entry.isRemoved {
                totals.items -= 1
                totals.bytes -= entry.item.bytes
            }
            return forget(id, now)
        }
        failing.remove(id)
        entries[id]?.tries = 0
        entries[id]?.retryAt = .min
        entries[id]?.lastError = nil
        entries[id]?.isRefused = false
        if let hurried = entry.hurried, hurried <= generation { entries[id]?.hurried = nil }
        releaseWaiters(of: id, through: generation, now)
        place(id, now)
    }

    /// An upload is several requests: where each may fail, few come to the end of it, and what counts is that the far
    /// side does any of them.
    mutating func advance(_ id: Int64, _ now: Int64, _ actions: inout [Action]) {
        entries[id]?.tries = 0
        comeUp(now, &actions)
    }

    mutating func fail(
        _ id: Int64, _ generation: Int64, isTransient: Bool, _ hint: String?, _ now: Int64,
        _ actions: inout [Action]
    ) {
        guard let entry = end(id, generation) else { return }
        if isTransient {
            noteFailure(of: id, hint, now, &actions)
        } else if far.isDown {
            // It answers, if only to refuse: the next probe need not wait longer.
            far.probeAt = now + min(backoff(far.probes), limits.probeMillisecondsMax)
        }
        if entry.isRemoved { return forget(id, now) }
        failing.insert(id)
        // What is there now may be something else than what was refused.
        let isOld = entry.item.generation > generation
        var retryAt = isOld ? Int64.min : now + limits.refusedMilliseconds
        if isTransient {
            let longest = entry.hurried == nil ? limits.backoffMillisecondsMax : limits.probeMillisecondsMax
            retryAt = now + min(backoff(entry.tries), longest)
        }
        entries[id]?.tries += 1
        entries[id]?.retryAt = retryAt
        entries[id]?.lastError = hint
        entries[id]?.isRefused = !isTransient && !isOld
        place(id, now)
    }

    private mutating func comeUp(_ now: Int64, _ actions: inout [Action]) {
        far.failed = []
        guard far.isDown else { return }
        far = FarSide()
        totals.downSince = nil
        actions.append(.report(isDown: false, hint: nil))
        cutWaits(now)
    }

    mutating func goDown(hint: String?, _ now: Int64, _ actions: inout [Action]) {
        guard !far.isDown else { return }
        far.isDown = true
        far.probes = 0
        far.probeAt = now + backoff(0)
        totals.downSince = now
        actions.append(.report(isDown: true, hint: hint))
    }

    /// What waits out a failure goes soon, not all at one moment. What was refused waits on.
    mutating func cutWaits(_ now: Int64) {
        // In an order that a seed brings again.
        for id in failing.sorted() {
            guard let entry = entries[id], !entry.isRefused, entry.retryAt > now else { continue }
            let spread = limits.spreadMilliseconds
            let wait = spread > 0 ? Int64(random.next() % UInt64(spread)) : 0
            entries[id]?.retryAt = min(entry.retryAt, now + wait)
            place(id, now)
        }
    }

    /// Takes note that an upload has ended; nil where none of that generation was under way.
    private mutating func end(_ id: Int64, _ generation: Int64) -> Entry? {
        guard let entry = entries[id], let running = entry.running, running.generation == generation
        else { return nil }
        entries[id]?.running = nil
        totals.itemsInFlight -= 1
        totals.bytesInFlight -= running.bytes
        if limits.isLong(running.bytes) { longBytesInFlight -= running.bytes }
        return entry
    }

    private mutating func noteFailure(of id: Int64, _ hint: String?, _ now: Int64, _ actions: inout [Action]) {
        guard !far.isDown else {
            far.probes += 1
            far.probeAt = now + min(backoff(far.probes), limits.probeMillisecondsMax)
            return
        }
        far.failed.insert(id)
        if far.failed.count >= limits.failuresUntilDown { goDown(hint: hint, now, &actions) }
    }

    /// Doubles with each failure, up to the longest; between a half and the whole of that, so that machines which
    /// failed together do not come back together.
    private mutating func backoff(_ failures: Int) -> Int64 {
        let whole = min(limits.backoffMilliseconds << Int64(min(failures, 20)), limits.backoffMillisecondsMax)
        return whole - Int64(random.next() % UInt64(whole / 2 + 1))
    }

    /// SplitMix64.
    struct Jitter: Sendable {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
