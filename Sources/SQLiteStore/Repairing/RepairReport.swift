/// Something that `check --repair` has mended.
public struct Repair: Sendable, Equatable {
    /// As shown when it was mended (`records/users/alice.json`), where it is one file's matter; else empty.
    public let path: String
    public let problem: String
    /// What was done, in words for a person.
    public let done: String
}

/// What became of a store that was repaired.
public struct RepairReport: Sendable {
    public var repairs: [Repair] = []
    /// What is still wrong.
    public var left: [CheckFinding] = []
    /// The copy of the file as it was; nil where nothing was changed, or none was wanted.
    public var backup: String?
    /// A new store with what could be read of a file whose pages are damaged.
    public var salvage: Salvaged?
    /// One that lay there already, so that none was made: it is the user's.
    public var olderSalvage: String?

    public struct Salvaged: Sendable {
        public var path: String
        /// Rows that were read, and rows that were there twice.
        public var rows: Int
        public var refused: Int
        /// Tables of which some could not be read.
        public var incomplete: [String]
        public var repairs: [Repair]
        public var left: [CheckFinding]
    }
}

/// Whether the file is copied before it is changed.
public enum RepairBackup: Sendable {
    /// Beside the store, as `STORE.before-repair`; nothing is ever written over.
    case beside
    case at(String)
    case none
}
