import Glibc
public import Persist

/// A process that has the store open.
public struct MountPresence: Sendable, Equatable {
    public let pid: Int32
    public let host: String
    public let started: Timestamp
    /// This very store object.
    public let isSelf: Bool
}

extension SQLiteStore {
    /// Who has the store open now.
    public func mounts() throws(StoreError) -> [MountPresence] {
        let found = try read { db throws(StoreError) in
            try db.all("SELECT id, pid, host, started FROM mount ORDER BY id") { row throws(StoreError) in
                let isSelf = row.int(0) == mount.id
                return (
                    row.int(0),
                    MountPresence(
                        pid: Int32(truncatingIfNeeded: row.int(1)), host: row.string(2), started: row.time(3),
                        isSelf: isSelf)
                )
            }
        }
        return found.filter { $0.1.isSelf || lockFile?.isAlive($0.0) ?? true }.map(\.1)
    }

    /// Takes part: a row in `mount`, and the lock that says it is alive. The gate is closed meanwhile.
    func enter(_ lockFile: LockFile) throws(StoreError) {
        try write(isInterruptible: false) { tx throws(StoreError) in
            let id = try tx.newBlock(.mount, of: 1).lowerBound
            try lockFile.enter(id)
            mount.id = id
            try tx.db.run(
                "INSERT INTO mount(id, pid, host, started) VALUES (?, ?, ?, ?)", id, Int64(getpid()),
                Text(mount.host), tx.now)
            mount.hasPeers = try tx.db.exists("SELECT 1 FROM mount WHERE id <> ? LIMIT 1", id)
            // The last number that was given out, though its row may be gone.
            mount.feedSeen =
                try tx.db.first("SELECT seq FROM sqlite_sequence WHERE name = 'feed'") { $0.int(0) } ?? 0
            for sequence in [IDSequence.node, .body, .chunk] {
                let block = try tx.newBlock(sequence)
                tx.onCommit { [mount] in mount.blocks.add(block, to: sequence) }
            }
        }
    }
}
