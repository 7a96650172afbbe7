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

    /// Of a draft, which nobody else has: who reads it wants what was written last.
    func overwrite(slot: Int64, with bytes: ScatteredBytes) throws(StoreError) {
        guard let files = mount.bodyFiles else { throw StoreError(.corrupt) }
        try note(slot, files)
        for piece in bytes.pieces {
            try piece.bytes.span.bytes.withUnsafeBytes { raw throws(StoreError) in
                try files.write(raw, to: slot, from: piece.start)
            }
        }
    }

    /// The row comes before the bytes: nothing is written to a file that is believed to be on the disk.
    private func note(_ slot: Int64, _ files: BodyFiles) throws(StoreError) {
        let file = BodyFiles.file(of: slot)
        guard !files.isNoted(file) else { return }
        try db.run("INSERT OR IGNORE INTO unsynced(file) VALUES (?)", file)
        onCommit { files.note(file) }
    }

    /// What the far side will be told of has its content on the disk.
    func requireDurableChanges() throws(StoreError) {
        guard let files = mount.bodyFiles, files.hasUnsynced else { return }
        for id in journalled.keys {
            guard let row = try db.node(id), !row.isStream, let body = row.body else { continue }
            try requireDurable([body])
        }
    }

    func requireDurable(_ bodies: [Int64]) throws(StoreError) {
        guard let files = mount.bodyFiles, files.hasUnsynced, try db.haveSlots(bodies) else { return }
        try files.sync()
    }
}

extension Connection {
    fileprivate func haveSlots(_ bodies: [Int64]) throws(StoreError) -> Bool {
        for body in bodies
        where try exists("SELECT 1 FROM extent WHERE body = ? AND cid < 0 LIMIT 1", body) { return true }
        return false
    }
}

extension SQLiteStore {
    /// The same for a draft, before the writer's turn is taken for it.
    func requireDurable(_ draft: Draft) throws(StoreError) {
        guard let files = mount.bodyFiles, files.hasUnsynced, let state = mount.drafts[draft.id] else { return }
        var bodies: [Int64] = []
        if let body = state.body { bodies.append(body) }
        if case .body(let base) = state.base { bodies.append(base) }
        if try readers.read({ db throws(StoreError) in try db.haveSlots(bodies) }) { try files.sync() }
    }
}
