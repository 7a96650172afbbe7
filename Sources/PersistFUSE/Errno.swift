import Glibc
public import Persist

/// What a program is told of an error (R11): the one place where kinds become numbers.
///
/// Never ENOSYS, which the kernel takes for ever, and never EAGAIN, which no program expects of a file.
public func errno(of error: StoreError) -> Int32 {
    switch error.kind {
    case .notFound: ENOENT
    case .noAttribute: ENODATA
    case .exists: EEXIST
    case .notDirectory: ENOTDIR
    case .isDirectory: EISDIR
    case .notEmpty: ENOTEMPTY
    case .crossesNamespaces: EXDEV
    case .busy: EBUSY
    case .notPermitted: EPERM
    case .accessDenied: EACCES
    case .rejected: EBADMSG
    case .tooLarge: EFBIG
    case .nameTooLong: ENAMETOOLONG
    case .full: ENOSPC
    case .quotaExceeded: EDQUOT
    case .readOnly: EROFS
    case .invalid: EINVAL
    case .outOfRange: ERANGE
    case .unsupported: EOPNOTSUPP
    case .loop: ELOOP
    case .interrupted: EINTR
    case .timedOut, .absent: ETIMEDOUT
    case .badDescriptor: EBADF
    case .stale: ESTALE
    case .tooManyOpen: EMFILE
    case .tooMuchUnpublished: ENOMEM
    case .io, .corrupt: EIO
    }
}
