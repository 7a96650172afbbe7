internal import CSQLite
import Glibc
internal import Persist

/// From a path to open connections on a store that is one: every check that there is, in order.
struct Opening {
    let location: Location
    let options: SQLiteStoreOptions
    let bodyFiles: BodyFiles

    init(path: String, options: SQLiteStoreOptions) throws(StoreError) {
        location = try Location(path)
        self.options = options
        bodyFiles = BodyFiles(store: location.path, watcher: options.bodyWatcher)
        guard location.exists || (options.createsIfMissing && !options.isReadOnly) else {
            throw StoreError(.notFound, hint: "there is no store at \(location.path)")
        }
        // A WAL beside it may hold all of it.
        guard options.createsIfMissing || !location.isEmpty || access(location.path + "-wal", F_OK) == 0 else {
            throw StoreError(.invalid, hint: "\(location.path) is empty: there is no store in it")
        }
        guard options.isReadOnly || location.isWritable else {
            throw StoreError(
                .accessDenied, hint: "\(location.path) or its directory cannot be written: open it read-only (-o ro)")
        }
    }

    func connection() throws(StoreError) -> Connection {
        let db = try bare()
        db.absentContent = options.absentContent
        db.bodyFiles = bodyFiles
        return db
    }

    private func bare() throws(StoreError) -> Connection {
        let patience = Patience(options.waits, milliseconds: options.limits.busyMilliseconds)
        guard options.isReadOnly else {
            return try Connection(
                path: location.path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, patience: patience)
        }
        guard location.isImmutable else {
            return try Connection(path: location.path, flags: SQLITE_OPEN_READONLY, patience: patience)
        }
        return try Connection(
            path: "file:\(Self.escaped(location.path))?immutable=1", flags: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
            patience: patience)
    }

    /// As a URI has it (sqlite.org/uri.html).
    private static func escaped(_ path: String) -> String {
        path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"), 0...32, 127...255:
                "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            default: String(UnicodeScalar(byte))
            }
        }.joined()
    }

    /// The settings of every connection. trusted_schema stays on: without it, 3.40 refuses json_valid in a CHECK.
    /// secure_delete, which Debian turns on, would write zeros over all that a removed file held.
    private func set(_ db: Connection) throws(StoreError) {
        try db.execute(
            """
            PRAGMA foreign_keys = OFF; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = OFF;
            PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;
            """)
    }

    /// Another connection to a store that has been looked at.
    func another() throws(StoreError) -> Connection {
        let db = try connection()
        try set(db)
        _ = try db.dataVersion()
        return db
    }

    /// A connection that nobody else has the file open beside, for as long as it is open. The shared memory of the WAL
    /// is not used (sqlite.org/wal.html: it must be asked for before the file is read).
    ///
    /// - Throws: `.timedOut` where somebody has.
    func exclusive() throws(StoreError) -> Connection {
        let db = try Connection(
            path: location.path, flags: SQLITE_OPEN_READWRITE,
            patience: Patience(options.waits, milliseconds: 500))
        db.bodyFiles = bodyFiles
        try db.execute("PRAGMA locking_mode = EXCLUSIVE")
        try set(db)
        try check(db, isAlone: true)
        // A document that SQLite refuses must still be moved; a temporary copy of the file is no matter of memory.
        try db.execute("PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = FILE")
        try db.execute("BEGIN IMMEDIATE")
        // Where it is damaged, that is found and mended by who asks for this connection.
        do throws(StoreError) {
            if try Schema.isOld(db) { try Schema.upgrade(db) }
        } catch { guard error.kind == .corrupt else { throw error } }
        try db.execute("COMMIT")
        return db
    }

    /// The first connection: the file is a store after it, of this version.
    /// - Parameter isAlive: whether the mount of that number is.
    func first(_ isAlive: (Int64) -> Bool) throws(StoreError) -> Connection {
        do throws(StoreError) {
            return try prepared(isAlive)
        } catch {
            guard let code = error.code, code & 0xff == SQLITE_NOTADB else { throw error }
            throw StoreError(
                .invalid, code: code, hint: "\(location.path) is no SQLite database, so it is no store")
        }
    }

    private func prepared(_ isAlive: (Int64) -> Bool) throws(StoreError) -> Connection {
        let db = try connection()
        if options.isReadOnly {
            try set(db)
            try check(db)
            return db
        }
        if try db.first("SELECT count(*) FROM sqlite_schema", read: { $0.int(0) }) == 0 {
            try db.execute(Schema.firstPragmas)
        } else {
            try check(db)
        }
        // Run to its end: it commits after it has given its row, and only then tells that it could not.
        try db.execute("PRAGMA journal_mode = WAL")
        guard try db.first("PRAGMA journal_mode", read: { $0.string(0) }) == "wal" else {
            throw StoreError(.unsupported, hint: "\(location.path) cannot be put into WAL mode here")
        }
        try set(db)
        try db.execute("BEGIN IMMEDIATE")
        do throws(StoreError) {
            if try !isStore(db) {
                try Schema.create(on: db, storeID: Self.newStoreID(), now: .now)
            }
            if try Schema.isOld(db) {
                try requireUnused(db, isAlive)
                try Schema.upgrade(db)
            }
            try db.execute("COMMIT")
        } catch {
            _ = try? db.execute("ROLLBACK")
            throw error
        }
        return db
    }

    /// Programs of the version before do not know what this one writes.
    private func requireUnused(_ db: Connection, _ isAlive: (Int64) -> Bool) throws(StoreError) {
        let mounts = try db.all("SELECT id FROM mount", read: { $0.int(0) })
        guard !mounts.contains(where: isAlive) else {
            throw StoreError(.busy, hint: "\(location.path) is mounted by an older persistfs: unmount it there first")
        }
    }

    private func isStore(_ db: Connection) throws(StoreError) -> Bool {
        try db.first("PRAGMA application_id") { $0.int(0) } == Schema.applicationID
    }

    /// - Parameter isAlone: to look through and repair it.
    private func check(_ db: Connection, isAlone: Bool = false) throws(StoreError) {
        let path = location.path
        guard try isStore(db) else {
            guard options.adopts && !options.isReadOnly else {
                throw StoreError(
                    .invalid,
                    hint: "\(path) is another program's database; -o adopt makes it a store too, beside its own tables")
            }
            let names = try db.all("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')") { $0.string(0) }
            guard let taken = names.first(where: { Schema.tableNames.contains($0) }) else { return }
            throw StoreError(.invalid, hint: "\(path) has a table \(taken) of its own, so it cannot be adopted")
        }
        let version = try db.first("PRAGMA user_version") { $0.int(0) } ?? 0
        // It would show what is not here as zeros.
        guard version != FarSchema.version || options.isReadOnly || options.outboxChanged != nil || isAlone else {
            throw StoreError(.unsupported, hint: "\(path) is the local copy of a far side: mount that")
        }
        guard version <= FarSchema.version else {
            throw StoreError(
                .unsupported,
                hint:
                    "\(path) was written by a newer persistfs (schema \(version), this one knows \(FarSchema.version))")
        }
    }

    static func newStoreID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let text = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }.joined()
    }
}
