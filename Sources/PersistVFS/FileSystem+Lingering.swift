import Persist

/// Files whose last close found no room, or another program at the store (`Lingering`).
extension FileSystem {
    /// What could not be published at its last close is tried again: one after another, as long as there is room. Each try
    /// on a full disk costs others their turn at the store, and there may be thousands.
    func retryLingering() {
        guard !lingering.isEmpty else { return }
        var refused = 0
        for open in lingering.inTurn where refused < 2 {
            let failure = retryLingering(open, .asked)
            if failure == .full || failure == .timedOut { refused += 1 }
        }
    }

    /// All of it, for the last time.
    func publishLingering() {
        for open in lingering.all { retryLingering(open, .unbounded) }
    }

    /// - Returns: why it is still not published; nil: it is, or never will be.
    @discardableResult
    private func retryLingering(_ open: OpenNode, _ room: Room) -> StoreError.Kind? {
        let failure = open.with { state -> StoreError.Kind? in
            if state.isUnlinked {
                if state.opens.isEmpty { discard(&state) }
                return nil
            }
            guard !state.hasWriter, state.working?.isModified == true || state.creation != nil else { return nil }
            do throws(StoreError) {
                try publish(&state, room: room)
                if state.isUnlinked, state.opens.isEmpty { discard(&state) }
                return nil
            } catch {
                if state.isUnlinked {
                    if state.opens.isEmpty { discard(&state) }
                    log.log("\(label(state.node)): \(error)")
                    return nil
                }
                guard error.kind == .rejected else { return error.kind }
                reject(&state, error)
                return nil
            }
        }
        guard failure == nil, lingering.remove(open.id) else { return failure }
        store.setWriting(opens.key(open), false)
        leave(open)
        return nil
    }

    /// No name leads to the node any more: what lingered of it takes no more room.
    func unlinked(_ open: OpenNode) {
        open.with { $0.unlinked() }
        if !lingering.isEmpty, lingering.contains(open.id) { retryLingering(open, .asked) }
    }
}
