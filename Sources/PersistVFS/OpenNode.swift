import Persist
import Synchronization

/// A file that is open here, or that still has something to publish: shared by all its opens (R1).
///
/// Lock order: a node's lock comes before the store's; a node's lock is held while its working copy is published,
/// so that a publication sees no half of a write. Two nodes' locks are never held together.
final class OpenNode: Sendable {
    let id: NodeID
    private let state: Mutex<State>

    struct State: Sendable {
        /// As the store knew it last; of a pending creation as it will be.
        var node: Node
        /// The file is in memory only, until its first publishing (R2).
        var creation: Creation?
        /// The creation was begun by an open that is still here: a rejected value takes the name away again (R5).
        var isNew: Bool
        var opens: [UInt64: OpenFile] = [:]
        /// What a writer has seen: another revision at publishing is a conflict (R10).
        var baseRevision: Int64
        var working: WorkingCopy?
        /// A write to this document failed: nothing of the working copy is ever published (R6).
        var spoiled: StoreError?
        /// A close has answered EBADMSG for this working copy: its caller, and the log, know.
        var isRefusalTold = false
        /// No name leads here any more: what is written only the open files see.
        var isUnlinked = false

        var hasWriter: Bool { opens.values.contains { $0.flags.contains(.write) } }
    }

    init(node: Node, creation: Creation? = nil) {
        id = node.id
        state = Mutex(
            State(
                node: node, creation: creation, isNew: creation != nil, baseRevision: node.revision,
                isUnlinked: node.isUnlinked))
    }

    /// Runs `body` alone on this node.
    func with<R: Sendable, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        try state.withLock { (state: inout sending State) throws(E) -> R in try body(&state) }
    }
}
