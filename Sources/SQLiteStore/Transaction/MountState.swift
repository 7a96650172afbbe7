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
    let touches = Touches()
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
    /// nil: chunks all lie in the store.
    let bodyFiles: BodyFiles?
    /// Of a store with a far side: nodes that have been opened since somebody last looked for what can go.
    let used = Mutex<Set<NodeID>>([])
    /// Of these, what is being brought, and how often.
    let pins = Mutex<[NodeID: Int]>([:])
    /// `SQLiteStoreOptions.conflictKept`.
    let conflictKept: (@Sendable ([UInt8]) -> Void)?
    private let due = Mutex((orphans: [NodeID](), housekeeping: false))

    init(
        limits: StoreLimits, host: String, outbox: Outbox? = nil, bodyFiles: BodyFiles? = nil,
        conflictKept: (@Sendable ([UInt8]) -> Void)? = nil,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.limits = limits
        self.outbox = outbox
        self.bodyFiles = bodyFiles
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
