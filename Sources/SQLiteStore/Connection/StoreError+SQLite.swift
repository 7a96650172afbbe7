internal import CSQLite
import Glibc
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
            // SQLite tells of no room only where a write of a file gave ENOSPC.
            case SQLITE_IOERR where isNoRoom(code, handle, EDQUOT): .quotaExceeded
            case SQLITE_IOERR where isNoRoom(code, handle, ENOSPC): .full
            case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM: .io
            // json_valid of SQLite refuses what our scanner took.
            case SQLITE_CONSTRAINT where code == SQLITE_CONSTRAINT | (1 << 8): .rejected
            default: .corrupt
            }
        let hint =
            switch kind {
            case .timedOut: "another process has been writing to the store for too long: \(words)"
            case .full: fullWords
            case .quotaExceeded: quotaWords
            case .corrupt: "the store's file is damaged, or was changed by something else: \(words)"
            default: words
            }
        return StoreError(kind, code: code, hint: hint)
    }

    private static let fullWords = "the disk that holds the store is full"
    private static let quotaWords = "the disk quota where the store lies is used up"

    /// As SQLite would tell it, before it comes to that.
    static func noRoom(isQuota: Bool) -> StoreError {
        StoreError(isQuota ? .quotaExceeded : .full, code: SQLITE_FULL, hint: isQuota ? quotaWords : fullWords)
    }

    /// Whether a write failed with this errno. A file keeps that of its last write that failed; the connection's own
    /// number may be a later one.
    private static func isNoRoom(_ code: Int32, _ handle: OpaquePointer?, _ number: Int32) -> Bool {
        let (write, sharedMemory) = (SQLITE_IOERR | 3 << 8, SQLITE_IOERR | 19 << 8)
        guard let handle else { return false }
        if code == sharedMemory { return sqlite3_system_errno(handle) == number }
        guard code == write else { return false }
        return [SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER].contains { which in
            var file: UnsafeMutablePointer<sqlite3_file>?
            guard sqlite3_file_control(handle, "main", which, &file) == SQLITE_OK, let file,
                let methods = file.pointee.pMethods
            else { return false }
            var found: Int32 = 0
            return methods.pointee.xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &found) == SQLITE_OK && found == number
        }
    }

    /// Whether there was no room on the disk, for which the reserve is kept (R13): not a bound of ours.
    var isLackOfRoom: Bool { code != nil && (kind == .full || kind == .quotaExceeded) }
}
