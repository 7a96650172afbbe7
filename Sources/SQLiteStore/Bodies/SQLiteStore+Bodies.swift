import Glibc
internal import Persist

/// STORE-bodies (`BodyFiles`) between opening and closing: what a loss of power may have damaged, and room that goes back.
extension SQLiteStore {
    /// What the last process left. Nobody reads or writes yet.
    func takeUpBodies() throws(StoreError) {
        guard let files = mount.bodyFiles else { return }
        let (counts, unsynced, boot) = try read { db throws(StoreError) in
            (
                try db.chunksByFile(),
                try db.all("SELECT file FROM unsynced", read: { $0.int(0) }),
                try db.first("SELECT value FROM meta WHERE name = 'boot'", read: { $0.string(0) })
            )
        }
        files.takeUp(counts.values.reduce(0) { $0 + $1.count }, unsynced: Set(unsynced))
        let now = options.bootID ?? Self.bootID
        let gone = Set(counts.filter { !files.has($0.key, through: $0.value.last) }.keys)
        var suspects = gone
        // The same kernel has all that was written, even by who was killed.
        if now == nil || now != boot { suspects.formUnion(unsynced) }
        if !suspects.isEmpty { try dropUnsynced(suspects, gone: gone) }
        if now != boot {
            try write(isInterruptible: false) { tx throws(StoreError) in
                _ = try tx.db.run("INSERT OR REPLACE INTO meta VALUES ('boot', ?)", now.map { Text($0) })
            }
        }
        try sweepBodies(files, counts)
    }

    /// Of this start of the kernel (random(4)).
    private static var bootID: String? {
        guard let file = fopen("/proc/sys/kernel/random/boot_id", "re") else { return nil }
        defer { fclose(file) }
        var text = [UInt8](repeating: 0, count: 64)
        let count = fread(&text, 1, text.count, file)
        return count > 0 ? String(decoding: text[..<count].prefix { $0 > 32 }, as: UTF8.self) : nil
    }

    /// Content with a chunk in one of these files is not here any more: the far side has it.
    private func dropUnsynced(_ suspects: Set<Int64>, gone: Set<Int64>) throws(StoreError) {
        var (found, lost): ([NodeID: [Int64]], Set<NodeID>) = ([:], [])
        try readers.read { db throws(StoreError) in
            try db.each(
                """
                SELECT n.ino, e.idx, e.cid FROM extent e JOIN node n ON n.body = e.body
                    WHERE e.cid < 0 AND n.kind = 1 AND NOT (n.ns = 5 AND n.class = 1)
                """
            ) { row throws(StoreError) in
                let file = BodyFiles.file(of: -row.int(2))
                if suspects.contains(file) { found[row.id(0), default: []].append(row.int(1)) }
                if gone.contains(file) { lost.insert(row.id(0)) }
                return true
            }
        }
        if !lost.isEmpty {
            options.log(
                "files in \(opening.bodyFiles.directory) are gone or cut: what the far side has is fetched again")
        } else if !found.isEmpty {
            options.log("after a loss of power: what it may have damaged is fetched again")
        }
        for (id, indexes) in found {
            try write(isInterruptible: false, leavesDirectories: true, isFromFar: true) { tx throws(StoreError) in
                try tx.dropUnsynced(indexes, of: id, isLost: lost.contains(id))
            }
        }
    }

    /// What a process that was killed did not give back. Numbers that it had not given out are never given out.
    private func sweepBodies(_ files: BodyFiles, _ counts: [Int64: (count: Int64, last: Int64)]) throws(StoreError) {
        let next = try read { db throws(StoreError) in
            try db.first("SELECT value FROM meta WHERE name = ?", Text(IDSequence.chunk.metaName), read: { $0.int(0) })
        }
        // Those of this process's first block are above.
        let end = (next ?? 0) - IDSequence.blockSize
        var stray: [Int64] = []
        for file in files.filesThere {
            let first = file * BodyFiles.slotsInFile
            // Where the counter was lost with the power a file may lie behind it.
            let slots = first..<max(first, min(end, first + BodyFiles.slotsInFile))
            guard !slots.isEmpty, files.slotsOnDisk(of: file) ?? 0 > counts[file]?.count ?? 0 else { continue }
            let used = try read { db throws(StoreError) in
                try db.all(
                    "SELECT -cid FROM chunk WHERE cid BETWEEN ? AND ?", -slots.upperBound + 1, -slots.lowerBound,
                    read: { $0.int(0) })
            }
            stray += Set(slots).subtracting(used)
        }
        guard !stray.isEmpty else { return }
        files.putBack(stray)
        try giveSlotsBack()
    }

