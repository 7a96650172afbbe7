internal import Persist

/// Mends what the checker finds, one transaction a part: killed in between, the next run goes on.
///
/// Nothing that a user could still want is thrown away. What has lost its way lies in `lost+found` of its directory
/// (content without a name in that of blobs/), what is no document any more in `.persist/rejected`, and where bytes
/// are gone for good `.persist/rejected` says so.
///
/// The store is used by nobody else: no mount has to be told.
final class Repairer {
    let db: Connection
    let limits: StoreLimits
    private let mount: MountState
    private(set) var repairs: [Repair] = []

    init(_ db: Connection, limits: StoreLimits, log: @escaping @Sendable (String) -> Void) {
        self.db = db
        self.limits = limits
        mount = MountState(limits: limits, host: "", log: log)
    }

    /// What any opening of the store does: what a crash has left is recovered, what other programs wrote folded in.
    func settle() throws(StoreError) {
        try perform { part throws(StoreError) in
            try part.recoverDead()
            try part.foldIn()
        }
    }

    func run() throws(StoreError) {
        try perform { part throws(StoreError) in try part.repairSchema() }
        try repairPages()
        try perform { part throws(StoreError) in try part.repairTree() }
        try perform { part throws(StoreError) in try part.recoverForgotten() }
        try perform { part throws(StoreError) in try part.repairDocuments() }
        // What those left empty, and what their recovery uncovered.
        try perform { part throws(StoreError) in try part.repairBodies() }
        try perform { part throws(StoreError) in try part.repairStreams() }
        try perform { part throws(StoreError) in try part.collectLeftovers() }
    }

    /// A part of the file that cannot be read keeps nobody from mending the others.
    private func perform(_ body: (RepairPart) throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) {
            try transaction(body)
        } catch {
            guard error.kind == .corrupt else { throw error }
        }
    }

    func transaction(_ body: (RepairPart) throws(StoreError) -> Void) throws(StoreError) {
        try db.run("BEGIN IMMEDIATE")
        do throws(StoreError) {
            let part = RepairPart(Transaction(db, mount, now: .now))
            try body(part)
            try db.run("COMMIT")
            part.tx.committed()
            repairs += part.repairs
        } catch {
            if db.isInTransaction { _ = try? db.run("ROLLBACK") }
            throw error
        }
    }

    /// Indexes, and pages that nothing uses.
    private func repairPages() throws(StoreError) {
        do throws(StoreError) {
            let lines = try IntegrityLine.all(of: db, isComplete: true)
            if lines.contains(where: { $0.cure == .index }) {
                try transaction { part throws(StoreError) in try part.rebuildIndexes() }
            }
            if !lines.isEmpty, lines.allSatisfy({ $0.cure == .pages || $0.cure == .index }),
                lines.contains(where: { $0.cure == .pages })
            {
                try db.execute("VACUUM")
                repairs.append(
                    Repair(path: "", problem: "the file has lost pages", done: "the file was written anew"))
            }
        } catch {
            guard error.kind == .corrupt || error.kind == .rejected else { throw error }
        }
    }
}

/// One transaction of a repair, and what it has mended so far.
final class RepairPart {
    let tx: Transaction
    private(set) var repairs: [Repair] = []

    init(_ tx: Transaction) { self.tx = tx }

    var db: Connection { tx.db }

    func note(_ path: String, _ problem: String, _ done: String) {
        repairs.append(Repair(path: path, problem: problem, done: done))
    }

    func note(_ id: NodeID, _ problem: String, _ done: String) { note(db.shownPath(id), problem, done) }

    /// Bytes that lose their name, or words about bytes that are gone, in `.persist/rejected`: nothing there is
    /// written over.
    func reject(_ path: [UInt8], _ bytes: [UInt8], _ words: String) throws(StoreError) {
        var free = path
        var number = 1
        while try db.exists("SELECT 1 FROM kept WHERE area = 1 AND path = ?", free) {
            number += 1
            free = path + Array("-\(number)".utf8)
        }
        try tx.keepRejected(free, bytes: bytes, error: words)
    }

    // MARK: lost+found

    /// The directory for what has lost its way, in one of the four directories.
    func lostAndFound(_ namespace: Namespace) throws(StoreError) -> NodeID {
        var name: FileName = "lost+found"
        var number = 1
        while let there = try db.child(name, of: namespace.node) {
            if there.isDirectory { return there.id }
            number += 1
            name = FileName(unchecked: Array("lost+found-\(number)".utf8))
        }
        return try makeDirectory(name, in: namespace.node, id: try tx.newNodeID())
    }

    func makeDirectory(_ name: FileName, in parent: NodeID, id: NodeID) throws(StoreError) -> NodeID {
        try tx.insert(
            Creation(
                id: id, parent: parent, name: name, kind: .directory, mode: nil, uid: nil, gid: nil, time: tx.now)
        ).id
    }

    /// Moves a node there, as `#INO-NAME`: the end of a name says what a file is. - Returns: its new path.
    @discardableResult
    func moveToLost(_ id: NodeID) throws(StoreError) -> String {
        let row = try tx.fresh(id)
        let directory = try lostAndFound(row.node.namespace ?? .blobs)
        let prefix = Array("#\(id.rawValue)".utf8)
        let whole = prefix + Array("-".utf8) + row.node.name.bytes
        var name = FileName(unchecked: whole)
        if row.node.name.bytes.isEmpty || (try? FileName(whole)) == nil {
            let suffix = !row.node.isDocument && !row.node.isStream ? "" : row.node.isStream ? ".log" : ".json"
            name = FileName(unchecked: prefix + (row.node.namespace == .kv ? [] : Array(suffix.utf8)))
        }
        try place(id, name, in: directory)
        return db.shownPath(id)
    }

    /// Gives a node another place, which is free, whatever it had.
    func place(_ id: NodeID, _ name: FileName, in parent: NodeID) throws(StoreError) {
        try db.run("UPDATE node SET cookie = -ino WHERE ino = ?", id)
        let slot = try db.slot(name, in: parent)
        guard slot.found == nil, let cookie = slot.free else { throw Transaction.collision }
        try db.run(
            "UPDATE node SET parent = ?2, cookie = ?3, name = ?4, ctime = ?5 WHERE ino = ?1", id, parent, cookie, name,
            tx.now)
    }
}
