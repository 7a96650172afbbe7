internal import CSQLite

/// A SQLite file, as any program opens one.
final class Database {
    let handle: OpaquePointer
    private let path: String

    init(path: String) throws(Failure) {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(
            path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw Failure("\(path): \(String(cString: sqlite3_errstr(code)))")
        }
        handle = opened
        self.path = path
    }

    deinit { sqlite3_close_v2(handle) }

    func execute(_ sql: String) throws(Failure) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    func prepare(_ sql: String) throws(Failure) -> Statement {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw failure() }
        return Statement(statement, of: self)
    }

    /// The first column of the first row.
    func number(_ sql: String) throws(Failure) -> Int64 {
        let statement = try prepare(sql)
        guard try statement.step() else { throw Failure("\(path): nothing found: \(sql)") }
        return statement.integer(0)
    }

    func failure() -> Failure { Failure("\(path): \(String(cString: sqlite3_errmsg(handle)))") }
}

/// A statement that is used many times.
struct Statement: ~Copyable {
    private let statement: OpaquePointer
    private let database: Database

    init(_ statement: OpaquePointer, of database: Database) {
        self.statement = statement
        self.database = database
    }

    deinit { sqlite3_finalize(statement) }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(statement, index, value) }

    /// Not copied: the bytes have to stay until `reset`.
    func bind(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        sqlite3_bind_blob64(statement, index, bytes.baseAddress, UInt64(bytes.count), nil)
    }

    func bind(_ index: Int32, name: UnsafePointer<CChar>) { sqlite3_bind_text(statement, index, name, -1, nil) }

    /// - Returns: whether there is a row.
    func step() throws(Failure) -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw database.failure()
        }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: sqlite3_column_blob(statement, column), count: Int(sqlite3_column_bytes(statement, column)))
    }

    func reset() { sqlite3_reset(statement) }

    /// One that gives no rows, from binding to reset.
    func run() throws(Failure) {
        _ = try step()
        reset()
    }
}
