import Persist
import Synchronization

/// Which content of a node the kernel's pages belong to: an open may keep them only when it is still that one.
final class SeenRevisions: Sendable {
    /// Forgetting one costs a cold read, no more.
    private static let most = 65_536
    private let revisions = Mutex<[NodeID: Int64]>([:])

    /// - Returns: whether the kernel's pages are of this revision already.
    func see(_ id: NodeID, _ revision: Int64) -> Bool {
        revisions.withLock { revisions in
            if revisions[id] == revision { return true }
            if revisions.count >= Self.most { revisions.removeAll(keepingCapacity: true) }
            revisions[id] = revision
            return false
        }
    }

    /// What this mount wrote went through the pages: they are of the new revision where they were of the old.
    func moved(_ id: NodeID, to revision: Int64) {
        revisions.withLock { revisions in
            if revisions[id] != nil { revisions[id] = revision }
        }
    }

    func forget(_ id: NodeID) { revisions.withLock { $0[id] = nil } }
    func forgetAll() { revisions.withLock { $0.removeAll() } }
}
