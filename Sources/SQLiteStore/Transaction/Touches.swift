internal import Persist
import Synchronization

/// Times of directories in which files have been made, and which their rows do not have yet.
///
/// A new file changes its directory's row too. Mostly that lies on another page than the file's own, and would be a third
/// of all that the commit of a small file writes. So the times wait here until a transaction changes a directory, or a
/// second has passed (`Transaction.saveTouches`); whoever reads an older row sees them (`Connection.row`). With a crash
/// they are gone, but the files themselves say what they were (`Transaction.recoverTouches`).
///
/// Changed by write transactions, with the writer's lock held; read by any thread.
final class Touches: Sendable {
    private struct Touch {
        var time: Timestamp
        /// Since when the row has it: who began to read before that still needs it.
        var saved: ContinuousClock.Instant?
    }
    private struct State {
        var touches: [NodeID: Touch] = [:]
        var waiting = 0
    }

    /// Much longer than anybody reads in one transaction.
    private static let readingMost = Duration.seconds(1)

    private let state = Mutex(State())
    /// Whoever reads a directory asks for it.
    private let isAny = Atomic(false)
    private let isWaiting = Atomic(false)
    /// Recovery looks at files from this one on (`mount.first_node`).
    private let firstNode = Atomic(UInt64.max)

    /// All rows have their times.
    var areSaved: Bool { !isWaiting.load(ordering: .acquiring) }

    var waiting: [NodeID: Timestamp] {
        state.withLock { $0.touches.filter { $0.value.saved == nil }.mapValues(\.time) }
    }

    /// What the row should say, if its ctime is older.
    func time(of directory: NodeID) -> Timestamp? {
        guard isAny.load(ordering: .acquiring) else { return nil }
        return state.withLock { $0.touches[directory]?.time }
    }

    /// Never in a store with a far side.
    func canWait(for file: NodeID) -> Bool { file.rawValue >= firstNode.load(ordering: .relaxed) }

    func add(_ time: Timestamp, to directory: NodeID) {
        state.withLock { $0.touches[directory] = Touch(time: time) }
        isAny.store(true, ordering: .releasing)
        isWaiting.store(true, ordering: .releasing)
    }

    /// All that waited is in the file.
    func saved() {
        let now = ContinuousClock.now
        state.withLock { state in
            for id in state.touches.keys where state.touches[id]!.saved == nil { state.touches[id]!.saved = now }
        }
        isWaiting.store(false, ordering: .releasing)
    }

    /// The row has an older ctime now: a clock was set back.
    func forget(_ directory: NodeID) {
        state.withLock { _ = $0.touches.removeValue(forKey: directory) }
    }

    /// Now and then: what nobody needs any more.
    func tidy() {
        guard isAny.load(ordering: .acquiring) else { return }
        let oldest = ContinuousClock.now - Self.readingMost
        state.withLock { state in
            state.touches = state.touches.filter { $0.value.saved.map { $0 > oldest } ?? true }
            isAny.store(!state.touches.isEmpty, ordering: .releasing)
        }
    }

    /// A block of numbers for nodes has been taken.
    func began(at first: Int64) { firstNode.store(UInt64(first), ordering: .relaxed) }
}

extension Transaction {
    /// A file appeared in a directory, and this transaction changes none otherwise.
    func touch(_ directory: NodeID, for file: Node, _ time: Timestamp) throws(StoreError) {
        // Other mounts read the row, and the far side is told in the order of the rows. Times that go back, because a clock
        // was set or a file is published long after it was made, cannot be told from those that a row has already.
        guard !mount.hasPeers, !hasSavedTouches, mount.touches.canWait(for: file.id),
            try db.directory(directory).node.ctime <= time
        else { return try touch(directory, time) }
        db.cache?.touch(directory, time)
        onCommit { [mount] in mount.touches.add(time, to: directory) }
    }

    /// Writes the times that waited. From here on the rows say what is so, until the end of this transaction.
    func saveTouches() throws(StoreError) {
        guard !mount.touches.areSaved, !hasSavedTouches else { return }
        for (directory, time) in mount.touches.waiting {
            try db.run("UPDATE node SET mtime = ?2, ctime = ?2 WHERE ino = ?1 AND ctime < ?2", directory, time)
            tell(.changed(.attributes(directory)))
        }
        hasSavedTouches = true
        db.touches = nil
        onCommit { [mount] in mount.touches.saved() }
    }

    /// Before this transaction gives a directory's row another ctime: whatever waited is written, and is not shown over it.
    func willTouch(_ directory: NodeID, _ time: Timestamp) throws(StoreError) {
        guard let before = mount.touches.time(of: directory) else { return }
        try saveTouches()
        db.touches = nil
        if time < before { onCommit { [mount] in mount.touches.forget(directory) } }
    }

    /// After a mount was killed: whatever else changes a directory, or its times, gives it a ctime that no file in it is
    /// younger than. Only among those that it made last can there be any of whom the directory does not know.
    func recoverTouches(of mountID: Int64) throws(StoreError) {
        let late = try db.all(
            """
            SELECT d.ino, max(f.btime) AS time FROM node f JOIN node d ON d.ino = f.parent
                WHERE f.ino >= (SELECT first_node FROM mount WHERE id = ?1) AND f.kind = 1 AND f.cookie >= 0 AND f.btime <= ?2
                GROUP BY d.ino HAVING time > d.ctime
            """, mountID, now, read: { (directory: $0.id(0), time: $0.time(1)) })
        for (directory, time) in late {
            try db.run("UPDATE node SET mtime = ?2, ctime = ?2 WHERE ino = ?1", directory, time)
            tell(.changed(.attributes(directory)))
            foreign.append(.attributes(directory))
        }
    }
}
