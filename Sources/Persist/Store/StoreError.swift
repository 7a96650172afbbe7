/// Why the store refused or failed.
///
/// The kind is closed: one exhaustive switch maps it to errno (R11), and retry policy asks `isTransient`,
/// never a message's text.
public struct StoreError: Error, Sendable {
    public enum Kind: Sendable, Equatable, CaseIterable {
        /// No such name, node or attribute. Expected; not logged. ENOENT (ENODATA for an attribute).
        case notFound
        /// ENODATA: no such extended attribute.
        case noAttribute
        /// EEXIST.
        case exists
        /// ENOTDIR.
        case notDirectory
        /// EISDIR.
        case isDirectory
        /// ENOTEMPTY.
        case notEmpty
        /// EXDEV: another namespace.
        case crossesNamespaces
        /// EBUSY: a namespace itself.
        case busy
        /// EPERM: what this kind of file never allows.
        case notPermitted
        /// EACCES: what its mode does not allow this user.
        case accessDenied
        /// EBADMSG: not a JSON document (R5), or a line that is none (R8).
        case rejected
        /// EFBIG.
        case tooLarge
        /// ENAMETOOLONG.
        case nameTooLong
        /// ENOSPC.
        case full
        /// EDQUOT.
        case quotaExceeded
        /// EROFS.
        case readOnly
        /// EINVAL.
        case invalid
        /// ERANGE: the caller's buffer is too small.
        case outOfRange
        /// EOPNOTSUPP.
        case unsupported
        /// ELOOP: a directory moved into itself is EINVAL; this is O_NOFOLLOW.
        case loop
        /// EINTR: the caller was interrupted while it waited.
        case interrupted
        /// ETIMEDOUT: another process held the store's lock past the deadline, or a far side did not answer.
        case timedOut
        /// Not here, and can be brought: `absence` says how. Programs see it as ETIMEDOUT, where it was not brought.
        case absent
        /// EBADF.
        case badDescriptor
        /// ESTALE: the file that the descriptor was opened on is gone for good.
        case stale
        /// EMFILE: a bound on open files of this mount.
        case tooManyOpen
        /// ENOMEM: a bound on unpublished bytes of this mount.
        case tooMuchUnpublished
        /// EIO: the disk failed.
        case io
        /// EIO: the file is damaged, or a bug.
        case corrupt
    }

    public let kind: Kind
    /// What it was about, where known.
    public let key: StoreKey?
    /// The adapter's own number for it (SQLite's extended result code, an HTTP status).
    public let code: Int32?
    /// One sentence for a person: what happened, and what to do.
    public let hint: String?
    /// Of `.absent`.
    public let absence: (any Absence)?

    public init(_ kind: Kind, key: StoreKey? = nil, code: Int32? = nil, hint: String? = nil) {
        self.kind = kind
        self.key = key
        self.code = code
        self.hint = hint
        absence = nil
    }

    public init(absent absence: any Absence, key: StoreKey? = nil) {
        kind = .absent
        self.key = key
        code = nil
        hint = "it is not on this machine, and has not been brought in time"
        self.absence = absence
    }

    /// Whether the same call may succeed later with nothing else changed.
    public var isTransient: Bool {
        switch kind {
        case .timedOut, .interrupted, .full, .quotaExceeded, .absent: true
        default: false
        }
    }

    /// The same error, about `key` where it named none.
    public func about(_ key: StoreKey) -> StoreError {
        guard self.key == nil else { return self }
        if let absence { return StoreError(absent: absence, key: key) }
        return StoreError(kind, key: key, code: code, hint: hint)
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        var text = key.map { "\($0): " } ?? ""
        text += hint ?? "\(kind)"
        if let code { text += " (code \(code))" }
        return text
    }
}
