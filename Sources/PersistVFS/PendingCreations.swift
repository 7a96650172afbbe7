import Persist
import Synchronization

/// Files that were created here and are in memory only so far (R2), by the name that they will have.
final class PendingCreations: Sendable {
    private struct Place: Hashable {
        let parent: NodeID
        let name: FileName
    }
    private let nodes = Mutex<[Place: OpenNode]>([:])
    /// Spares every lookup the lock while nothing is pending.
    private let count = Atomic<Int>(0)
    private let store: any LocalStore

    /// - Parameter store: is told which names are pending.
    init(store: any LocalStore) { self.store = store }

    var isEmpty: Bool { count.load(ordering: .acquiring) == 0 }

    func find(_ name: FileName, in parent: NodeID) -> OpenNode? {
        isEmpty ? nil : nodes.withLock { $0[Place(parent: parent, name: name)] }
    }

    func all(in parent: NodeID) -> [OpenNode] {
        isEmpty ? [] : nodes.withLock { nodes in nodes.compactMap { $0.key.parent == parent ? $0.value : nil } }
    }

    /// - Returns: false where the name is pending already.
    func insert(_ node: OpenNode, _ name: FileName, in parent: NodeID) -> Bool {
        nodes.withLock { nodes in
            let place = Place(parent: parent, name: name)
            guard nodes[place] == nil else { return false }
            nodes[place] = node
            count.add(1, ordering: .releasing)
            store.setCreating(name, in: parent, true)
            return true
        }
    }

    @discardableResult
    func remove(_ name: FileName, in parent: NodeID) -> OpenNode? {
        isEmpty
            ? nil
            : nodes.withLock { nodes in
                guard let found = nodes.removeValue(forKey: Place(parent: parent, name: name)) else { return nil }
                count.subtract(1, ordering: .releasing)
                store.setCreating(name, in: parent, false)
                return found
            }
    }
}
