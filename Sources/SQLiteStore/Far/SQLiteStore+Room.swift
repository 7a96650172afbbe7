import Glibc
public import Persist
import Synchronization

/// Room that content takes which the far side has: it goes, and is fetched again where somebody reads it.
extension SQLiteStore {
    /// Takes away content of files that the far side has, and that nobody has opened since the last time: of a few of
    /// them, in the order of their nodes.
    ///
    /// - Parameters:
    ///   - last: the file that the last call ended at; nil: from the first.
    ///   - bytes: no more than about that.
    ///   - min: content that is shorter is not worth it: its name takes as much.
    ///   - sparesUsed: what was opened since is left until the next time round.
    ///   - takesOpen: also of files that are open, and not written.
    /// - Returns: where it ended (nil: at the last file), and how many bytes that gives back, soon.
    public func evict(
        after last: NodeID?, bytes: UInt64, min: UInt64 = 1 << 10, sparesUsed: Bool = true, takesOpen: Bool = false
    ) throws(StoreError) -> (last: NodeID?, bytes: UInt64) {
        let candidates = try readers.read { db throws(StoreError) in
            try db.all(
                """
                SELECT ino FROM node WHERE ino > ?1 AND kind = 1 AND size >= ?2 AND cookie > 0 AND ns <> 5
                    ORDER BY ino LIMIT 64
                """, last ?? NodeID(0), Int64(max(1, min)), read: { $0.id(0) })
        }
        guard !candidates.isEmpty else { return (nil, 0) }
        return try writeFreeing(isInterruptible: false, leavesDirectories: true, isFromFar: true) {
            tx throws(StoreError) in
            var given: UInt64 = 0
            for id in candidates {
                if mount.used.withLock({ $0.remove(id) }) != nil, sparesUsed { continue }
                if mount.pins.withLock({ $0[id] }) != nil { continue }
                if mount.holds.isWriting(id) || !takesOpen && mount.holds.contains(id) { continue }
                guard let gone = try tx.evict(id) else { continue }
                given += gone
                // Afterwards: who opens it until then may still read what goes. And in this order: who opens it in between
                // keeps no page that the kernel has of it, or counts as one who has read.
                tx.onCommit { [mount, delivery = serving.delivery] in
                    delivery.tellGone(id)
                    mount.holds.noteEmptied(id)
                }
                if given >= bytes { return (id, given) }
            }
            return (candidates.last, given)
        }
    }

    /// Spares a file the next time that content is taken away: somebody is about to read it.
    public func markUsed(_ id: NodeID) { mount.used.withLock { _ = $0.insert(id) } }

    /// How many bytes of the file are in use; what waits to be collected counts no more.
    public func usedBytes() throws(StoreError) -> UInt64 {
        try readTogether { db throws(StoreError) in
            let pages = try db.first("PRAGMA page_count") { $0.int(0) } ?? 0
            let free = try db.first("PRAGMA freelist_count") { $0.int(0) } ?? 0
            let page = try db.first("PRAGMA page_size") { $0.int(0) } ?? 0
            return UInt64(max(0, pages - free) * page) + (mount.bodyFiles?.bytesUsed ?? 0)
        }
    }

    /// Content that nobody has any more is still being collected.
    public func isCollecting() throws(StoreError) -> Bool {
        try readers.read { db throws(StoreError) in try db.exists("SELECT 1 FROM garbage LIMIT 1") }
    }

    /// What is free on its disk, and in the file itself, which gives it back by and by; nil where that cannot be said.
    public func freeBytes() -> UInt64? {
        guard let onDisk = serving.whereabouts?.freeBytes() else { return nil }
        let inFile = try? readTogether { db throws(StoreError) in
            let free = try db.first("PRAGMA freelist_count") { $0.int(0) } ?? 0
            // Of a damaged header any number.
            return UInt64(clamping: free * (try db.first("PRAGMA page_size") { $0.int(0) } ?? 0))
        }
        return onDisk + (inFile ?? 0)
    }

    /// Spares a file, from now on until as many `unpin`: what is being brought is not to go meanwhile.
    public func pin(_ id: NodeID) { mount.pins.withLock { $0[id, default: 0] += 1 } }

    public func unpin(_ id: NodeID) {
        mount.pins.withLock { pins in
            guard let count = pins[id] else { return }
            pins[id] = count > 1 ? count - 1 : nil
        }
    }

    // MARK: On a full disk

    /// Who lets content go on a full disk.
    struct LettingGo {
        /// Before, nobody is to try again.
        var next = ContinuousClock.now
        /// The file that it ended at.
        var last: NodeID?
    }

    private static let letGoBytes: UInt64 = 32 << 20
    private static let stepBytes: UInt64 = 16 << 20
    private static let lookingMax = Duration.seconds(2)
    private static let collectingMax = Duration.seconds(5)
    /// After a look that found nothing.
    private static let lookPause = Duration.seconds(4)

    /// Before somebody who writes is told that the disk has no room: some of it goes. One thread at a time: who has waited
    /// finds room.
    ///
    /// - Returns: whether there is room that was not there.
    func letContentGo() -> Bool {
        guard mount.outbox != nil, !isReadOnly else { return false }
        options.waits.waitBegins()
        defer { options.waits.waitEnds() }
        return serving.lettingGo.withLock { state in
            let start = ContinuousClock.now
            guard start >= state.next else { return false }
            do throws(StoreError) {
                // What was spared the first time round goes the second, and only then what is open.
                var (given, rounds): (UInt64, Int) = (0, 0)
                while given < Self.letGoBytes, rounds < 4, ContinuousClock.now - start < Self.lookingMax {
                    let step = try evict(after: state.last, bytes: Self.stepBytes, takesOpen: rounds >= 2)
                    state.last = step.last
                    given += step.bytes
                    if step.last == nil { rounds += 1 }
                }
                guard given > 0 else {
                    state.next = .now + Self.lookPause
                    return false
                }
                try giveSlotsBack()
                // What is large is collected piece by piece, when nobody can be reading it any more.
                while try isCollecting(), ContinuousClock.now - start < Self.collectingMax {
                    usleep(20_000)
                    _ = regainRoom()
                }
                return true
            } catch {
                options.log("making room on a full disk: \(error)")
                return false
            }
        }
    }
}
