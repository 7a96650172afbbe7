import Persist
import Synchronization

/// Closed files whose last content could not be published yet, because another program held the store or the disk
/// was full: tried again whenever something may have changed, and at unmount.
final class Lingering: Sendable {
    private let nodes = Mutex<[NodeID: OpenNode]>([:])
    private let count = Atomic<Int>(0)

    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }
    var all: [OpenNode] { nodes.withLock { Array($0.values) } }

    func insert(_ node: OpenNode) {
        nodes.withLock { nodes in
            nodes[node.id] = node
            count.store(nodes.count, ordering: .relaxed)
        }
    }

    func remove(_ id: NodeID) {
        nodes.withLock { nodes in
            nodes[id] = nil
            count.store(nodes.count, ordering: .relaxed)
        }
    }
}
