internal import CSQLite
internal import Persist

extension StoreError {
    /// Not the disk's or the file's fault: a rule of ours, or a constraint of a table.
    var isOfOneRow: Bool { code.map { $0 & 0xff == SQLITE_CONSTRAINT } ?? true }

    /// The one place where SQLite's extended result codes become kinds.
    static func sqlite(_ code: Int32, _ handle: OpaquePointer?, interrupted: Bool = false) -> StoreError {
        let words = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "SQLite: code \(code)"
        let kind: Kind =
            switch code & 0xff {
            case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: interrupted ? .interrupted : .timedOut
            case SQLITE_INTERRUPT: .interrupted
            case SQLITE_FULL: .full
            case SQLITE_READONLY: .readOnly
            case SQLITE_TOOBIG: .tooLarge
            case SQLITE_PERM, SQLITE_AUTH: .accessDenied
            case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
            case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM: .io
            // json_valid of SQLite refuses what our scanner took.
            case SQLITE_CONSTRAINT where code == SQLITE_CONSTRAINT | (1 << 8): .rejected
            default: .corrupt
            }
        let hint =
            switch kind {
            case .timedOut: "another process has been writing to the store for too long: \(words)"
            case .full: "the disk that holds the store is full"
            case .corrupt: "the store's file is damaged, or was changed by something else: \(words)"
            default: words
            }
        return StoreError(kind, code: code, hint: hint)
    }
}
