internal import Persist
import Synchronization

/// Times of directories in which files have been made, and which their rows do not have yet.
///
/// A new file changes its directory's row too. Mostly that lies on another page than the file's own, and would be a third
/// of all that the commit of a small file writes. So the times wait here until a transaction does anything else, or a
/// second has passed (`Transaction.saveTouches`); whoever reads the row sees them (`Connection.row`). With a crash they
/// are gone, but the files themselves say what they were (`Transaction.recoverTouches`).
///
/// Changed by write transactions, read by any thread.
final class Touches: Sendable {
    private let times = Mutex<[NodeID: Timestamp]>([:])
    /// Whoever reads a directory asks for it.
    private let isAny = Atomic(false)
    /// Recovery looks at files from this one on. Only touched inside write transactions.
    private let firstNode = Atomic(UInt64.max)

    var isEmpty: Bool { !isAny.load(ordering: .acquiring) }

    var all: [NodeID: Timestamp] { isEmpty ? [:] : times.withLock { $0 } }

    func time(of directory: NodeID) -> Timestamp? {
        isEmpty ? nil : times.withLock { $0[directory] }
    }

    func canWait(for file: NodeID) -> Bool { file.rawValue >= firstNode.load(ordering: .relaxed) }

    func add(_ time: Timestamp, to directory: NodeID) {
        times.withLock { $0[directory] = max($0[directory] ?? time, time) }
        isAny.store(true, ordering: .releasing)
    }

    func saved() {
        times.withLock { $0 = [:] }
        isAny.store(false, ordering: .releasing)
    }

    /// A block of numbers for nodes has been taken: all that waited is in the file.
    func began(at first: Int64) { firstNode.store(UInt64(first), ordering: .relaxed) }
}

extension Transaction {
    /// A file appeared in a directory, and this transaction changes none otherwise.
    func touch(_ directory: NodeID, for file: Node, _ time: Timestamp) throws(StoreError) {
        // Other mounts read the row, and the far side is told in the order of the rows.
        guard !mount.hasPeers, mount.outbox == nil, !hasSavedTouches, mount.touches.canWait(for: file.id) else {
            return try touch(directory, time)
        }
        db.cache?.touch(directory, time)
        onCommit { [mount] in mount.touches.add(time, to: directory) }
    }

    /// Writes the times that waited. From here on the rows say what is so, until the end of this transaction.
    func saveTouches() throws(StoreError) {
        guard !mount.touches.isEmpty, !hasSavedTouches else { return }
        for (directory, time) in mount.touches.all {
            try db.run(
                "UPDATE node SET mtime = ?2, ctime = ?2 WHERE ino = ?1 AND cookie >= 0", directory, time)
        }
        hasSavedTouches = true
        db.touches = nil
        onCommit { [mount] in mount.touches.saved() }
    }

    /// After a mount was killed: whatever else changes a directory, or its times, gives it a ctime that no file in it is
    /// younger than. Only among the last files there can be any of whom it does not know.
    func recoverTouches() throws(StoreError) {
        guard mount.outbox == nil else { return }
        // The dead mount took a block after all before its last; others may have taken some since.
        let first = try db.nextNodeID().rawValue &- UInt64(4 * IDSequence.blockSize)
        try db.run(
            """
            UPDATE node SET mtime = late.time, ctime = late.time
                FROM (SELECT parent, max(btime) AS time FROM node WHERE ino >= ?1 AND kind = 1 AND cookie >= 0
                    GROUP BY parent) AS late
                WHERE node.ino = late.parent AND node.ctime < late.time
            """, Int64(clamping: max(Int64(bitPattern: first), 0)))
    }
}
