internal import Persist

/// One line of what mounts of one store tell each other.
enum FeedEntry: Equatable {
    case changed(StoreChange)
    /// A node lost its name: whoever has it open must say so before it is collected.
    case unlinked(NodeID)
}

extension Transaction {
    /// Before the commit: what this transaction did, for the others.
    func writeFeed() throws(StoreError) {
        guard mount.hasPeers else { return }
        // A directory of ten thousand names that moved: cheaper to look again.
        if ours.count > 4_096 {
            let unlinked = ours.filter { if case .unlinked = $0 { true } else { false } }
            try write(.changed(.everything))
            for entry in unlinked { try write(entry) }
            return
        }
        for entry in ours { try write(entry) }
    }

    private func write(_ entry: FeedEntry) throws(StoreError) {
        let what: Int64
        var id = NodeID.root
        var name: [UInt8]?
        switch entry {
        case .changed(.everything): what = 0
        case .changed(.content(let node)): (what, id) = (1, node)
        case .changed(.attributes(let node)): (what, id) = (2, node)
        case .changed(.entry(let parent, let entryName)), .changed(.newEntry(let parent, let entryName)):
            (what, id, name) = (3, parent, entryName.bytes)
        case .unlinked(let node): (what, id) = (4, node)
        }
        try db.run(
            "INSERT INTO feed(mount, time, what, ino, name) VALUES (?, ?, ?, ?, ?)", mount.id, now, what, id, name)
    }

    /// Entries of other mounts after `sequence`.
    func readFeed(after sequence: Int64) throws(StoreError) -> (entries: [FeedEntry], last: Int64) {
        var last = sequence
        var entries: [FeedEntry] = []
        // Rows that were there and are gone: this process slept for longer than they are kept.
        if let first = try db.first("SELECT min(seq) FROM feed", read: { $0.optionalInt(0) }) ?? nil,
            first > sequence + 1
        {
            entries.append(.changed(.everything))
        }
        try db.each("SELECT seq, mount, what, ino, name FROM feed WHERE seq > ? ORDER BY seq", sequence) {
            row throws(StoreError) in
            last = row.int(0)
            guard row.int(1) != mount.id else { return true }
            switch row.int(2) {
            case 1: entries.append(.changed(.content(row.id(3))))
            case 2: entries.append(.changed(.attributes(row.id(3))))
            case 3:
                let name = FileName(unchecked: row.bytes(4))
                entries.append(.changed(.entry(parent: row.id(3), name: name)))
            case 4: entries.append(.unlinked(row.id(3)))
            default: entries.append(.changed(.everything))
            }
            return true
        }
        return (entries, last)
    }
}
