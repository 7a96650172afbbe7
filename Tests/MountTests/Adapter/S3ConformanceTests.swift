import PersistTestKit
import Testing

/// What mounts of SQLite files keep, over buckets of real servers, near and far: a step of its own in scripts/test.
@Suite struct S3ConformanceTests {
    @Test("R4 R11 POSIX in blobs/, over a bucket", arguments: S3Place.nearOrAll)
    func posix(place: S3Place) async throws {
        // The 3,000 names of directories are a request each here, and the same to the kernel as over any other store.
        let chapters = PosixTableTests.chapters.filter { TestSize.isLong || $0.name != "readdir" }
        let rows = chapters.flatMap { $0.rows + (isRoot ? $0.ofRoot : []) }.filter { $0.notInBucket == nil }
        try await place.over {
            try await MountFixture.with(options: isRoot ? ["allow_other"] : []) { fixture in
                try await PosixTable.run(rows, on: fixture.mount)
            }
        }
    }

    @Test("R7 R1 one file under random operations, over a bucket", arguments: S3Place.nearOrAll, ["blobs/f", "kv/f"])
    func fileExerciser(place: S3Place, path: String) async throws {
        let seed = try #require(TestSize.seeds(1).first)
        // Each fsync(2) waits for the bucket then.
        try await place.over(options: TestSize.isLong ? ["fsync=remote"] : []) {
            try await FileExerciserTests.run(path, seed: seed, FileExerciserTests.count / (TestSize.isLong ? 10 : 3))
        }
    }

    @Test(
        "R1 to R9 random operations on names and contents are as their model, over a bucket and a cache that is smaller",
        arguments: S3Place.nearOrAll, TestSize.seeds(1))
    func random(place: S3Place, seed: UInt32) async throws {
        print("PERSISTFS_SEED=\(seed)")
        try await place.over(options: ["cache_size=1M"]) {
            try await MountFixture.with { fixture in
                let mount = fixture.mount
                try await AdapterRandomTests.round(mount, seed: seed, AdapterRandomTests.count / 2)
                // JuiceFS's gateway gives no new time to a copy that sets attributes: an index that a remount has written
                // before that still counts for a machine that has nothing (README).
                if place.kind == .seaweedfs { try await mount.killAndRemount() }
                try await AdapterRandomTests.round(mount, seed: seed, AdapterRandomTests.count / 2)
                try await mount.python(AdapterRandomTests.attributes, arguments: ["\(seed)"])
            }
        }
    }

    /// A test of another suite.
    struct Tool: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let test: @Sendable () async throws -> Void

        init(_ name: String, _ test: @escaping @Sendable () async throws -> Void) {
            testDescription = name
            self.test = test
        }
    }

    static let tools = [
        Tool("tar and cp -a") { try await FileToolTests().copies() },
        Tool("mv, touch, rm -r, ln -s, install and du") { try await FileToolTests().names() },
        Tool("find and grep -r") { try await FileToolTests().searching() },
        Tool("dd with O_DIRECT") { try await FileToolTests().direct() },
        Tool("flock and fcntl") { try await FileToolTests().locks() },
        Tool("vim") { try await EditorTests().vim(backupCopy: "auto") },
        Tool("ex and sed -i") { try await EditorTests().ex() },
        Tool("jq") { try await EditorTests().jq() },
        Tool("git") { try await GitTests().repository(namespace: "blobs") },
    ]
    private static let largeTools = [
        Tool("listings of a large directory") { try await FileToolTests().listings() },
        Tool("git in records/") { try await GitTests().repository(namespace: "records") },
    ]

    @Test(
        "the tools that everybody uses, over a bucket", arguments: S3Place.nearOrAll,
        TestSize.isLong ? tools + largeTools : tools)
    func tool(place: S3Place, tool: Tool) async throws {
        try await place.over { try await tool.test() }
    }

    @Test(
        "rsync in, out and again, over a bucket", arguments: S3Place.near + S3Place.distant,
        TestSize.isLong ? RsyncTests.modes : ["-a"])
    func rsync(place: S3Place, mode: String) async throws {
        try await place.over {
            try await RsyncTests().mode(mode: mode)
            // What it takes for a backup of a log is a test of its own.
            if !mode.contains("--backup") { try await RsyncTests().streams(mode: mode) }
        }
    }
}
