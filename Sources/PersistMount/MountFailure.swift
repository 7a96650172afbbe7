/// What the command exits with; the README lists them.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    /// It failed, and none of the others says how.
    case failed = 1
    /// The command line, an option or a configuration file is wrong.
    case usage = 2
    /// `check` found damage.
    case damaged = 3
    /// No such key, no such mount.
    case notFound = 4
    /// The store cannot be opened: no database, a foreign one, a newer schema, a read-only disk, ...
    case store = 5
    /// The mount point cannot be used: missing, not empty, over the store, already mounted, ...
    case mountPoint = 6
    /// Still in use, or not finished in time.
    case busy = 7
}

/// Why something about a mount did not work, in words for a person.
///
/// Printed as `persistfs: what: why`, then the hint on a line of its own. Holds no secret.
public struct MountFailure: Error, Sendable, Equatable {
    /// What it was about: a path, an option.
    public var what: String
    public var why: String
    /// What to do.
    public var hint: String?
    public var status: ExitStatus

    public init(_ what: String, _ why: String, hint: String? = nil, status: ExitStatus) {
        self.what = what
        self.why = why
        self.hint = hint
        self.status = status
    }
}

extension MountFailure: CustomStringConvertible {
    /// As the command prints it, without `persistfs: `.
    public var description: String {
        let first = what.isEmpty ? why : "\(what): \(why)"
        return hint.map { "\(first)\n  \($0)" } ?? first
    }
}
