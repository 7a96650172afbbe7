internal import Persist
import Synchronization

/// What this open store object is to the others, and what it keeps in memory.
///
/// `id`, `hasPeers`, `mayHoldRejected`, `feedSeen` and `logsBehind` are only touched inside a write transaction; the rest has its own locks.
final class MountState: @unchecked Sendable {  // see above
    let limits: StoreLimits
    let log: @Sendable (String) -> Void
    let blocks = IDBlocks()
    let drafts = Drafts()
    let holds = Holds()
    /// The row in `mount`, and the byte of the lock file.
    var id: Int64 = 0
    /// Whether other rows are in `mount`.
    var hasPeers = false
    /// Whether `kept` may have rejected versions: most stores have none, and every publishing would have to look.
    var mayHoldRejected = true
    /// The last feed entry that was folded in.
    var feedSeen: Int64 = 0
    /// Logs that were appended to here: their rows are behind their events.
    var logsBehind: Set<NodeID> = []
    let host: String
    /// nil: there is no far side.
    let outbox: Outbox?
    /// Of a store with a far side: nodes that have been opened since somebody last looked for what can go.
    let used = Mutex<Set<NodeID>>([])
    /// Of these, what is being brought, and how often.
    let pins = Mutex<[NodeID: Int]>([:])
    /// `SQLiteStoreOptions.conflictKept`.
    let conflictKept: (@Sendable ([UInt8]) -> Void)?
    private let due = Mutex((orphans: [NodeID](), housekeeping: false))

    init(
        limits: StoreLimits, host: String, outbox: Outbox? = nil, conflictKept: (@Sendable ([UInt8]) -> Void)? = nil,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.limits = limits
        self.outbox = outbox
        self.conflictKept = conflictKept
        self.host = host
        self.log = log
    }

    /// An unlinked node that was let go between two looks at it: nobody else collects it.
    func orphaned(_ id: NodeID) { due.withLock { $0.orphans.append(id) } }
    func takeOrphans() -> [NodeID] {
        due.withLock { due in
            defer { due.orphans = [] }
            return due.orphans
        }
    }

    /// There is garbage.
    func housekeepingIsDue() { due.withLock { $0.housekeeping = true } }
    func takeHousekeeping() -> Bool {
        due.withLock { due in
            defer { due.housekeeping = false }
            return due.housekeeping
        }
    }
}

/// Which nodes are open here, and which of those have no name any more.
final class Holds: Sendable {
    private struct State {
        var counts: [NodeID: Int] = [:]
        var unlinked: Set<NodeID> = []
        var writing: Set<NodeID> = []
        var emptied: Set<NodeID> = []
    }
    private let state = Mutex(State())

    func add(_ id: NodeID) { state.withLock { $0.counts[id, default: 0] += 1 } }

    /// - Returns: whether an unlinked node is to be collected now.
    func remove(_ id: NodeID) -> Bool {
        state.withLock { state in
            guard let count = state.counts[id] else { return false }
            if count > 1 {
                state.counts[id] = count - 1
                return false
            }
            state.counts[id] = nil
            state.writing.remove(id)
            state.emptied.remove(id)
            return state.unlinked.remove(id) != nil
        }
    }

    /// - Returns: whether that is news.
    func setWriting(_ id: NodeID, _ isWriting: Bool) -> Bool {
        state.withLock { state in
            guard isWriting else { return state.writing.remove(id) != nil }
            return state.writing.insert(id).inserted
        }
    }

    func isWriting(_ id: NodeID) -> Bool { state.withLock { $0.writing.contains(id) } }

    func contains(_ id: NodeID) -> Bool { state.withLock { $0.counts[id] != nil } }

    /// Its content has been taken away: nothing shows any more whether it has been read.
    func noteEmptied(_ id: NodeID) {
        state.withLock { if $0.counts[id] != nil { $0.emptied.insert(id) } }
    }

    /// Whether that has happened since it was opened.
    func isEmptied(_ id: NodeID) -> Bool { state.withLock { $0.emptied.contains(id) } }

    /// - Returns: false where it has been let go meanwhile, and nobody will collect it.
    func noteUnlinked(_ id: NodeID) -> Bool {
        state.withLock { state in
            guard state.counts[id] != nil else { return false }
            state.unlinked.insert(id)
            return true
        }
    }
}
