import Glibc
import Persist
import Synchronization

/// A file that is open here, or that still has something to publish: shared by all its opens (R1).
///
/// Lock order: a node's lock comes before the store's; a node's lock is held while its working copy is published,
/// so that a publication sees no half of a write. Who holds one node's lock waits for no other's;
/// several are held together only by `FileSystem.append`, which tries.
final class OpenNode: Sendable {
    let id: NodeID
    /// As it was when it was opened; a rename may have made it something else.
    let isLog: Bool
    private let state: Mutex<State>
    private let shown = Shown()

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
        /// The node that it was when it was opened, where others made its name first: the kernel has it open as both.
        var formerID: NodeID?
        let shown: Shown

        var hasWriter: Bool { opens.values.contains { $0.flags.contains(.write) } }
    }

    init(node: Node, creation: Creation? = nil) {
        id = node.id
        isLog = node.isStream
        state = Mutex(
            State(
                node: node, creation: creation, isNew: creation != nil, baseRevision: node.revision,
                isUnlinked: node.isUnlinked, shown: shown))
    }

    /// Runs `body` alone on this node.
    func with<R: Sendable, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        try state.withLock { (state: inout sending State) throws(E) -> R in try body(&state) }
    }

    /// The same, unless somebody else has the node.
    func ifFree<R: Sendable>(_ body: (inout State) -> R) -> R? {
        state.withLockIfAvailable { (state: inout sending State) in body(&state) }
    }

    /// For who only looks: what the node shows, also while it waits to be published.
    ///
    /// - Parameter body: may note what it finds in the store; while the node waits, in a copy that nobody keeps.
    ///   What lies in a draft it must not ask for: that goes with the publication.
    func look<R: Sendable, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        var attempts = 0
        while true {
            let result = try state.withLockIfAvailable { (state: inout sending State) throws(E) -> R in
                try body(&state)
            }
            if let result { return result }
            if var shown = shown.now { return try body(&shown) }
            // Held for a moment, mostly; by who waits for the store without showing anything, for longer.
            attempts += 1
            if attempts < 100 { sched_yield() } else { usleep(attempts < 200 ? 100 : 1_000) }
        }
    }
}