    /// Gives the room of chunks back that nobody can find any more. - Returns: whether there were any.
    @discardableResult
    func giveSlotsBack() throws(StoreError) -> Bool {
        guard let files = mount.bodyFiles else { return false }
        let freed = files.takeFreed()
        guard !freed.isEmpty else { return false }
        do throws(StoreError) {
            // After a loss of power their rows would be there again, and before, whoever reads may have seen them.
            try serving.walSync?.sync()
            readers.waitForAll()
            for (file, slots) in BodyFiles.byFile(freed) {
                try writer.use { db throws(StoreError) in
                    let isEmpty = try !db.exists(
                        "SELECT 1 FROM chunk WHERE cid BETWEEN ? AND ? LIMIT 1",
                        -(file + 1) * BodyFiles.slotsInFile + 1, -file * BodyFiles.slotsInFile)
                    files.discard(slots, of: file, isEmpty: isEmpty)
                }
            }
        } catch {
            files.putBack(freed)
            throw error
        }
        return true
    }

    /// Now and then: what was written is on the disk, and `unsynced` says so.
    func tidyBodies() throws(StoreError) {
        guard let files = mount.bodyFiles, serving.bodies.isDue() else { return }
        try files.sync()
        try giveSlotsBack()
        guard files.syncing.hasNotes else { return }
        try write(isInterruptible: false, leavesDirectories: true, savesFirst: false) { tx throws(StoreError) in
            try tx.clearNotes(files)
        }
    }
}

extension Transaction {
    /// A part of what is here comes back where somebody reads it; what was here whole is fetched again as a whole.
    ///
    /// - Parameter isLost: for certain: of what was not sent there is no other copy.
    fileprivate func dropUnsynced(_ indexes: [Int64], of id: NodeID, isLost: Bool) throws(StoreError) {
        guard let row = try db.node(id), let body = row.body, !row.node.isUnlinked else { return }
        if try db.away(id) != nil {
            for index in indexes { try cutRows(body, from: index, through: index) }
            try db.run("UPDATE away SET missing = missing + ?2 WHERE ino = ?1", id, Int64(indexes.count))
            return
        }
        guard try evict(id) == nil else { return }
        guard try db.outboxEntry(of: id) == nil else {
            if isLost { mount.log("\(db.shownPath(id)): it had not been sent, and parts of it are gone: it gives EIO") }
            return
        }
        guard let record = try db.far(of: id).first(where: { $0.key != nil }), let key = record.key else {
            return mount.log("\(db.shownPath(id)): a loss of power may have damaged it")
        }
        try makeAway(
            row, AwayContent(node: id, path: record.path, key: key, sum: record.sum, revision: record.revision))
    }

    fileprivate func clearNotes(_ files: BodyFiles) throws(StoreError) {
        let synced = files.syncing.notedForNothing
        for file in synced { try db.run("DELETE FROM unsynced WHERE file = ?", file) }
        onCommit { files.syncing.unnote(synced) }
    }

    /// The store is closed.
    func endBodies() throws(StoreError) {
        guard let files = mount.bodyFiles, files.syncing.hasNotes else { return }
        try files.sync()
        try clearNotes(files)
    }
}

extension Connection {
    /// How many chunks lie in each file, and the last slot that has one. In the order of their numbers: to group them would
    /// sort them.
    func chunksByFile() throws(StoreError) -> [Int64: (count: Int64, last: Int64)] {
        var found: [Int64: (count: Int64, last: Int64)] = [:]
        try each("SELECT cid FROM chunk WHERE cid < 0") { row throws(StoreError) in
            let slot = -row.int(0)
            let known = found[BodyFiles.file(of: slot)] ?? (0, 0)
            found[BodyFiles.file(of: slot)] = (known.count + 1, max(known.last, slot))
            return true
        }
        return found
    }
}
