import Persist
import Synchronization

/// The open files of this mount by node, with a count of who uses each.
final class OpenNodes: Sendable {
    private struct Entry: Sendable {
        let node: OpenNode
        var users: Int
    }

    private let entries = Mutex<[NodeID: Entry]>([:])
    private let handles = Atomic<UInt64>(1)

    func nextHandle() -> UInt64 { handles.add(1, ordering: .relaxed).oldValue }

    func find(_ id: NodeID) -> OpenNode? { entries.withLock { $0[id]?.node } }

    var all: [OpenNode] { entries.withLock { $0.values.map(\.node) } }
    var count: Int { entries.withLock { $0.count } }

    /// The node with one user more; where it is not here yet, the one given.
    /// - Returns: also whether it is the first user's.
    func enter(_ candidate: @autoclosure () -> OpenNode, id: NodeID, most: Int) throws(StoreError) -> (OpenNode, Bool) {
        let made = candidate()
        let result: (OpenNode, Bool)? = entries.withLock { entries in
            if let found = entries[id]?.node {
                entries[id]!.users += 1
                return (found, false)
            }
            guard entries.count < most else { return nil }
            entries[id] = Entry(node: made, users: 1)
            return (made, true)
        }
        guard let result else {
            throw StoreError(.tooManyOpen, hint: "this mount has \(most) files open (option open_files_max)")
        }
        return result
    }

    /// One user more of a node that is here already.
    func enterExisting(_ id: NodeID) -> OpenNode? {
        entries.withLock { entries in
            guard let found = entries[id]?.node else { return nil }
            entries[id]!.users += 1
            return found
        }
    }

    /// - Returns: whether it was the last user, who has to tell the store.
    func leave(_ id: NodeID) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[id] else { return false }
            if entry.users == 1 {
                entries[id] = nil
                return true
            }
            entries[id]!.users -= 1
            return false
        }
    }
}
