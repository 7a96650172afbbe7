import Persist
import Synchronization

/// The open files of this mount by node, with a count of who uses each.
final class OpenNodes: Sendable {
    private struct Entry: Sendable {
        let node: OpenNode
        var users: Int
    }

    private struct State: Sendable {
        var entries: [NodeID: Entry] = [:]
        /// Ids that nodes had when they were opened, of those that are another node by now.
        var moved: [NodeID: NodeID] = [:]

        func key(_ id: NodeID) -> NodeID { moved.isEmpty ? id : moved[id] ?? id }
    }

    private let state = Mutex(State())
    private let handles = Atomic<UInt64>(1)

    func nextHandle() -> UInt64 { handles.add(1, ordering: .relaxed).oldValue }

    func find(_ id: NodeID) -> OpenNode? { state.withLock { $0.entries[$0.key(id)]?.node } }

    /// The node that the store has for an open one.
    func key(_ open: OpenNode) -> NodeID { state.withLock { $0.key(open.id) } }

    var all: [OpenNode] { state.withLock { $0.entries.values.map(\.node) } }
    var count: Int { state.withLock { $0.entries.count } }

    /// The node with one user more; where it is not here yet, the one given.
    /// - Returns: also whether it is the first user's.
    func enter(_ candidate: @autoclosure () -> OpenNode, id: NodeID, most: Int) throws(StoreError) -> (OpenNode, Bool) {
        let made = candidate()
        let result: (OpenNode, Bool)? = state.withLock { state in
            if let found = state.entries[id]?.node {
                state.entries[id]!.users += 1
                return (found, false)
            }
            guard state.entries.count < most else { return nil }
            state.entries[id] = Entry(node: made, users: 1)
            return (made, true)
        }
        guard let result else {
            throw StoreError(.tooManyOpen, hint: "this mount has \(most) files open (option open_files_max)")
        }
        return result
    }

    /// One user more of a node that is here already.
    func enterExisting(_ id: NodeID) -> OpenNode? {
        state.withLock { state in
            let key = state.key(id)
            guard let found = state.entries[key]?.node else { return nil }
            state.entries[key]!.users += 1
            return found
        }
    }

    /// From now on it is found under this id, and under the one that it had.
    /// - Returns: false where another is open under it.
    func move(_ open: OpenNode, to id: NodeID) -> Bool {
        state.withLock { state in
            guard state.entries[id] == nil, let entry = state.entries.removeValue(forKey: open.id) else { return false }
            state.entries[id] = entry
            state.moved[open.id] = id
            return true
        }
    }

    /// - Returns: under which id it was open, where that was the last user, who has to tell the store.
    func leave(_ open: OpenNode) -> NodeID? {
        state.withLock { state in
            let key = state.key(open.id)
            guard let entry = state.entries[key] else { return nil }
            if entry.users == 1 {
                state.entries[key] = nil
                state.moved[open.id] = nil
                return key
            }
            state.entries[key]!.users -= 1
            return nil
        }
    }
}
