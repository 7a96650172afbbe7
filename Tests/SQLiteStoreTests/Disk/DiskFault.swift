import CSQLite

/// One way in which a disk lets SQLite down, from the `first` call on that it can meet, `count` times.
struct DiskFault: Sendable, CustomStringConvertible {
    enum Kind: Sendable, CaseIterable {
        /// EIO, of any call.
        case failing
        /// ENOSPC.
        case full
        /// Half of what was to be written is, and then ENOSPC.
        case shortWrite
    }

    let kind: Kind
    let first: Int
    let count: Int
    /// nil: any that can fail so.
    let call: DiskCall?
    var hits = 0

    init(_ kind: Kind, first: Int = 0, count: Int = 1, on call: DiskCall? = nil) {
        self.kind = kind
        self.first = first
        self.count = count
        self.call = call
    }

    func meets(_ call: DiskCall, _ number: Int) -> Bool {
        guard number >= first, hits < count, self.call == nil || self.call == call else { return false }
        switch kind {
        case .failing: return true
        case .full: return call == .write || call == .truncate || call == .open
        case .shortWrite: return call == .write
        }
    }

    /// What the unix VFS says then.
    func code(_ call: DiskCall) -> Int32 {
        switch call {
        case .open: SQLITE_CANTOPEN
        case .read: SQLITE_IOERR | (1 << 8)
        case .write: kind == .failing ? SQLITE_IOERR | (3 << 8) : SQLITE_FULL
        case .sync: SQLITE_IOERR | (4 << 8)
        case .truncate: kind == .failing ? SQLITE_IOERR | (6 << 8) : SQLITE_FULL
        case .delete: SQLITE_IOERR | (10 << 8)
        }
    }

    var description: String { "\(kind) × \(count) from call \(first)" }
}
