import Glibc
public import Persist

extension SQLiteStore {
    /// Mends what `check` finds. Nobody may have the store open, and nobody gets in meanwhile.
    ///
    /// - Throws: `.busy` with who has it open; `.full` where there is no room for the backup: nothing is changed then.
    public static func repair(
        path: String, options: SQLiteStoreOptions, backup: RepairBackup
    ) throws(StoreError) -> RepairReport {
        var options = options
        options.createsIfMissing = false
        let opening = try Opening(path: path, options: options)
        let lockFile = try LockFile(
            path: opening.location.path + "-lock", waitMilliseconds: options.limits.busyMilliseconds)
        let repair = StoreRepair(opening: opening, lockFile: lockFile, backup: backup)
        do throws(StoreError) {
            let report = try repair.run()
            lockFile.closeAsLast()
            return report
        } catch {
            lockFile.closeAsLast()
            throw error
        }
    }
}

/// A store that is repaired, from taking it for ourselves to the last look at it.
struct StoreRepair {
    let opening: Opening
    /// Its gate stays closed: who wants to open the store waits, or fails.
    let lockFile: LockFile
    let backup: RepairBackup

    private var path: String { opening.location.path }
    private var limits: StoreLimits { opening.options.limits }

    func run() throws(StoreError) -> RepairReport {
        let db = try takeStore()
        defer { db.close() }
        var report = RepairReport()
        report.left = try findings(db)
        let repairer = Repairer(db, limits: limits, log: opening.options.log)
        if !Self.hasDamagedPages(report.left) {
            // No part of the repair, and nothing that a copy is needed for: every mount begins so.
            try repairer.settle()
            report.left = try findings(db)
        }
        if report.left.contains(where: { $0.hint == nil }), !Self.hasDamagedPages(report.left) {
            report.backup = try makeBackup(of: db)
            try repairer.run()
            report.left = try findings(db)
        }
        report.repairs = repairer.repairs
        if Self.hasDamagedPages(report.left) {
            let salvage = Salvage(db, store: path, opening.options)
            if salvage.isThere { report.olderSalvage = salvage.target } else { report.salvage = try salvage.run() }
        }
        return report
    }

    private func findings(_ db: Connection) throws(StoreError) -> [CheckFinding] {
        var checker = Checker(db, limits: limits)
        try checker.run()
        return checker.findings
    }

    private static func hasDamagedPages(_ findings: [CheckFinding]) -> Bool {
        findings.contains { $0.hint == IntegrityLine.salvageHint }
    }

    private func makeBackup(of db: Connection) throws(StoreError) -> String? {
        let target: String
        switch backup {
        case .none: return nil
        case .beside: target = StoreBackup.path(beside: path)
        case .at(let given): target = given
        }
        try StoreBackup(target: target).make(from: db)
        return target
    }

    private func takeStore() throws(StoreError) -> Connection {
        let mounts = mountsThatLive()
        if !mounts.isEmpty { throw Self.inUse(mounts) }
        do throws(StoreError) {
            return try opening.exclusive()
        } catch {
            guard error.kind == .timedOut else { throw error }
            let programs = (OtherPrograms(path: path).processes() ?? []).map { "process \($0)" }
            throw Self.inUse(programs.isEmpty ? ["another program"] : programs)
        }
    }

    private static func inUse(_ who: [String]) -> StoreError {
        StoreError(
            .busy, hint: "the store is in use by \(who.joined(separator: ", ")): unmount it, and end other programs")
    }

    /// As far as the table can be read.
    private func mountsThatLive() -> [String] {
        guard let db = try? opening.another() else { return [] }
        defer { db.close() }
        let mounts = try? db.all("SELECT id, pid, host FROM mount") { row throws(StoreError) in
            (id: row.int(0), name: "process \(row.int(1)) on \(row.string(2)), which has it mounted or open")
        }
        return (mounts ?? []).filter { lockFile.isAlive($0.id) }.map(\.name)
    }
}
