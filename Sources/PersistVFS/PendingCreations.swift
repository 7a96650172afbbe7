import Persist
import Synchronization

/// Files that were created here and are in memory only so far (R2), by the name that they will have.
final class PendingCreations: Sendable {
    private let names = Mutex<[NodeID: [FileName: OpenNode]]>([:])
    /// Spares every lookup the lock while nothing is pending.
    private let count = Atomic<Int>(0)

    var isEmpty: Bool { count.load(ordering: .acquiring) == 0 }

    func find(_ name: FileName, in parent: NodeID) -> OpenNode? {
        isEmpty ? nil : names.withLock { $0[parent]?[name] }
    }

    func all(in parent: NodeID) -> [OpenNode] {
        isEmpty ? [] : names.withLock { Array($0[parent, default: [:]].values) }
    }

    /// - Returns: false where the name is pending already.
    func insert(_ node: OpenNode, _ name: FileName, in parent: NodeID) -> Bool {
        names.withLock { names in
            guard names[parent]?[name] == nil else { return false }
            names[parent, default: [:]][name] = node
            count.add(1, ordering: .releasing)
            return true
        }
    }

    @discardableResult
    func remove(_ name: FileName, in parent: NodeID) -> OpenNode? {
        isEmpty
            ? nil
            : names.withLock { names in
                guard let found = names[parent]?.removeValue(forKey: name) else { return nil }
                if names[parent]!.isEmpty { names[parent] = nil }
                count.subtract(1, ordering: .releasing)
                return found
            }
    }
}
