import Glibc
public import Persist

extension SQLiteStore {
    /// Looks at everything, while the store is in use. Empty: nothing is wrong.
    ///
    /// Takes as long as reading the whole file; others read and write meanwhile, but the WAL grows.
    public func check() throws(StoreError) -> [CheckFinding] {
        let db = try opening.another()
        defer { db.close() }
        try db.execute("BEGIN")
        var checker = Checker(db, limits: limits)
        try checker.run()
        try db.execute("COMMIT")
        return checker.findings
    }

    private static func isCopy(_ path: String) -> Bool {
        var options = SQLiteStoreOptions()
        options.isReadOnly = true
        guard let db = try? Opening(path: path, options: options).another() else { return false }
        defer { db.close() }
        return (try? db.first("PRAGMA user_version") { $0.int(0) }) == FarSchema.version
    }

    /// The same for a store that is not open; also for one that is so damaged that it cannot be opened.
    public static func check(path: String, options: SQLiteStoreOptions) throws(StoreError) -> [CheckFinding] {
        var options = options
        // What is recovered in the local copy of a far side is to be sent there.
        if isCopy(path), options.outboxChanged == nil { options.outboxChanged = { _ in } }
        do throws(StoreError) {
            let store = try open(path: path, options: options)
            defer { store.close() }
            return try store.check()
        } catch {
            guard error.kind == .corrupt else { throw error }
            guard let db = try? Opening(path: path, options: options).another() else { throw error }
            defer { db.close() }
            try db.execute("BEGIN")
            var checker = Checker(db, limits: options.limits)
            try checker.run()
            guard !checker.findings.isEmpty else { throw error }
            return checker.findings
        }
    }

    /// A copy of the store as it is at this moment, complete on the disk when this returns.
    ///
    /// What is unpublished in mounts is not in it, but for what fsync(2) has kept.
    /// - Throws: `.exists`: nothing is ever written over.
    public func snapshot(to target: String) throws(StoreError) {
        guard access(target, F_OK) != 0 else { throw StoreError(.exists, hint: "\(target) is there already") }
        let directory = Location.split(target).directory
        let partial = target + ".\(getpid()).part"
        saveTouches()
        let db = try opening.another()
        defer {
            db.close()
            Glibc.unlink(partial)
        }
        try db.run("VACUUM INTO ?", Text(partial))
        try BodyCopy(files: opening.bodyFiles, log: options.log).bring(into: partial)
        try Self.syncFile(partial, O_RDONLY)
        // link(2) does not replace what another process has put there meanwhile.
        if Glibc.link(partial, target) != 0 {
            guard errno != EEXIST else { throw StoreError(.exists, hint: "\(target) is there already") }
            guard Glibc.rename(partial, target) == 0 else { throw StoreError.system(errno, "cannot make \(target)") }
        }
        try Self.syncFile(directory, O_RDONLY | O_DIRECTORY)
    }

    static func syncFile(_ path: String, _ flags: Int32) throws(StoreError) {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.system(errno, "cannot open \(path)") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreError.system(errno, "cannot sync \(path)") }
    }
}
