/// What `status` asks.
extension UploadSchedule {
    public func isPending(_ id: Int64) -> Bool { entries[id] != nil }

    /// nil: not pending.
    public func state(of id: Int64) -> UploadState? {
        guard let entry = entries[id], !entry.isRemoved else { return nil }
        let phase: UploadState.Phase
        if let running = entry.running {
            phase = .uploading(generation: running.generation)
        } else if entry.blockers > 0 {
            phase = .behind(entry.edges.filter { $0.generation != nil }.map(\.id).sorted())
        } else if let due = timers.priority(of: id) {
            phase = .waiting(until: due)
        } else {
            phase = .ready
        }
        return UploadState(
            phase: phase, tries: entry.tries, lastError: entry.lastError, isRefused: entry.isRefused)
    }

    public var pending: UploadTotals {
        var totals = totals
        totals.itemsFailing = failing.count
        if far.isDown { totals.probeAt = far.probeAt }
        return totals
    }

    /// Ids with a failure since their last success, the smallest first.
    public func failingItems(limit: Int) -> [Int64] { Array(failing.sorted().prefix(limit)) }

    /// Nothing is under way: after `.stop` the shell may go.
    public var isIdle: Bool { totals.itemsInFlight == 0 }
}
