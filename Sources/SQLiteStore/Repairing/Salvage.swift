internal import CSQLite
import Glibc
internal import Persist

/// What can be read of a store whose pages are damaged, in a new store beside it: `STORE.salvaged`.
///
/// The damaged file is only read: another tool may find more in it.
struct Salvage {
    private let db: Connection
    let target: String
    private let options: SQLiteStoreOptions

    init(_ db: Connection, store: String, _ options: SQLiteStoreOptions) {
        self.db = db
        self.options = options
        target = store + ".salvaged"
    }

    var isThere: Bool { access(target, F_OK) == 0 }

    func run() throws(StoreError) -> RepairReport.Salvaged {
        let partial = target + ".part"
        func clear() { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(partial + suffix) } }
        clear()
        defer { clear() }
        var salvaged = RepairReport.Salvaged(path: target, rows: 0, refused: 0, incomplete: [], repairs: [], left: [])
        try fill(partial, &salvaged)
        if let files = db.bodyFiles { try BodyCopy(files: files, log: options.log).bring(into: partial) }
        try mend(partial, &salvaged)
        try SQLiteStore.syncFile(partial, O_RDONLY)
        guard rename(partial, target) == 0 else { throw StoreError.system(errno, "cannot make \(target)") }
        try SQLiteStore.syncFile(Location.split(target).directory, O_RDONLY | O_DIRECTORY)
        return salvaged
    }

    private func fill(_ path: String, _ salvaged: inout RepairReport.Salvaged) throws(StoreError) {
        let fresh = try connection(path)
        defer { fresh.close() }
        try fresh.execute(Schema.firstPragmas)
        // Without their triggers, which would take each row for another program's.
        for object in try fresh.missingObjects() where object.type != "trigger" { try fresh.execute(object.sql) }
        try fresh.execute(Schema.mark)
        try fresh.execute("BEGIN")
        for table in try copyAll(to: fresh) {
            salvaged.rows += table.rows
            salvaged.refused += table.refused
            if !table.isComplete { salvaged.incomplete.append(table.table) }
        }
        try fresh.execute("COMMIT")
    }

    private func connection(_ path: String) throws(StoreError) -> Connection {
        let fresh = try Connection(
            path: path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
            patience: Patience(options.waits, milliseconds: 0))
        try fresh.execute("PRAGMA ignore_check_constraints = ON; PRAGMA temp_store = FILE")
        return fresh
    }

    private func copyAll(to fresh: Connection) throws(StoreError) -> [TableCopier] {
        var done: [TableCopier] = []
        for (table, key) in [
            ("meta", ["name"]), ("work", ["mount", "id"]), ("unlinked", ["ino", "mount"]), ("changed", ["ns", "key"]),
        ] {
            var copier = try TableCopier(table, from: db, to: fresh)
            try copier.copy(orderedBy: key)
            done.append(copier)
        }
        for (table, key) in [
            ("node", "ino"), ("records", "ino"), ("kv", "ino"), ("chunk", "cid"), ("garbage", "body"), ("tail", "id"),
            ("kept", "rowid"), ("gone", "rowid"),
        ] {
            var copier = try TableCopier(table, from: db, to: fresh)
            try copier.copy(key: key)
            done.append(copier)
        }
        done.append(try copyExtents(to: fresh))
        done.append(try copyEvents(to: fresh))
        return done
    }

    /// By body: what lies behind a damaged page is found by the bodies that files have.
    private func copyExtents(to fresh: Connection) throws(StoreError) -> TableCopier {
        var copier = try TableCopier("extent", from: db, to: fresh)
        try copier.copy(orderedBy: ["body", "idx"])
        guard !copier.isComplete else { return copier }
        let bodies = try fresh.all(
            """
            SELECT body FROM node WHERE body IS NOT NULL AND NOT (ns = 5 AND class = 1)
                UNION SELECT body FROM garbage UNION SELECT body FROM work
            """, read: { $0.int(0) })
        let refused = copier.refused
        for body in bodies { try copier.copy(key: "idx", from: 0, through: 1 << 40, where: "body = \(body)") }
        copier.forgetRefused(beyond: refused)
        return copier
    }

    /// By log: between two logs there is room for 2^36 events.
    private func copyEvents(to fresh: Connection) throws(StoreError) -> TableCopier {
        var copier = try TableCopier("event", from: db, to: fresh)
        try copier.copy(orderedBy: ["id"])
        guard !copier.isComplete else { return copier }
        let streams = try fresh.all(
            "SELECT body FROM node WHERE body IS NOT NULL AND ns = 5 AND class = 1", read: { $0.int(0) })
        let refused = copier.refused
        for stream in streams {
            try copier.copy(
                key: "id", from: Connection.eventID(stream, 0),
                through: Connection.eventID(stream, Connection.sequenceMax))
        }
        copier.forgetRefused(beyond: refused)
        return copier
    }

    /// What the missing rows have left behind is mended like in any store.
    private func mend(_ path: String, _ salvaged: inout RepairReport.Salvaged) throws(StoreError) {
        let fresh = try connection(path)
        defer { fresh.close() }
        for object in try fresh.missingObjects() { try fresh.execute(object.sql) }
        let repairer = Repairer(fresh, limits: options.limits, log: options.log)
        try repairer.run()
        salvaged.repairs = repairer.repairs
        var checker = Checker(fresh, limits: options.limits)
        try checker.run()
        salvaged.left = checker.findings
    }
}
