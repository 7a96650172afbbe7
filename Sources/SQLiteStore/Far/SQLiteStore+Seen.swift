public import Persist

/// What the far side has been seen to have, while it is being looked through from one end to the other: on the disk,
/// since there may be more of it than memory.
extension SQLiteStore {
    /// Forgets what was seen the last time.
    public func beginSeeing() throws(StoreError) {
        try far { tx throws(StoreError) in
            try tx.db.run("DELETE FROM seen")
            // What was sent before this look began needs no row any more.
            try tx.db.run("DELETE FROM far WHERE ino = 0")
        }
    }

    /// The look that began at `asked` came to its end.
    public func endSeeing(asked: Timestamp) throws(StoreError) {
        try far { tx throws(StoreError) in
            try tx.db.run("DELETE FROM seen")
            try tx.db.run("INSERT OR REPLACE INTO meta(name, value) VALUES ('far_seen', ?)", asked)
        }
    }

    /// When the last look that came to its end began; nil: there was none, so names may be missing here.
    public func lastSeen() throws(StoreError) -> Timestamp? {
        try readers.read { db throws(StoreError) in
            try db.first("SELECT value FROM meta WHERE name = 'far_seen'", read: { $0.time(0) })
        }
    }

    /// Side data that was seen.
    public func saw(_ metas: [SeenMeta]) throws(StoreError) {
        try far { tx throws(StoreError) in
            for seen in metas {
                try tx.db.run(
                    "INSERT OR REPLACE INTO seen(path, meta, is_whole, meta_revision) VALUES (?, ?, ?, ?)", seen.path,
                    seen.meta, Int64(seen.isWhole ? 1 : 0), seen.revision?.bytes)
            }
        }
    }

    /// The side data that was seen for each of these paths.
    public func seenMeta(at paths: [[UInt8]]) throws(StoreError) -> [(meta: [UInt8], revision: Revision?)?] {
        try readAside { db throws(StoreError) in
            var found: [(meta: [UInt8], revision: Revision?)?] = []
            for path in paths {
                found.append(
                    try db.first(
                        "SELECT meta, meta_revision FROM seen WHERE path = ? AND meta IS NOT NULL", path,
                        read: { ($0.bytes(0), $0.optionalBytes(1).map(Revision.init)) }))
            }
            return found
        }
    }

    /// Of each of these paths, of one moment: the directory that is there, and what the far side is recorded to have.
    public func found(at paths: [[UInt8]]) throws(StoreError) -> [(directory: NodeID?, record: FarRecord?)] {
        try readAside { db throws(StoreError) in
            var walk = PathWalk()
            var found: [(directory: NodeID?, record: FarRecord?)] = []
            for path in paths {
                let row = try walk.node(at: path, in: db)
                found.append((row.flatMap { $0.isDirectory ? $0.id : nil }, try db.far(at: path)))
            }
            return found
        }
    }

    /// Values that were seen (`is_whole` is 2).
    public func sawValues(at paths: [[UInt8]]) throws(StoreError) {
        try far { tx throws(StoreError) in
            for path in paths {
                try tx.db.run(
                    """
                    INSERT INTO seen(path, is_whole) VALUES (?, 2) ON CONFLICT(path) DO UPDATE SET is_whole = 2
                    """, path)
            }
        }
    }

    /// Paths with their side data that need no value or have one, as `saw` was given them; what lies in a directory
    /// before it.
    /// - Parameter path: those before this one in the order of bytes; nil: all.
    public func seen(
        before path: [UInt8]?, limit: Int
    ) throws(StoreError) -> [(path: [UInt8], meta: [UInt8], revision: Revision?, hasValue: Bool)] {
        try readers.read { db throws(StoreError) in
            try db.all(
                """
                SELECT path, meta, meta_revision, is_whole FROM seen
                    WHERE (?1 IS NULL OR path < ?1) AND is_whole > 0 AND meta IS NOT NULL ORDER BY path DESC LIMIT ?2
                """, path, Int64(limit)
            ) { row throws(StoreError) in
                (row.bytes(0), row.bytes(1), row.optionalBytes(2).map(Revision.init), row.int(3) == 2)
            }
        }
    }

    /// Paths that the far side is recorded to have, and was not seen to have; what lies in a directory before it.
    /// - Parameter path: those before this one in the order of bytes; nil: all.
    public func unseen(before path: [UInt8]?, limit: Int) throws(StoreError) -> [FarRecord] {
        try readers.read { db throws(StoreError) in
            try db.all(
                """
                SELECT path, ino, key, sum, tried, meta_key, meta, event, position, time, revision, modified,
                    meta_revision FROM far f
                    WHERE ino <> 0 AND (?1 IS NULL OR path < ?1)
                    AND NOT EXISTS (SELECT 1 FROM seen s WHERE s.is_whole > 0 AND s.path =
                        CASE WHEN substr(f.meta_key, -1) = x'2F' THEN CAST(f.path || x'2F' AS BLOB) ELSE f.path END)
                    ORDER BY path DESC LIMIT ?2
                """, path, Int64(limit), read: { $0.farRecord })
        }
    }

    /// Of one moment; nobody who writes waits for it.
    private func readAside<R>(_ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R {
        try readers.read { db throws(StoreError) in
            try db.together { () throws(StoreError) in try body(db) }
        }
    }

    private func far(_ body: (Transaction) throws(StoreError) -> Void) throws(StoreError) {
        try write(isInterruptible: false, leavesDirectories: true, isFromFar: true, body)
    }
}
