internal import Persist

/// The child: when it is started, ended, and why; and what becomes of its requests then.
extension RequestMachine {
    mutating func start(_ now: Instant) {
        guard case .none(let from) = child, from <= now, !flights.isEmpty, !isClosing else { return }
        child = .starting
        actions.append(.start)
    }

    /// There is no child: another is started when it is time.
    mutating func down(_ reason: String, _ now: Instant) {
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
        guard let startsInVainMax, backoff.failures >= startsInVainMax else { return }
        for id in inFlight { fail(id, .timedOut, timeoutHint, now) }
        while let request = waiting.first { fail(request.id, .timedOut, timeoutHint, now) }
    }

    mutating func ended(_ reason: String, _ now: Instant) {
        guard isClosing else { return down(trouble(or: reason), now) }
        for id in inFlight { refuse(id) }
        flights = [:]
        child = .none(from: now)
        actions.append(.stop)
    }

    /// What it was ended for says more than how it ended.
    func trouble(or reason: String) -> String {
        isBroken ? trouble ?? reason : reason
    }

    mutating func end(because reason: String, _ now: Instant) {
        guard child == .running else { return }
        trouble = reason
        isBroken = true
        actions += [.closeInput, .signal(.terminate)]
        child = .ending(next: .kill, at: now + .seconds(1))
    }

    mutating func close(_ now: Instant) {
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

    mutating func time(_ now: Instant) {
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

    var timeoutHint: String {
        switch child {
        case .running:
            "the adapter did not answer within \(limitText)" + (trouble.map { "; before, \($0)" } ?? "")
        default: "the adapter does not run: \(trouble ?? "it has not been started")"
        }
    }
}
