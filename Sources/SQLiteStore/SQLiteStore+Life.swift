import Glibc
public import Persist
import Synchronization

extension SQLiteStore {
    public func sync() throws(StoreError) {
        guard let walSync = serving.walSync else { return }
        try walSync.sync()
    }

    /// How many times the disk was asked to sync since the store was opened.
    public var syncCount: Int { serving.walSync?.count ?? 0 }

    public func hold(_ id: NodeID) {
        mount.holds.add(id)
        if mount.outbox != nil { mount.used.withLock { _ = $0.insert(id) } }
    }

    public func setWriting(_ id: NodeID, _ isWriting: Bool) {
        guard let outbox = mount.outbox else { return }
        if mount.holds.setWriting(id, isWriting), !isWriting { outbox.writingEnded(id) }
    }

    public func isTaken(_ id: NodeID) -> Bool { !mount.holds.isRemoved(id) }

    public func setCreating(_ name: FileName, in parent: NodeID, _ isCreating: Bool) {
        guard mount.outbox != nil else { return }
        mount.holds.setCreating(name, in: parent, isCreating)
    }

    /// Whether `setWriting` has said so.
    public func isWriting(_ id: NodeID) -> Bool { mount.holds.isWriting(id) }

    public func release(_ id: NodeID) {
        guard mount.holds.remove(id) else { return }
        do throws(StoreError) {
            try writeFreeing(isInterruptible: false, leavesDirectories: true) { tx throws(StoreError) in
                try tx.letGo(id)
            }
        } catch {
            // Housekeeping tries again; at the latest the next opening collects it.
            mount.orphaned(id)
            options.log("release of \(id): \(error)")
        }
    }

    public func refresh() throws(StoreError) {
        if isReadOnly { _ = try lookReadOnly() } else { try writer.giveForeign(to: serving.delivery) }
        serving.delivery.tell()
    }

    public func refreshed(_ id: NodeID) throws(StoreError) -> Node {
        if !isReadOnly,
            let row = try writer.readCurrentIfFree({ db throws(StoreError) in
                if let known = db.cache?.file(id) { return Optional(known) }
                let row = try db.nodeWithContent(id)
                if let row, row.node.kind == .file { db.cache?.add(file: row) }
                return row
            })
        {
            // Somebody else may be about to tell of what it has found.
            serving.delivery.tell()
            guard let row else { throw StoreError(.notFound) }
            return row.node
        }
        try refresh()
        return try node(id)
    }

    /// Nothing can be folded in: what has changed is not known. - Returns: whether something has.
    func lookReadOnly() throws(StoreError) -> Bool {
        try writer.use { db throws(StoreError) in
            let version = try db.dataVersion()
            guard serving.readVersion.exchange(version, ordering: .relaxed) != version else { return false }
            serving.delivery.add([.everything])
            return true
        }
    }

    public func observe(_ observer: any StoreObserver) { serving.delivery.observe(observer) }

    public func statistics(countsNodes: Bool) throws(StoreError) -> StoreStatistics {
        let (pages, free, pageBytes, nodes) = try readTogether { db throws(StoreError) in
            (
                try db.first("PRAGMA page_count") { $0.int(0) } ?? 0,
                try db.first("PRAGMA freelist_count") { $0.int(0) } ?? 0,
                try db.first("PRAGMA page_size") { $0.int(0) } ?? 0,
                countsNodes
                    ? try db.first("SELECT count(*) FROM node WHERE kind <> 2 AND cookie > 0") { UInt64($0.int(0)) }
                    : nil
            )
        }
        let room = serving.whereabouts?.freeBytes() ?? 0
        // Of a damaged header any number.
        let unused = min(max(0, free), pages)
        return StoreStatistics(
            bytesUsed: UInt64((pages - unused) * pageBytes) + (mount.bodyFiles?.bytesUsed ?? 0),
            bytesFree: room + UInt64(unused * pageBytes),
            nodes: nodes,
            notes: (displacementNote.map { [$0] } ?? []) + serving.notes(hasPeers: hasPeers))
    }

    /// Whether other mounts have the store open, as of the last look.
    var hasPeers: Bool { (try? writer.use { _ throws(StoreError) in mount.hasPeers }) ?? false }

    public func close() {
        guard serving.beginClosing() else { return }
        serving.stopWorkers()
        _ = serving.whereabouts?.look()
        writer.refuse(nil)
        let isLast = leave()
        if isLast { shrinkAtEnd() }
        endDisplaced(isLast: isLast)
        closeConnections()
        // The last connection of all has brought the WAL over, and removed it: one file again.
        if isLast {
            serving.room?.reserve.remove()
            lockFile?.remove()
            mount.bodyFiles?.removeDirectory()
        }
        lockFile?.close()
    }

    /// Gives up without leaving: what the next process finds is what it would find if this one had been killed.
    public func abandon() {
        letGo()
        lockFile?.close()
    }

    /// As `abandon`, with the lock file still open.
    func letGo() {
        guard serving.beginClosing() else { return }
        serving.stopWorkers()
        closeConnections()
    }

    private func closeConnections() {
        serving.closeConnections()
        readers.close()
        writer.close()
    }
}

extension Transaction {
    /// A node without a name is not open here any more.
    func letGo(_ id: NodeID) throws(StoreError) {
        try db.run("DELETE FROM unlinked WHERE ino = ? AND mount = ?", id, mount.id)
        try collectUnlinked(id)
    }
}
