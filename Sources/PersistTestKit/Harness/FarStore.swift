/// What all mounts of a run are of, instead of a SQLite file: the same tests, over another adapter.
///
/// `PERSISTFS_TEST_STORE` is STORE as the command line has it; `%d` in it stands for the fixture's own directory, which
/// makes it another store for each.
struct FarStore {
    private let text: String

    /// nil: SQLite files.
    static var chosen: FarStore? { Binary.environment("PERSISTFS_TEST_STORE").map(FarStore.init(text:)) }

    func store(in directory: String) -> String {
        text.split(separator: "%d", omittingEmptySubsequences: false).joined(separator: directory)
    }

    func options(in directory: String) -> [String] { ["cache_dir=\(directory)/cache"] }
}
