internal import Persist

/// Requests: those that wait for a place, those in flight, those that were given up.
extension RequestMachine {
    mutating func ask(_ id: UInt64, _ kind: Kind, _ now: Instant) {
        guard !isClosing else { return refuse(id) }
        waiting.append((id, kind, now))
    }

    mutating func admit(_ now: Instant) {
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

    func isBlocked(_ kind: Kind) -> Bool {
        if case .changes(let key) = kind { changing.contains(key) } else { false }
    }

    /// Whether a request waits for this change to be over.
    func isAwaited(_ kind: Kind) -> Bool {
        if case .changes = kind { waiting.contains { $0.kind == kind } } else { false }
    }

    /// Neither the child nor the next one works on it any more.
    mutating func isOver(_ kind: Kind) {
        if case .changes(let key) = kind { changing.remove(key) }
    }

    mutating func send(_ id: UInt64, _ now: Instant) {
        flights[id]?.sent = now
        actions.append(.send(id))
    }

    mutating func drop(_ id: UInt64, _ now: Instant) {
        if let flight = flights.removeValue(forKey: id) {
            if flight.sent == nil { isOver(flight.kind) } else { abandoned[id] = (flight.kind, now) }
        } else {
            waiting.removeAll { $0.id == id }
        }
    }

    mutating func fail(_ id: UInt64, _ kind: StoreError.Kind, _ hint: String, _ now: Instant) {
        drop(id, now)
        actions.append(.fail(id, kind, hint: hint))
    }

    mutating func refuse(_ id: UInt64) {
        actions.append(.fail(id, .interrupted, hint: "the adapter is being closed"))
    }

    mutating func answered(_ id: UInt64, _ now: Instant) {
        heard = now
        if let flight = flights.removeValue(forKey: id) {
            isOver(flight.kind)
            actions.append(.deliver(id))
        } else if let request = abandoned.removeValue(forKey: id) {
            isOver(request.kind)
        } else {
            return logUnknown(id)
        }
        hasAnswered(now)
    }

    mutating func item(_ id: UInt64, _ now: Instant) {
        heard = now
        if flights[id]?.kind == .lists {
            restartClock(of: id, now)
            flights[id]?.hasItems = true
            actions.append(.deliver(id))
        } else if abandoned[id] == nil {
            return logUnknown(id)
        }
        hasAnswered(now)
    }

    private mutating func hasAnswered(_ now: Instant) {
        progress = now
        trouble = nil
        backoff.reset()
    }

    mutating func logUnknown(_ id: UInt64) {
        guard !hasLoggedUnknown else { return }
        hasLoggedUnknown = true
        actions.append(
            .log("it answers request \(id), which it was not asked or has answered; more of that is ignored"))
    }
}
