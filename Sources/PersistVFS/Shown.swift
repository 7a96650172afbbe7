import Persist
import Synchronization

/// What a node shows while its working copy is being published.
///
/// A publication may wait for another program's transaction, and holds the node's lock, so that it sees no half of a
/// write. Who only looks need not wait with it: nothing changes meanwhile.
final class Shown: Sendable {
    private let state = Mutex<OpenNode.State?>(nil)

    var now: OpenNode.State? { state.withLock { $0 } }

    /// With the node's lock held: `body` may wait, and changes nothing of `shown`.
    func during<R, E: Error>(_ shown: OpenNode.State, _ body: () throws(E) -> R) throws(E) -> R {
        state.withLock { $0 = shown }
        defer { state.withLock { $0 = nil } }
        return try body()
    }
}
