internal import Glibc
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
        do throws(StoreError) {
            return try SQLiteStore.open(path: reference.path, options: options)
        } catch {
            throw MountFailure(error, about: reference.path, status: error.kind == .timedOut ? .busy : .store)
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
