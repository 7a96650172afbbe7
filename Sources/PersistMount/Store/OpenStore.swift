internal import Glibc
internal import Linux
public import Persist
internal import PersistFUSE
public import SQLiteStore

/// Opens the local store that a reference names, with errors in words.
public enum OpenStore {
    /// - Parameter options: what the reference says of waiting is put into it.
    /// - Throws: `.store`.
    public static func open(
        _ reference: StoreReference, _ options: SQLiteStoreOptions
    ) throws(MountFailure) -> SQLiteStore {
        try requireFile(reference)
        do throws(StoreError) {
            return try SQLiteStore.open(path: reference.path, options: options)
        } catch {
            throw MountFailure(error, about: reference.path, status: error.kind == .timedOut ? .busy : .store)
        }
    }
}

extension OpenStore {
    private static func requireFile(_ reference: StoreReference) throws(MountFailure) {
        guard reference.source == .sqlite else {
            throw MountFailure(
                ShownText.line(reference.shown), "is used through a mount",
                hint: "This is for SQLite files. Of a mount, persistfs status names the local copy.", status: .usage)
        }
    }

    /// - Throws: `.store` where it cannot be looked at, `.busy` where another program writes for too long.
    public static func check(
        _ reference: StoreReference, _ options: SQLiteStoreOptions
    ) throws(MountFailure) -> [CheckFinding] {
        try requireFile(reference)
        do throws(StoreError) {
            return try SQLiteStore.check(path: reference.path, options: options)
        } catch {
            throw MountFailure(error, about: reference.path, status: error.kind == .timedOut ? .busy : .store)
        }
    }

    /// - Throws: `.busy` where it is mounted or open; `.failed` where the disk is full or fails; `.store`.
    public static func repair(
        _ reference: StoreReference, _ options: SQLiteStoreOptions, backup: RepairBackup
    ) throws(MountFailure) -> RepairReport {
        try requireFile(reference)
        do throws(StoreError) {
            return try SQLiteStore.repair(path: reference.path, options: options, backup: backup)
        } catch {
            let status: ExitStatus =
                switch error.kind {
                case .busy, .timedOut: .busy
                case .full, .quotaExceeded, .io, .exists: .failed
                default: .store
                }
            throw MountFailure(error, about: reference.path, status: status)
        }
    }
}

extension MountFailure {
    /// - Parameter path: as it is; shown escaped.
    public init(_ error: StoreError, about path: String, status: ExitStatus? = nil) {
        let words = error.hint ?? errorText(errno(of: error))
        let code = error.code.map { " (code \($0))" } ?? ""
        let names = words.hasPrefix(path)
        self.init(names ? "" : ShownText.line(path), words + code, status: status ?? Self.status(of: error))
    }

    private static func status(of error: StoreError) -> ExitStatus {
        switch error.kind {
        case .notFound, .noAttribute: .notFound
        case .busy, .timedOut: .busy
        default: .failed
        }
    }
}
