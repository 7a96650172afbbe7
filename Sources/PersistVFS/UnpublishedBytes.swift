import Persist
import Synchronization

/// Counts the bytes of working copies in memory, all files together (R14).
final class UnpublishedBytes: Sendable {
    let most: UInt64
    private let count = Atomic<Int>(0)

    init(most: UInt64) { self.most = most }

    var isOver: Bool { count.load(ordering: .relaxed) > Int(clamping: most) }

    /// Runs `body`, which changes a working copy, and counts what it brought or freed.
    func counting<R>(
        _ state: inout OpenNode.State, _ body: (inout OpenNode.State) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        let before = state.working?.memoryBytes ?? 0
        defer { count.add((state.working?.memoryBytes ?? 0) - before, ordering: .relaxed) }
        return try body(&state)
    }
}
