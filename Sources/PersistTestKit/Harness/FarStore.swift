/// What all mounts of a test are of, instead of a SQLite file: the same tests, over another adapter.
///
///     try await FarStore.$chosen.withValue(far) { try await FileToolTests().copies() }
///
/// For a whole run `PERSISTFS_TEST_STORE` is STORE as the command line has it; `%d` in it stands for the fixture's own
/// directory, which makes it another store for each.
public struct FarStore: Sendable {
    /// One store, for one fixture.
    public struct Place: Sendable {
        public var store: String
        public var options: [String]
        /// Of every process that mounts it.
        public var environment: [String: String]

        public init(store: String, options: [String] = [], environment: [String: String] = [:]) {
            self.store = store
            self.options = options
            self.environment = environment
        }
    }

    /// nil: SQLite files.
    @TaskLocal public static var chosen: FarStore? = ofRun
    private static let ofRun = Binary.environment("PERSISTFS_TEST_STORE").map(FarStore.init(text:))

    /// false: `killAndRemount` does not kill: what was under way then could be done late.
    let takesKills: Bool
    /// A new store. - Parameter: the directory of the fixture.
    let place: @Sendable (String) async throws -> Place
    /// Called when a fixture's test has come to its end, with its mount still there.
    let check: @Sendable (MountFixture) async throws -> Void

    public init(
        takesKills: Bool = true,
        place: @escaping @Sendable (_ directory: String) async throws -> Place,
        check: @escaping @Sendable (MountFixture) async throws -> Void
    ) {
        self.takesKills = takesKills
        self.place = place
        self.check = check
    }

    private init(text: String) {
        self.init { directory in
            Place(store: text.split(separator: "%d", omittingEmptySubsequences: false).joined(separator: directory))
        } check: { _ in
        }
    }
}
