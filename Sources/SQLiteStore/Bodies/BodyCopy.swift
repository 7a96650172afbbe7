internal import CSQLite
internal import Persist

/// What lies beside a store comes into a copy of its file, which has nothing beside it.
///
/// Also where the files have lost their names: they are read as long as they are open.
struct BodyCopy {
    let files: BodyFiles
    let log: @Sendable (String) -> Void

    func bring(into path: String) throws(StoreError) {
        let db = try Connection(
            path: path, flags: SQLITE_OPEN_READWRITE, patience: Patience(PatientWaiting(), milliseconds: 500))
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
        if lost > 0 { log("\(lost) pieces of 64 KiB in \(files.directory) are gone") }
    }
}
