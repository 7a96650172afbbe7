public import Persist

extension FileSystem {
    /// Entries after `cookie`, with what stat(2) would show of each; empty at the end.
    public func readdir(_ id: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [ListedEntry] {
        if ControlFiles.owns(id) { return try controls.list(id, after: cookie, limit: limit) }
        do throws(StoreError) { try materializeAll(in: id) } catch {
            // What the store has can be listed all the same: on a full disk, to remove some of it (R13).
            guard error.isTransient, error.kind != .interrupted else { throw error }
        }
        let isAnyOpen = opens.count > 0
        return try store.list(id, after: cookie, limit: limit).map { (entry) throws(StoreError) in
            ListedEntry(
                cookie: entry.cookie, name: entry.name,
                attributes: isAnyOpen ? try overlaid(entry.node) : attributes(of: entry.node))
        }
    }

    /// fsync(2) of a directory: its names, those in memory too, survive loss of power.
    public func fsyncdir(_ id: NodeID) throws(StoreError) {
        if ControlFiles.owns(id) { return }
        try materializeAll(in: id)
        if !store.isReadOnly { try store.sync() }
    }

    public func statfs() throws(StoreError) -> StoreStatistics { try store.statistics(countsNodes: false) }

    /// Names that are in memory only become real: somebody looks.
    func materializeAll(in directory: NodeID) throws(StoreError) {
        for open in pending.all(in: directory) {
            try open.with { (state) throws(StoreError) in try materialize(&state) }
        }
    }
}
