internal import Persist

/// Chunks that lie in files beside the store (`BodyFiles`), under numbers below zero.
///
/// What is there and not on the disk yet is never the only copy: either the far side has it, or nobody has been told that it
/// is kept. `requireDurable` sees to that, and `takeUpBodies` after a loss of power relies on it.
extension Transaction {
    /// Shorter files that are fetched lie in the store whole.
    static let placedBytesMin: UInt64 = 1 << 20

    /// nil: a chunk of so many bytes belongs into the store.
    func filesForChunk(of count: Int) -> BodyFiles? {
        count == Int(Connection.chunkBytes) ? mount.bodyFiles : nil
    }

    /// - Returns: the bytes that it takes.
    func put(
        _ bytes: ArraySlice<UInt8>, into files: BodyFiles, _ body: Int64, _ index: Int64
    ) throws(StoreError) -> Int64 {
        let slot = try newID(.chunk)
        try note(slot, files)
        placedSlots.append(slot)
        try bytes.span.bytes.withUnsafeBytes { raw throws(StoreError) in try files.write(raw, to: slot) }
        try db.run("INSERT INTO chunk(cid, data) VALUES (?, zeroblob(0))", -slot)
        try db.run("INSERT INTO extent(body, idx, cid) VALUES (?, ?, ?)", body, index, -slot)
        return Int64(bytes.count)
    }

    /// The row comes before the bytes: nothing is written to a file that is believed to be on the disk.
    private func note(_ slot: Int64, _ files: BodyFiles) throws(StoreError) {
        let file = BodyFiles.file(of: slot)
        guard !files.syncing.isNoted(file) else { return }
        try db.run("INSERT OR IGNORE INTO unsynced(file) VALUES (?)", file)
        onCommit { files.syncing.note(file) }
    }

    /// What the far side will be told of has its content on the disk.
    func requireDurableChanges() throws(StoreError) {
        guard let files = mount.bodyFiles, files.syncing.hasUnsynced else { return }
        for id in journalled.keys {
            guard let row = try db.node(id), !row.isStream, let body = row.body else { continue }
            try requireDurable([body])
        }
    }

    func requireDurable(_ bodies: [Int64]) throws(StoreError) {
        guard let files = mount.bodyFiles, files.syncing.hasUnsynced else { return }
        let needed = try db.filesWithChunks(of: bodies)
        if !needed.isEmpty { try files.sync(only: needed) }
    }
}

extension Connection {
    fileprivate func filesWithChunks(of bodies: [Int64]) throws(StoreError) -> Set<Int64> {
        var files: Set<Int64> = []
        for body in bodies {
            try each("SELECT cid FROM extent WHERE body = ? AND cid < 0", body) { row throws(StoreError) in
                files.insert(BodyFiles.file(of: -row.int(0)))
                return true
            }
        }
        return files
    }
}

extension SQLiteStore {
    /// The same for a draft, before the writer's turn is taken for it.
    func requireDurable(_ draft: Draft) throws(StoreError) {
        guard let files = mount.bodyFiles, files.syncing.hasUnsynced, let state = mount.drafts[draft.id] else { return }
        var bodies: [Int64] = []
        if let body = state.body { bodies.append(body) }
        if case .body(let base) = state.base { bodies.append(base) }
        let needed = try readers.read { db throws(StoreError) in try db.filesWithChunks(of: bodies) }
        if !needed.isEmpty { try files.sync(only: needed) }
    }
}
