internal import CSQLite
internal import Persist

/// A value that is read in parts, or into its place at once: only the pages that it lies on, and no copy in between.
///
/// From the first read to `close` it is a read transaction.
final class LargeValue {
    private let db: Connection
    private let table: StaticString
    private let column: StaticString
    private var blob: OpaquePointer?

    init(_ db: Connection, _ table: StaticString, _ column: StaticString) {
        self.db = db
        self.table = table
        self.column = column
    }

    /// Exactly `wanted` bytes from `offset` on, of the row of that number; zeros behind its end.
    ///
    /// - Parameter more: bytes of other rows that are read next.
    func read(
        _ row: Int64, from offset: Int, _ wanted: Int, more: Int = 0, into sink: inout ByteSink
    ) throws(StoreError) {
        try find(row)
        let valueBytes = Int(sqlite3_blob_bytes(blob))
        let there = max(0, min(wanted, valueBytes - offset))
        db.file?.readAhead(valueBytes, offset..<(offset + there), more: more)
        let code = sink.fill(there) { sqlite3_blob_read(blob, $0, Int32(there), Int32(offset)) }
        guard code == SQLITE_OK else { throw db.error(code) }
        sink.appendZeros(wanted - there)
    }

    private func find(_ row: Int64) throws(StoreError) {
        let code: Int32
        if let blob {
            code = sqlite3_blob_reopen(blob, row)
        } else {
            code = table.utf8Start.withMemoryRebound(to: CChar.self, capacity: table.utf8CodeUnitCount) { table in
                column.utf8Start.withMemoryRebound(to: CChar.self, capacity: column.utf8CodeUnitCount) { column in
                    sqlite3_blob_open(db.handle, "main", table, column, row, 0, &blob)
                }
            }
        }
        guard code == SQLITE_OK else { throw db.error(code) }
    }

    func close() {
        db.file?.endReadingAhead()
        sqlite3_blob_close(blob)
        blob = nil
    }
}
