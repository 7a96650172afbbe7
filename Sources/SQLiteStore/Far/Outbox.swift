internal import Persist

/// What an open store with a far side keeps in memory of its outbox. Only touched inside write transactions.
final class Outbox: @unchecked Sendable {  // see above
    /// The last one given out.
    var generation: Int64 = 0
    /// Is told of entries that are in the file. With the writer's lock held: it takes note, and returns.
    let changed: @Sendable ([OutboxEntry]) -> Void

    /// Is told of nodes that nobody writes any more. Any thread, perhaps with the node's lock held.
    let writingEnded: @Sendable (NodeID) -> Void

    init(
        changed: @escaping @Sendable ([OutboxEntry]) -> Void, writingEnded: @escaping @Sendable (NodeID) -> Void
    ) {
        self.changed = changed
        self.writingEnded = writingEnded
    }
}
