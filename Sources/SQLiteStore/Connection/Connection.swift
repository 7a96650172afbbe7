internal import CSQLite
internal import Persist

/// One connection and the statements that it has prepared.
///
/// Not for two threads at once: whoever holds the lock that stands before it (`Lane`) may use it.
final class Connection: @unchecked Sendable {  // see above
    let handle: OpaquePointer
    let patience: Patience
    /// Of the writer's connection only.
    var cache: NodeCache?
    /// What directories' rows do not say yet.
    var touches: Touches?
    /// Of a store with a far side: what brings content that is not here.
    var absentContent: (@Sendable (AbsentContent) -> any Absence)?
    /// Of chunks with a number below zero.
    var bodyFiles: BodyFiles?
    /// By the address of their text: a literal has one for the life of the program.
    private var statements: [UnsafePointer<UInt8>: OpaquePointer] = [:]
    /// The database's, as it is open here.
    private(set) lazy var file = VFSFile.of(handle)

    /// Once in a process.
    private static let setUp: Void = csqlite_count_no_memory()

    /// - Parameter flags: SQLITE_OPEN_*.
    init(path: String, flags: Int32, patience: Patience) throws(StoreError) {
        Self.setUp
        StoreVFS.registered
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, StoreVFS.name)
        guard code == SQLITE_OK, let opened else {
            let extended = opened.map { sqlite3_extended_errcode($0) } ?? code
            let error = StoreError.sqlite(extended, opened)
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        self.patience = patience
        sqlite3_extended_result_codes(handle, 1)
        patience.install(on: handle)
    }

    deinit { close() }

    private(set) var isClosed = false
    func close() {
        guard !isClosed else { return }
        isClosed = true
        for statement in statements.values { sqlite3_finalize(statement) }
        statements = [:]
        file = nil
        sqlite3_close_v2(handle)
    }

    /// Text that is run once: PRAGMAs, the schema.
    func execute(_ sql: String) throws(StoreError) {
        defer { patience.ended() }
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// Reads one state of the store.
    func together<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        try run("BEGIN")
        defer { _ = try? run("COMMIT") }
        return try body()
    }

    func error(_ code: Int32) -> StoreError {
        .sqlite(code, handle, interrupted: patience.wasInterrupted && patience.isInterruptible)
    }

    private func prepared(_ sql: StaticString) throws(StoreError) -> OpaquePointer {
        if let found = statements[sql.utf8Start] { return found }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(
            handle, UnsafeRawPointer(sql.utf8Start).assumingMemoryBound(to: CChar.self),
            Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw error(code) }
        statements[sql.utf8Start] = statement
        return statement
    }

    /// Binds, and gives the statement back ready to step.
    private func bound<each B: Bindable>(
        _ sql: StaticString, _ values: repeat each B
    ) throws(StoreError) -> OpaquePointer {
        let statement = try prepared(sql)
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            let code = value.bind(to: statement, at: index)
            guard code == SQLITE_OK else {
                sqlite3_clear_bindings(statement)
                throw error(code)
            }
        }
        return statement
    }

    /// A statement without rows. - Returns: how many rows it changed.
    @discardableResult
    func run<each B: Bindable>(_ sql: StaticString, _ values: repeat each B) throws(StoreError) -> Int {
        let statement = try bound(sql, repeat each values)
        defer { finish(statement) }
        let code = sqlite3_step(statement)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw error(code) }
        return Int(sqlite3_changes(handle))
    }

    /// The first row, or nil.
    func first<R, each B: Bindable>(
        _ sql: StaticString, _ values: repeat each B, read: (Row) throws(StoreError) -> R
    ) throws(StoreError) -> R? {
        let statement = try bound(sql, repeat each values)
        defer { finish(statement) }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return try read(Row(statement))
        case SQLITE_DONE: return nil
        case let code: throw error(code)
        }
    }

    /// Each row, until `read` says false.
    func each<each B: Bindable>(
        _ sql: StaticString, _ values: repeat each B, read: (Row) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let statement = try bound(sql, repeat each values)
        defer { finish(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: if try !read(Row(statement)) { return }
            case SQLITE_DONE: return
            case let code: throw error(code)
            }
        }
    }

    /// All rows.
    func all<R, each B: Bindable>(
        _ sql: StaticString, _ values: repeat each B, read: (Row) throws(StoreError) -> R
    ) throws(StoreError) -> [R] {
        var found: [R] = []
        try each(sql, repeat each values) { row throws(StoreError) in
            found.append(try read(row))
            return true
        }
        return found
    }

    func exists<each B: Bindable>(_ sql: StaticString, _ values: repeat each B) throws(StoreError) -> Bool {
        try first(sql, repeat each values) { _ in true } ?? false
    }

    private func finish(_ statement: OpaquePointer) {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
        patience.ended()
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Moves on with every commit of any other connection.
    func dataVersion() throws(StoreError) -> Int64 {
        try first("PRAGMA data_version") { $0.int(0) } ?? 0
    }
}
