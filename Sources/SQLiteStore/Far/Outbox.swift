internal import Persist
import Synchronization

/// What an open store with a far side keeps in memory of its outbox. Only touched inside write transactions, but for what has
/// a lock of its own.
final class Outbox: @unchecked Sendable {  // see above
    /// The last one given out.
    var generation: Int64 = 0
    /// Entries of new files, and of their directories, that have no row yet: creating a file would cost a quarter more. The
    /// first transaction that is anything else writes them (`Transaction.saveOutbox`), and who reads the outbox adds them.
    ///
    /// With a crash they are gone, but their nodes say all of it: files from `firstUnsaved` on of which the far side has
    /// nothing (`OutboxRecovery`).
    let unsaved = Mutex<[NodeID: OutboxEntry]>([:])
    /// No file before this one is in there. As the store has it, under `first_unsaved` in `meta`.
    var firstUnsaved = NodeID(0)
    /// So many rows have been written since that moved.
    private var savedCount = 0
    /// Is told of entries that are in the file, or need not be yet. With the writer's lock held: it takes note, and returns.
    let changed: @Sendable ([OutboxEntry]) -> Void

    /// Is told of nodes that nobody writes any more. Any thread, perhaps with the node's lock held.
    let writingEnded: @Sendable (NodeID) -> Void

    /// What one transaction writes of them, and a crash leaves to be looked for, at most.
    private static let unsavedMax = 4_096
    /// What a crash leaves to be looked through, about.
    private static let savedMax = 10_000

    init(
        changed: @escaping @Sendable ([OutboxEntry]) -> Void, writingEnded: @escaping @Sendable (NodeID) -> Void
    ) {
        self.changed = changed
        self.writingEnded = writingEnded
    }

    /// Whether the entry of a new file may go without a row for now.
    func canWait(_ id: NodeID) -> Bool { id >= firstUnsaved && unsaved.withLock { $0.count } < Self.unsavedMax }

    /// A new file is in the store. - Returns: what nobody has been told of.
    func add(_ file: Node, _ now: Timestamp) -> [OutboxEntry] {
        generation += 2
        let entry = OutboxEntry(
            node: file.id, generation: generation - 1, change: [.name, .content], since: now, changed: now,
            bytes: file.size)
        var directory = OutboxEntry(
            node: file.parent, generation: generation, change: .attributes, since: now, changed: now)
        return unsaved.withLock { unsaved in
            unsaved[file.id] = entry
            let known = unsaved[file.parent]
            if let known { (directory.change, directory.since) = (known.change, known.since) }
            unsaved[file.parent] = directory
            return known == nil ? [entry, directory] : [entry]
        }
    }

    /// These are to be written. - Returns: where `firstUnsaved` is to move, if it is.
    func next(saving entries: some Collection<OutboxEntry>) -> NodeID? {
        guard savedCount + entries.count > Self.savedMax, let last = entries.lazy.map(\.node).max() else { return nil }
        return NodeID(last.rawValue + 1)
    }

    /// They are in the file. - Parameter first: where `firstUnsaved` has moved, if it has.
    func saved(first: NodeID?) {
        let count = unsaved.withLock { unsaved in
            defer { unsaved = [:] }
            return unsaved.count
        }
        savedCount = first == nil ? savedCount + count : 0
        if let first { firstUnsaved = max(firstUnsaved, first) }
    }
}
