internal import Persist

/// One write transaction: everything that a method does happens in here, or not at all.
///
/// Its methods are called with the transaction open, on the writer's connection. What they change in memory waits
/// in `afterCommit`.
final class Transaction {
    let db: Connection
    let mount: MountState
    let now: Timestamp

    /// What other mounts must hear of.
    private(set) var ours: [FeedEntry] = []
    /// What others did, found by this transaction; told to the observer after it.
    var foreign: [StoreChange] = []
    /// What the far side is to be told of.
    var journalled: [NodeID: OutboxChange] = [:]
    /// The same of a file that was made here, whole.
    var newFile: Node?
    /// Of a change that follows from an earlier one.
    var firstGeneration: Int64?
    /// What is done comes from the far side, and is told the observer instead.
    let isFromFar: Bool
    /// Of what comes from there.
    var walk = PathWalk()
    /// It has written the rows that waited: whatever else it makes has its own at once.
    var hasSavedOutbox = false
    /// The rows of directories have the times that waited.
    var hasSavedTouches = false
    /// What the outbox has got.
    var outboxEntries: [OutboxEntry] = []
    /// Of `BodyFiles`: what it has written, and what nobody refers to after it.
    var placedSlots: [Int64] = []
    var freedSlots: [Int64] = []
    private var afterCommit: [() -> Void] = []
    /// Blocks of numbers that were taken here, and not given out yet.
    private var blocks: [IDSequence: Range<Int64>] = [:]

    init(_ db: Connection, _ mount: MountState, now: Timestamp, isFromFar: Bool = false) {
        self.db = db
        self.isFromFar = isFromFar
        self.mount = mount
        self.now = now
    }

    var limits: StoreLimits { mount.limits }

    /// What earlier transactions left to be written by the next that is not as small as they were.
    func saveWhatWaits() throws(StoreError) {
        try saveOutbox()
        try saveTouches()
    }

    func onCommit(_ action: @escaping () -> Void) { afterCommit.append(action) }

    /// The transaction is in the file.
    func committed() {
        for (sequence, rest) in blocks { mount.blocks.add(rest, to: sequence) }
        mount.bodyFiles?.took(placedSlots.count)
        mount.bodyFiles?.free(freedSlots)
        for action in afterCommit { action() }
        tellOutbox()
        db.touches = mount.touches
    }

    /// A number that was never given out. A block taken here belongs to nobody else until the commit: if that
    /// does not come, its numbers are still free in the file.
    func newID(_ sequence: IDSequence) throws(StoreError) -> Int64 {
        if let block = blocks[sequence], let id = block.first {
            blocks[sequence] = block.dropFirst()
            return id
        }
        if let id = mount.blocks.take(sequence) { return id }
        let block = try newBlock(sequence)
        blocks[sequence] = block.dropFirst()
        return block.lowerBound
    }

    func newBlock(_ sequence: IDSequence, of count: Int64 = IDSequence.blockSize) throws(StoreError) -> Range<Int64> {
        let end = try db.first(
            "UPDATE meta SET value = value + ?2 WHERE name = ?1 RETURNING value", Text(sequence.metaName), count,
            read: { $0.int(0) })
        guard let end else { throw StoreError(.corrupt, hint: "the store has lost its counter \(sequence.metaName)") }
        if sequence == .node, mount.outbox == nil {
            try saveTouches()
            try db.run("UPDATE mount SET first_node = ?2 WHERE id = ?1", mount.id, end - count)
            onCommit { [mount] in mount.touches.began(at: end - count) }
        }
        return (end - count)..<end
    }

    func newNodeID() throws(StoreError) -> NodeID { NodeID(UInt64(try newID(.node))) }

    // MARK: What may be refused

    /// - Returns: what `body` did; or the error, and nothing of it is done: not in the file, and not here. A number out of
    ///   a block that the file takes back would be given out again.
    func undoing<R>(
        where isRefusal: (StoreError) -> Bool, _ body: () throws(StoreError) -> R
    ) throws(StoreError) -> Result<R, StoreError> {
        let before = (blocks, hasSavedOutbox, hasSavedTouches, firstGeneration, newFile)
        let counts = (afterCommit.count, ours.count, foreign.count, outboxEntries.count)
        let slots = (placedSlots.count, freedSlots.count)
        try db.run("SAVEPOINT undoing")
        let result: Result<R, StoreError>
        do throws(StoreError) { result = .success(try body()) } catch {
            guard isRefusal(error) else { throw error }
            try db.run("ROLLBACK TO undoing")
            db.cache?.forgetAll()
            walk.forget()
            (blocks, hasSavedOutbox, hasSavedTouches, firstGeneration, newFile) = before
            db.touches = hasSavedTouches ? nil : mount.touches
            afterCommit.removeSubrange(counts.0...)
            ours.removeSubrange(counts.1...)
            foreign.removeSubrange(counts.2...)
            outboxEntries.removeSubrange(counts.3...)
            placedSlots.removeSubrange(slots.0...)
            freedSlots.removeSubrange(slots.1...)
            result = .failure(error)
        }
        try db.run("RELEASE undoing")
        return result
    }

    // MARK: What other mounts hear

    func tell(_ entry: FeedEntry) {
        if mount.hasPeers { ours.append(entry) }
        if isFromFar, case .changed(let change) = entry { foreign.append(change) }
    }

    func tellEntry(_ parent: NodeID, _ name: FileName) { tell(.changed(.entry(parent: parent, name: name))) }

    func tellNewEntry(_ parent: NodeID, _ name: FileName) {
        tell(.changed(.newEntry(parent: parent, name: name)))
    }

    func tellContent(_ id: NodeID) {
        journal(id, .content)
        tell(.changed(.content(id)))
    }

    func tellAttributes(_ id: NodeID) {
        journal(id, .attributes)
        tell(.changed(.attributes(id)))
    }

    /// The node as it is now.
    func fresh(_ id: NodeID) throws(StoreError) -> NodeRow {
        guard let row = try db.node(id) else { throw StoreError(.notFound) }
        return row
    }
}
