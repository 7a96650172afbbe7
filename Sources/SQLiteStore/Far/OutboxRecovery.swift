internal import Persist

/// When a store is opened: the rows of files that were made before a crash, and had none yet (`Outbox.unsaved`).
enum OutboxRecovery {
    /// - Returns: from which node on there may be such again.
    static func run(on db: Connection) throws(StoreError) -> NodeID {
        let next = try db.nextNodeID()
        // Without a bound it is of a build that let nothing wait.
        let first = try db.first("SELECT value FROM meta WHERE name = 'first_unsaved'") { $0.id(0) }
        guard first != next else { return next }
        try db.run("BEGIN IMMEDIATE")
        do throws(StoreError) {
            if let first { try recover(from: first, on: db) }
            try db.setFirstUnsaved(next)
            try db.run("COMMIT")
        } catch {
            _ = try? db.run("ROLLBACK")
            throw error
        }
        return next
    }

    private static func recover(from first: NodeID, on db: Connection) throws(StoreError) {
        // As `Transaction.publishNew` makes them, and nothing that has been changed since; no logs, which come from the far
        // side without a record at first.
        let lost = try db.all(
            """
            SELECT ino, parent, ctime FROM node
                WHERE ino >= ? AND kind = 1 AND cookie >= 0 AND rev = 1 AND body IS NULL AND NOT (ns = 5 AND class = 1)
                AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.ino = node.ino)
                AND NOT EXISTS (SELECT 1 FROM far WHERE far.ino = node.ino)
                AND NOT EXISTS (SELECT 1 FROM away WHERE away.ino = node.ino) ORDER BY ino
            """, first, read: { (file: $0.id(0), directory: $0.id(1), time: $0.time(2)) })
        var generation = try db.first("SELECT max(gen) FROM outbox") { $0.int(0) } ?? 0
        for (file, directory, time) in lost {
            for (node, change) in [(file, [.name, .content] as OutboxChange), (directory, .attributes)] {
                generation += 1
                let entry = OutboxEntry(
                    node: node, generation: generation, change: change, since: time, changed: time)
                _ = try db.mergeIntoOutbox(entry, first: generation)
            }
        }
    }
}
