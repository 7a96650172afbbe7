import Persist
import SQLiteStore
import Synchronization
import Testing

@testable import PersistTestKit
@testable import WriteBackCache

/// The far side never gets ahead of this disk: what loss of power would take back here, it must not have.
extension UnsentTests {
    /// It would be put down under the old name after the rename: a rename that was synced would outlive the loss of power, what
    /// was put down would not, and the old name would be on the far side for good.
    @Test(
        "R2 what is renamed while the far side is looked at is not sent under its old name", arguments: [false, true])
    func renamedMeanwhile(isAbove: Bool) async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        _ = try client.directory("kv/old")
        try await cache.sync()
        let puts = Counted()
        far.before { [store = cache.store] method, key in
            guard key == "kv/old/a" else { return }
            if method == .put { puts.add() }
            guard method == .get, puts.isFirstLook() else { return }
            let client = StoreClient(store, .memory)
            _ = try isAbove ? client.rename("kv/old", to: "kv/new") : client.rename("kv/old/a", to: "kv/old/b")
        }
        try client.put("kv/old/a", "x")
        try await cache.sync()
        #expect(puts.puts == 0)
        #expect(await far.values.get(isAbove ? "kv/new/a" : "kv/old/b") == Array("x".utf8))
        #expect(await far.values.get("kv/old/a") == nil)
        await close(cache)
    }

    private enum Change: CaseIterable { case overwritten, ofAnotherKind, exchanged, renamed, removed }

    /// Where the far side had got ahead of the disk, this machine would come back with the old state after loss of power, see what
    /// others had changed or removed there, and let go what the far side has no more: it would be nowhere.
    @Test("R2 R3 nothing is put or deleted there before what has led to it is on this disk", arguments: Change.allCases)
    private func synced(change: Change) async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        try client.put("blobs/a", "a")
        try client.put("blobs/b", "b")
        try await cache.sync()
        let syncs = Mutex([Int]())
        far.before { [store = cache.store] method, key in
            guard method == .put || method == .delete, key.hasPrefix("blobs/") else { return }
            syncs.withLock { $0.append(store.syncCount) }
        }
        switch change {
        case .overwritten: try client.put("blobs/a", "other")
        case .ofAnotherKind:
            try client.create("blobs/c", .symlink, target: "d")
            _ = try client.rename("blobs/c", to: "blobs/a")
        case .exchanged: _ = try client.rename("blobs/a", to: "blobs/b", .exchange)
        case .renamed: _ = try client.rename("blobs/a", to: "blobs/c")
        case .removed: _ = try client.unlink("blobs/a")
        }
        let before = cache.store.syncCount
        try await cache.sync()
        #expect(syncs.withLock { !$0.isEmpty && $0.allSatisfy { $0 > before } })
        await close(cache)
    }

    private final class Counted: Sendable {
        private let state = Mutex((puts: 0, looks: 0))
        var puts: Int { state.withLock { $0.puts } }
        func add() { state.withLock { $0.puts += 1 } }
        func isFirstLook() -> Bool {
            state.withLock { state in
                state.looks += 1
                return state.looks == 1
            }
        }
    }
}
