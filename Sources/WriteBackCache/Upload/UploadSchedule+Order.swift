/// What must go before what.
extension UploadSchedule {
    /// That an item goes after another one.
    struct Edge {
        let id: Int64
        /// What must have gone of the other; nil while that is not pending, when it holds nothing back.
        var generation: Int64?
    }

    /// How many items are looked at to see whether an edge would close a circle.
    private static let searchMax = 1_024

    /// Sets the edges that the item asks for; those that it had count no more.
    mutating func setEdges(of id: Int64, _ now: Int64) {
        dropEdges(of: id)
        guard let entry = entries[id] else { return }
        var edges: [Edge] = []
        for other in entry.item.after where other != id && !edges.contains(where: { $0.id == other }) {
            // A circle has no order (two files that changed places): the edge that would close it is left out.
            if waiters[id]?.isEmpty == false && leads(from: other, to: id) { continue }
            let target = entries[other]
            let isRemoved = target?.isRemoved ?? false
            edges.append(
                Edge(id: other, generation: isRemoved ? target?.running?.generation : target?.item.generation))
            waiters[other, default: []].insert(id)
        }
        entries[id]?.edges = edges
        entries[id]?.blockers = edges.count { $0.generation != nil }
        if entry.hurried != nil { hurry(edges.map(\.id), now) }
    }

    mutating func dropEdges(of id: Int64) {
        guard let edges = entries[id]?.edges, !edges.isEmpty else { return }
        for edge in edges {
            waiters[edge.id]?.remove(id)
            if waiters[edge.id]?.isEmpty == true { waiters[edge.id] = nil }
        }
        entries[id]?.edges = []
        entries[id]?.blockers = 0
    }

    /// `id` has become pending: those that go after it wait now, unless they are under way.
    mutating func holdBackWaiters(of id: Int64, _ now: Int64) {
        guard let generation = entries[id]?.item.generation else { return }
        var isHurried = false
        for waiter in waiters[id] ?? [] {
            guard let place = entries[waiter]?.edges.firstIndex(where: { $0.id == id }) else { continue }
            if entries[waiter]?.hurried != nil { isHurried = true }
            entries[waiter]?.edges[place].generation = generation
            entries[waiter]?.blockers += 1
            ready.remove(waiter)
            timers.remove(waiter)
        }
        if isHurried { hurry([id], now) }
    }

    /// `id` has gone up to this generation: those that waited for that can go.
    mutating func releaseWaiters(of id: Int64, through generation: Int64, _ now: Int64) {
        for waiter in waiters[id] ?? [] {
            guard let place = entries[waiter]?.edges.firstIndex(where: { $0.id == id }),
                let awaited = entries[waiter]?.edges[place].generation, awaited <= generation
            else { continue }
            entries[waiter]?.edges.remove(at: place)
            entries[waiter]?.blockers -= 1
            waiters[id]?.remove(waiter)
            self.place(waiter, now)
        }
        if waiters[id]?.isEmpty == true { waiters[id] = nil }
    }

    /// Nothing runs, nothing can go, no time is awaited, and yet there is something: what is left goes in a circle too
    /// long to have been seen. The oldest goes first.
    mutating func releaseCircle(_ now: Int64) -> Bool {
        guard totals.itemsInFlight == 0, ready.isEmpty, timers.isEmpty, !entries.isEmpty,
            let oldest = entries.values.min(by: { ($0.item.changed, $0.item.id) < ($1.item.changed, $1.item.id) })
        else { return false }
        dropEdges(of: oldest.item.id)
        place(oldest.item.id, now)
        return true
    }

    private func leads(from start: Int64, to end: Int64) -> Bool {
        var rest = [start]
        var seen: Set<Int64> = []
        while let id = rest.popLast() {
            if id == end { return true }
            guard seen.count < Self.searchMax, seen.insert(id).inserted else { continue }
            rest += entries[id]?.edges.map(\.id) ?? []
        }
        return false
    }
}
