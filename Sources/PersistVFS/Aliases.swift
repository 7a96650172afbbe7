import Persist
import Synchronization

/// Nodes that were renamed over a stream and went into it, and files whose name others made first: until the kernel has
/// looked the name up again, their ids answer as what has the name (R8, R10).
final class Aliases: Sendable {
    private let targets = Mutex<[NodeID: NodeID]>([:])
    private let isUsed = Atomic<Bool>(false)

    func resolve(_ id: NodeID) -> NodeID {
        guard isUsed.load(ordering: .acquiring) else { return id }
        return targets.withLock { $0[id] ?? id }
    }

    func add(_ id: NodeID, for target: NodeID) {
        targets.withLock { $0[id] = target }
        isUsed.store(true, ordering: .releasing)
    }
}
