import Testing
import PersistTestKit

/// The two hosts of adapters that come with persistfs, each with an adapter that survives kill -9.
enum AdapterHost: String, CaseIterable, CustomTestStringConvertible {
    case python
    case node

    var testDescription: String { rawValue }

    static let hosts: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(4).joined(separator: "/") + "/Hosts"
    }()

    /// STORE of a mount. - Parameter far: where its values are: a file or a directory.
    func store(far: String) -> String {
        switch self {
        case .python: "exec:python3 \(Self.hosts)/python/sqlite_adapter.py \(far)"
        case .node: "exec:node \(Self.hosts)/node/persist-adapter.mjs \(Self.hosts)/node/directory-adapter.mjs \(far)"
        }
    }
}

extension MountFixture {
    /// A mount of the far side in this fixture, with a cache of its own.
    func mount(_ host: AdapterHost, cache: String, options: [String] = []) async throws -> TestMount {
        try await another(
            store: host.store(far: directory + "/far"),
            options: ["cache_dir=\(directory)/\(cache)", "refresh_seconds=2"] + options)
    }
}
