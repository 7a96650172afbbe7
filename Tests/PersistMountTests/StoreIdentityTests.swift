import Foundation
import Persist
import PersistTestKit
import Testing

@testable import PersistMount

@Suite("What tells far sides apart")
struct StoreIdentityTests {
    @Test(
        "a command means another far side in another directory, unless its words leave no doubt",
        arguments: [
            (["my-adapter"], true), (["/bin/my-adapter"], true), (["my-adapter", "x.db"], true),
            (["my-adapter", "--db=x.db"], true), (["my-adapter", "--db=/x.db"], true),
            (["my-adapter", "-dx.db"], true),
            (["my-adapter", "--verbose"], true), (["my-adapter", "-v", "/far", "x"], true),
            (["my-adapter", "--db=x.db", "/far"], true), (["my-adapter", "-dx.db", "/far"], true),
            (["./my-adapter", "/far"], true), (["my-adapter", "", "/far"], true),
            (["my-adapter", "/far"], false), (["/bin/my-adapter", "-v", "--read-only", "/far", "/cold"], false),
        ])
    func directories(command: [String], isAnother: Bool) {
        let (a, b) = (StoreReference(exec: command, in: "/a"), StoreReference(exec: command, in: "/b"))
        #expect((a.identity != b.identity) == isAnother)
        #expect(a.identity == StoreReference(exec: command, in: "/a").identity)
    }

    @Test("where one word ends and the next begins counts, and so does the directory's end")
    func words() {
        let commands = [
            ["a", "b c"], ["a", "b", "c"], ["a b", "c"], ["a b c"], ["a", "", "b c"], ["a", "b c", "in /a"],
        ]
        let identities = commands.flatMap { command in
            ["/a", "/a b", ""].map { StoreReference(exec: command, in: $0).identity }
        }
        #expect(Set(identities).count == identities.count)
    }

    @Test("each configuration has a cache of its own, whatever its command")
    func configurations() throws {
        let place = NSTemporaryDirectory() + "pfs-identity-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        var identities = [StoreReference(exec: ["/bin/sh", "/far"], in: place + "/a/").identity]
        for name in ["a/dev", "a/live", "b/dev"] {
            let file = "\(place)/\(name).persist.json"
            try FileManager.default.createDirectory(
                atPath: String(file[..<file.lastIndex(of: "/")!]), withIntermediateDirectories: true)
            try Data(
                "{ adapter: 'exec', command: ['/bin/sh', '/far'], environment: { DATABASE: '\(name)' } }".utf8
            ).write(to: URL(fileURLWithPath: file))
            identities.append(try StoreReference.parse(file).identity)
        }
        #expect(Set(identities).count == identities.count)
    }

    private struct Hidden: PersistAdapter {
        func get(_ key: StoreKey) -> [UInt8]? { nil }
        func put(_ key: StoreKey, _ value: [UInt8]) {}
        func delete(_ key: StoreKey) {}
        func list(_ prefix: StoreKey) -> any AsyncSequence<StoreEntry, any Error> & Sendable {
            AsyncStream { $0.finish() }.map { (entry: StoreEntry) async throws in entry }
        }
    }

    @Test("an adapter in the program goes by its type and module, in each process alike, or by the name it is given")
    func adapters() {
        #expect(Mount(MemoryAdapter()).reference.identity == "adapter:PersistTestKit.MemoryAdapter")
        #expect(Mount(MemoryAdapter(), name: "mine").reference.identity == "adapter:mine")
        #expect(Mount(Hidden()).reference.identity == "adapter:PersistMountTests.StoreIdentityTests.Hidden")
    }
}
