import Glibc
internal import Persist

extension StoreError {
    /// A system call that failed while the store was opened, or a file beside it was made.
    static func system(_ code: Int32, _ what: String) -> StoreError {
        let kind: Kind =
            switch code {
            case ENOENT: .notFound
            case EACCES, EPERM: .accessDenied
            case EROFS: .readOnly
            case ENOSPC: .full
            case EDQUOT: .quotaExceeded
            case ENOTDIR: .notDirectory
            case EISDIR: .isDirectory
            case ENAMETOOLONG: .nameTooLong
            default: .io
            }
        return StoreError(kind, code: code, hint: "\(what): \(String(cString: strerror(code)))")
    }
}
