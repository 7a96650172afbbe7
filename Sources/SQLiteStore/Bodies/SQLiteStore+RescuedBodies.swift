internal import CSQLite
internal import Persist

extension SQLiteStore {
    /// The copy that is saved of a store whose file is gone gets what lies beside it: that may have lost its names too, and
    /// is read as long as it is open.
    func bringBodies(into path: String) throws(StoreError) {
        guard let files = mount.bodyFiles else { return }
        let db = try Connection(
            path: path, flags: SQLITE_OPEN_READWRITE, patience: Patience(options.waits, milliseconds: 500))
        defer { db.close() }
        let chunks = try db.all("SELECT cid FROM chunk WHERE cid < 0", read: { $0.int(0) })
        guard !chunks.isEmpty else { return }
        try db.execute("BEGIN")
        let counter = Text(IDSequence.chunk.metaName)
        let base = try db.first("SELECT value FROM meta WHERE name = ?", counter, read: { $0.int(0) }) ?? 0
        var lost = 0
        for cid in chunks {
            let bytes = try? ByteSink.collect(Int(BodyFiles.slotBytes)) { sink throws(StoreError) in
                try files.read(-cid, from: 0, Int(BodyFiles.slotBytes), into: &sink)
            }
            if let bytes {
                try db.run("UPDATE chunk SET cid = ?1 - ?2, data = ?3 WHERE cid = ?2", base, cid, bytes)
            } else {
                try db.run("DELETE FROM chunk WHERE cid = ?", cid)
                lost += 1
            }
        }
        try db.run("UPDATE extent SET cid = ? - cid WHERE cid < 0", base)
        try db.run("UPDATE shared SET cid = ? - cid WHERE cid < 0", base)
        try db.run("UPDATE meta SET value = 2 * value WHERE name = ?", counter)
        try db.execute("COMMIT")
        if lost > 0 { options.log("\(lost) pieces of 64 KiB in \(files.directory) are gone") }
    }
}
