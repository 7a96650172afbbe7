internal import CSQLite
internal import Persist

/// Copies the rows of a table that can be read, around those that cannot, from the damaged file to a new one.
///
/// A damaged page takes the rows on it, which follow each other: read from below up to them, from above down to them,
/// and between them again, in halves, for as long as that gives anything.
struct TableCopier {
    /// Two connections: what goes wrong with one of them is nothing to the other.
    private let source: Connection
    private let target: Connection
    let table: String
    private let columns: String
    private(set) var rows = 0
    /// Rows that the new file did not take: they were there twice.
    private(set) var refused = 0
    private(set) var isComplete = true
    /// Halves that are looked at, at most.
    private var budget = 20_000

    init(_ table: String, from source: Connection, to target: Connection) throws(StoreError) {
        self.source = source
        self.target = target
        self.table = table
        let ofTable: StaticString = "SELECT name FROM pragma_table_info(?)"
        let names = try target.all(ofTable, Text(table), read: { $0.string(0) })
        // Of an older version it may lack one.
        let there = (try? source.all(ofTable, Text(table), read: { $0.string(0) })) ?? []
        columns = names.filter { there.isEmpty || there.contains($0) }.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// - Parameters:
    ///   - key: an integer by which rows are found.
    ///   - condition: further, in SQL.
    mutating func copy(
        key: String, from low: Int64 = -(1 << 61), through high: Int64 = 1 << 61, where condition: String = "1"
    ) throws(StoreError) {
        var ranges = [(low, high)]
        while !ranges.isEmpty {
            let (low, high) = ranges.removeFirst()
            guard let lower = try scan(key, low, high, condition, "ASC") else { continue }
            isComplete = false
            let next = lower == .min ? low : lower + 1
            guard next <= high, let upper = try scan(key, next, high, condition, "DESC") else { continue }
            let last = upper == .min ? high : upper - 1
            budget -= 1
            guard next < last, budget > 0 else { continue }
            let middle = next + (last - next) / 2
            ranges.append((next, middle))
            ranges.append((middle + 1, last))
        }
    }

    /// For small tables whose key is no number: from both ends.
    mutating func copy(orderedBy key: [String]) throws(StoreError) {
        let up = key.joined(separator: ", ")
        let down = key.map { "\($0) DESC" }.joined(separator: ", ")
        if try transfer("SELECT 0, \(columns) FROM \(table) ORDER BY \(up)").isWhole { return }
        isComplete = false
        let refused = refused
        _ = try transfer("SELECT 0, \(columns) FROM \(table) ORDER BY \(down)")
        self.refused = refused
    }

    /// Rows that were offered again are not there twice.
    mutating func forgetRefused(beyond count: Int) { refused = min(refused, count) }

    /// - Returns: nil where all could be read; else the key of the last row that could, or `.min`.
    private mutating func scan(
        _ key: String, _ low: Int64, _ high: Int64, _ condition: String, _ order: String
    ) throws(StoreError) -> Int64? {
        let (isWhole, last) = try transfer(
            """
            SELECT \(key), \(columns) FROM \(table)
                WHERE \(key) BETWEEN \(low) AND \(high) AND \(condition) ORDER BY \(key) \(order)
            """)
        return isWhole ? nil : last
    }

    private mutating func transfer(_ select: String) throws(StoreError) -> (isWhole: Bool, last: Int64) {
        let count = columns.split(separator: ",").count
        let marks = Array(repeating: "?", count: count).joined(separator: ", ")
        let insert = try Statement(
            "INSERT OR IGNORE INTO \(table)(\(columns)) VALUES (\(marks))", on: target.handle)
        var last = Int64.min
        var failure: StoreError?
        do throws(StoreError) {
            try Statement.each(select, on: source.handle) { row in
                for index in 0..<Int32(count) {
                    sqlite3_bind_value(insert.handle, index + 1, sqlite3_column_value(row, index + 1))
                }
                let code = sqlite3_step(insert.handle)
                sqlite3_reset(insert.handle)
                guard code == SQLITE_DONE || code & 0xff == SQLITE_CONSTRAINT else {
                    failure = target.error(code)
                    return false
                }
                if code == SQLITE_DONE && sqlite3_changes(target.handle) > 0 { rows += 1 } else { refused += 1 }
                last = sqlite3_column_int64(row, 0)
                return true
            }
            if let failure { throw failure }
            return (true, last)
        } catch {
            guard failure == nil else { throw error }
            // A page that is damaged, or that the disk cannot read; a table that is gone.
            guard error.kind == .corrupt || (error.code ?? 0) & 0xff == SQLITE_IOERR else { throw error }
            return (false, last)
        }
    }
}

/// A statement whose text is made while the program runs.
struct Statement: ~Copyable {
    let handle: OpaquePointer

    init(_ sql: String, on db: OpaquePointer) throws(StoreError) {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(db, sql, -1, &statement, nil)
        guard code == SQLITE_OK, let statement else { throw StoreError.sqlite(code, db) }
        handle = statement
    }

    deinit { sqlite3_finalize(handle) }

    /// Each row, until `body` says false.
    static func each(
        _ sql: String, on db: OpaquePointer, _ body: (OpaquePointer) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let statement = try Statement(sql, on: db)
        while true {
            switch sqlite3_step(statement.handle) {
            case SQLITE_ROW: if try !body(statement.handle) { return }
            case SQLITE_DONE: return
            case let code: throw StoreError.sqlite(code, db)
            }
        }
    }
}
