import Glibc
import Persist
import Synchronization

/// Documents whose close(2) said that they are refused, and whose RELEASE is still to come (R5).
///
/// Until then they show what was refused: another descriptor of the same open may go on writing. Mostly there is none,
/// and the kernel has queued RELEASE before close(2) returns; but nobody waits for its answer, and it may be served after
/// what the program asks next. That waits here, so that who has seen close(2) fail finds the last good version.
final class Refusals: Sendable {
    /// The longest wait; after it, whoever comes next does not wait. 100 ms.
    private static let microsecondsMax = 100_000

    /// Open nodes. `count` is theirs: nearly always there are none, and then no lock is taken.
    private let nodes = Mutex<Set<NodeID>>([])
    private let count = Atomic(0)

    func add(_ open: OpenNode) { change { $0.insert(open.id) } }

    /// RELEASE is served, and the kernel has forgotten what was refused.
    func remove(_ open: OpenNode) { change { $0.remove(open.id) } }

    func contains(_ open: OpenNode) -> Bool {
        count.load(ordering: .acquiring) > 0 && nodes.withLock { $0.contains(open.id) }
    }

    /// With no lock held.
    ///
    /// - Returns: whether there was anything to wait for.
    func wait(for open: OpenNode) -> Bool {
        var waited = 0
        while contains(open) {
            guard waited < Self.microsecondsMax else {
                remove(open)
                break
            }
            // RELEASE is on its way: a few turns of another thread, mostly.
            let step = waited < 1_000 ? 50 : 1_000
            usleep(useconds_t(step))
            waited += step
        }
        return waited > 0
    }

    private func change(_ body: (inout Set<NodeID>) -> Void) {
        nodes.withLock { nodes in
            body(&nodes)
            count.store(nodes.count, ordering: .releasing)
        }
    }
}
