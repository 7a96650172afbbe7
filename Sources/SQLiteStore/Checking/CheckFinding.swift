/// Something that is wrong in a store.
public struct CheckFinding: Sendable, Equatable {
    /// As shown (`records/users/alice.json`), where it is one file's matter; else empty.
    public let path: String
    /// In words for a person.
    public let problem: String

    public init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }
}
