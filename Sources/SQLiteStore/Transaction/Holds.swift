internal import Persist
import Synchronization

/// Which nodes are open here, and which of those have no name any more.
final class Holds: Sendable {
    private struct State {
        var counts: [NodeID: Int] = [:]
        var unlinked: Set<NodeID> = []
        var writing: [NodeID: Int] = [:]
        var emptied: Set<NodeID> = []
        var removed: Set<NodeID> = []
        var creations: [NodeID: Set<FileName>] = [:]
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
            state.writing[id] = nil
            state.emptied.remove(id)
            state.removed.remove(id)
            return state.unlinked.remove(id) != nil
        }
    }

    /// - Returns: whether that is news.
    func setWriting(_ id: NodeID, _ isWriting: Bool) -> Bool {
        state.withLock { state in
            let before = state.writing[id] ?? 0
            let now = isWriting ? before + 1 : max(0, before - 1)
            state.writing[id] = now == 0 ? nil : now
            return (before == 0) != (now == 0)
        }
    }

    func isWriting(_ id: NodeID) -> Bool { state.withLock { $0.writing[id] != nil } }

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

    /// A program of this mount has taken its name away.
    func noteRemoved(_ id: NodeID) {
        state.withLock { if $0.counts[id] != nil { $0.removed.insert(id) } }
    }

    func isRemoved(_ id: NodeID) -> Bool { state.withLock { $0.removed.contains(id) } }

    /// A name is being made in a directory, of which the store has nothing yet.
    func setCreating(_ name: FileName, in parent: NodeID, _ isCreating: Bool) {
        state.withLock { state in
            if isCreating {
                state.creations[parent, default: []].insert(name)
            } else if state.creations[parent]?.remove(name) != nil, state.creations[parent]!.isEmpty {
                state.creations[parent] = nil
            }
        }
    }

    var hasCreations: Bool { state.withLock { !$0.creations.isEmpty } }

    /// - Parameter name: nil: any.
    func isCreating(_ name: FileName?, in parent: NodeID) -> Bool {
        state.withLock { state in
            guard let names = state.creations[parent] else { return false }
            return name.map { names.contains($0) } ?? true
        }
    }
}
