internal import Persist

/// What an open store with a far side keeps in memory of its outbox. Only touched inside write transactions.
final class Outbox: @unchecked Sendable {  // see above
    /// The last one given out.
    var generation: Int64 = 0
    /// Is told of entries that are in the file. With the writer's lock held: it takes note, and returns.
    let changed: @Sendable ([OutboxEntry]) -> Void

    init(changed: @escaping @Sendable ([OutboxEntry]) -> Void) { self.changed = changed }
}
