import Glibc
import Synchronization

/// A store in a fresh directory, mounted by the real `persistfs` in a child process.
///
/// A mount inside the test's own process could never be killed; a child's is freed by SIGKILL. For the same reason
/// the test process touches no path below a mount point: client commands do (`TestMount.succeed` and the rest).
public final class MountFixture: Sendable {
    /// Holds everything that the fixture makes. Short, and on no mount under test.
    public let directory: String
    /// The SQLite file; nothing else lies beside it unless the store puts it there. Of `FarStore` what is mounted.
    public let store: String
    /// For what clients keep outside of the mount; `$SCRATCH` of every client.
    public let scratch: String
    public let mount: TestMount

    /// Whether the store of all mounts of this test is no SQLite file.
    public static var isOfFarSide: Bool { FarStore.chosen != nil }

    private let others = Mutex<[TestMount]>([])
    private static let made = Atomic<Int>(0)

    private init(directory: String, options: [String], far: FarStore.Place?) throws(HarnessError) {
        self.directory = directory
        store = far?.store ?? directory + "/s/store.db"
        scratch = directory + "/scratch"
        for path in [directory, directory + "/s", scratch] {
            guard mkdir(path, 0o755) == 0 else {
                throw HarnessError(failed: "mkdir \(path)")
            }
        }
        let farOptions = far.map { $0.options + ["cache_dir=\(directory)/cache"] } ?? []
        mount = try TestMount(
            name: "m", in: directory, store: store, options: options + farOptions, environment: far?.environment ?? [:])
    }

    /// Makes a fixture, runs `body` with it, and takes everything away again, whatever happens.
    ///
    /// - Parameter options: for `-o`.
    public static func with(
        options: [String] = [], _ body: (MountFixture) async throws -> Void
    ) async throws {
        try await unmounted(options: options) { fixture in
            try await fixture.mount.start()
            try await body(fixture)
        }
    }

    /// The same, with the store not yet made and not mounted: `body` calls `mount.start()`.
    public static func unmounted(
        options: [String] = [], _ body: (MountFixture) async throws -> Void
    ) async throws {
        await FixtureSlots.shared.take()
        defer { FixtureSlots.shared.give() }
        let directory = "\(Janitor.directory)/\(made.add(1, ordering: .relaxed).newValue)"
        let far = FarStore.chosen
        let fixture = try MountFixture(directory: directory, options: options, far: await far?.place(directory))
        do {
            try await body(fixture)
            try await far?.check(fixture)
        } catch {
            let logs = fixture.mounts.map { "--- log of \($0.point)\n\($0.log)" }.joined(separator: "\n")
            await fixture.takeAway()
            throw HarnessError("\(error)\n\(logs)")
        }
        await fixture.takeAway()
    }

    /// A second mount of the same store, or of another one, by a process of its own; with the environment of the first.
    public func another(
        store: String? = nil, options: [String] = [], environment: [String: String] = [:]
    ) async throws -> TestMount {
        let count = others.withLock { $0.count }
        let other = try TestMount(
            name: "m\(count + 2)", in: directory, store: store ?? self.store, options: options,
            environment: mount.environment.merging(environment) { $1 })
        others.withLock { $0.append(other) }
        try await other.start()
        return other
    }

    /// Runs SQL on the store as another program, by the `sqlite3` command.
    @discardableResult
    public func sql(_ statements: String) async throws -> String {
        let result = try await mount.outside(["sqlite3", "-bail", "-cmd", ".timeout 20000", store], input: statements)
        guard result.succeeded, result.errorBytes.isEmpty else {
            throw HarnessError("sqlite3 \(statements): \(result.status)\n\(result.error)")
        }
        return result.output
    }

    /// The names beside the store, the store itself included.
    public func storeFiles() async throws -> [String] {
        try await mount.outside(["ls", "-A", directory + "/s"]).lines
    }

    /// Unmounts, and fails unless the daemon ends with 0 and the store is one file again (R13).
    public func unmountToOneFile() async throws {
        try await mount.unmount()
        let files = try await storeFiles()
        guard files == ["store.db"] else { throw HarnessError("after unmounting there are \(files)") }
    }

    private var mounts: [TestMount] { [mount] + others.withLock { $0 } }

    private func takeAway() async {
        for mount in mounts { await mount.takeAway() }
        // Disks that the test mounted for its store.
        for point in MountTable.points(below: directory) { _ = try? await mount.outside(["umount", "-l", point]) }
        _ = try? await mount.outside(["rm", "-rf", "--one-file-system", directory])
    }
}
