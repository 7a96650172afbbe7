import PersistTestKit
import Testing

/// A server of S3, on this machine or as far away as another city.
struct S3Place: CustomTestStringConvertible, Sendable {
    let kind: S3Server.Kind
    /// What each request takes longer.
    let milliseconds: Int

    static let near = S3Server.Kind.allCases.map { S3Place(kind: $0, milliseconds: 0) }
    static let distant = S3Server.Kind.allCases.map { S3Place(kind: $0, milliseconds: 50) }
    /// For tests that take too long to run twice.
    static let nearOrAll = TestSize.isLong ? near + distant : near

    var testDescription: String { milliseconds == 0 ? kind.rawValue : "\(kind.rawValue), \(milliseconds) ms away" }

    /// Runs a test whose fixtures mount each a prefix of its own there. In the end nothing may be in conflict, and a
    /// machine that has nothing must see what the mount shows.
    ///
    /// - Parameter options: for `-o` of every mount.
    func over(options: [String] = [], _ test: () async throws -> Void) async throws {
        let server = try await MountedBucket.make(kind).endpoint
        let proxy = milliseconds > 0 ? try FaultProxy(before: server) : nil
        defer { proxy?.end() }
        proxy?.latency = .milliseconds(milliseconds)
        let endpoint = proxy?.endpoint ?? server
        // What is looked at and what is sent meet often.
        let all = ["refresh_seconds=2", "settle_seconds=1"] + options
        // Without conditions a put that was under way may be done after the next mount's (S3FaultMountTests).
        let far = FarStore(takesKills: kind == .seaweedfs) { _ in
            let store = MountedBucket(endpoint: endpoint, prefix: S3Server.freshPrefix()).store
            return FarStore.Place(store: store, options: all, environment: MountedBucket.credentials)
        } check: { fixture in
            let mount = fixture.mount
            let here = try await mount.tree()
            try await mount.sync(seconds: 240)
            try expectSame(here, try await mount.tree(), "before and after:")
            expect(try await mount.outside([mount.binary, "conflicts", mount.point]).output, is: "No conflicts.")
            try await mount.unmount()
            let fresh = try await fixture.another(
                store: fixture.store.replacing(endpoint, with: server),
                options: ["cache_dir=\(fixture.directory)/fresh"])
            // On a machine that is busy the first look takes longer than a listing waits for it.
            try await eventually("it has looked", within: .seconds(120)) { try await fresh.shell("ls blobs").succeeded }
            try expectSame(here, try await fresh.tree(), "an empty cache:")
        }
        try await FarStore.$chosen.withValue(far) { try await test() }
    }
}
