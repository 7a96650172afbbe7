/// Something that is wrong in a store.
public struct CheckFinding: Sendable, Equatable {
    /// As shown (`records/users/alice.json`), where it is one file's matter; else empty.
    public let path: String
    /// In words for a person.
    public let problem: String
    /// What to do, where `check --repair` cannot mend it; else nil.
    public let hint: String?

    public init(path: String, problem: String, hint: String? = nil) {
        self.path = path
        self.problem = problem
        self.hint = hint
    }
}
