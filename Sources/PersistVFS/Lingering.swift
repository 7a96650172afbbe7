import Persist
import Synchronization

/// Closed files whose last content could not be published yet, because another program held the store or the disk
/// was full: tried again whenever something may have changed, and at unmount.
final class Lingering: Sendable {
    private let nodes = Mutex<[NodeID: (node: OpenNode, bytes: Int)]>([:])
    private let count = Atomic<Int>(0)
    private let turn = Atomic<Int>(0)

    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }
    func contains(_ id: NodeID) -> Bool { nodes.withLock { $0[id] != nil } }
    var all: [OpenNode] { nodes.withLock { $0.values.map(\.node) } }

    /// First one whose turn it is: each comes to that. Then those that take least room.
    var inTurn: [OpenNode] {
        let turn = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        var all = nodes.withLock { Array($0.values) }.sorted { $0.bytes < $1.bytes }
        if !all.isEmpty { all.insert(all.remove(at: turn % all.count), at: 0) }
        return all.map(\.node)
    }

    /// A file that lingers counts as one user of its node.
    ///
    /// - Parameter bytes: that are in memory only.
    /// - Returns: false where it did before.
    func insert(_ node: OpenNode, bytes: Int) -> Bool {
        nodes.withLock { nodes in
            let isNew = nodes.updateValue((node, bytes), forKey: node.id) == nil
            count.store(nodes.count, ordering: .relaxed)
            return isNew
        }
    }

    /// - Returns: whether it was here; then the node has one user fewer, and the caller has to `leave` it.
    func remove(_ id: NodeID) -> Bool {
        nodes.withLock { nodes in
            let wasHere = nodes.removeValue(forKey: id) != nil
            count.store(nodes.count, ordering: .relaxed)
            return wasHere
        }
    }
}
