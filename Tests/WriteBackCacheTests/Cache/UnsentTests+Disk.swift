import Persist
import SQLiteStore
import Synchronization
import Testing

@testable import PersistTestKit
@testable import WriteBackCache

/// The far side never gets ahead of this disk: what loss of power would take back here, it must not have.
extension UnsentTests {
    @Test("R2 what is renamed while it is sent leaves nothing under its old name", arguments: [false, true])
    func renamedMeanwhile(isAbove: Bool) async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        _ = try client.directory("kv/old")
        try await cache.sync()
        let isFirst = Mutex(true)
        far.before { [store = cache.store] method, key in
            guard key == "kv/old/a", method == .get, isFirst.withLock({ $0.exchange(false) }) else { return }
            let client = StoreClient(store, .memory)
            _ = try isAbove ? client.rename("kv/old", to: "kv/new") : client.rename("kv/old/a", to: "kv/old/b")
        }
        try client.put("kv/old/a", "x")
        // The second waits for what the rename has left to send.
        for _ in 0..<2 { try await cache.sync() }
        #expect(await far.values.get(isAbove ? "kv/new/a" : "kv/old/b") == Array("x".utf8))
        #expect(await far.values.get("kv/old/a") == nil)
        await close(cache)
    }

    /// What is put down after a rename does not outlive loss of power where the rename, synced, does: then the old name would be on
    /// the far side for good.
    @Test("R2 that something is sent under a name is put down only while it has that name")
    func announced() async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        try client.put("kv/a", "x")
        let node = try client.node("kv/a").id
        func record(_ path: String) -> FarRecord { FarRecord(path: Array(path.utf8), node: node, time: .now()) }
        _ = try client.rename("kv/a", to: "kv/b")
        #expect(try cache.store.book([.begun(record("kv/a")), .begun(record("kv/b"))]) == [false, true])
        #expect(try cache.store.farRecord(at: Array("kv/a".utf8)) == nil)
        #expect(try cache.store.farRecord(at: Array("kv/b".utf8))?.node == node)
        _ = try client.unlink("kv/b")
        #expect(try cache.store.book([.begun(record("kv/b"))]) == [false])
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

    @Test("R3 that a value goes from there is put down before it is deleted: nobody takes it for being there meanwhile")
    func deletedBefore() async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        try client.put("blobs/a", "a")
        try await cache.sync()
        let path = Array("blobs/a".utf8)
        #expect(try cache.store.farRecord(at: path)?.sum != nil)
        let sums = Mutex([[UInt8]?]())
        far.before { [store = cache.store] method, key in
            guard method == .delete, key == "blobs/a" else { return }
            let sum = try store.farRecord(at: path)?.sum
            sums.withLock { $0.append(sum) }
        }
        try client.create("blobs/c", .symlink, target: "d")
        _ = try client.rename("blobs/c", to: "blobs/a")
        try await cache.sync()
        #expect(sums.withLock { $0 } == [nil])
        await close(cache)
    }

    /// Who comes to have a path whose value is another's still removes that with its own next change of name. Where it has lost the
    /// path before it was told so, nothing else would.
    @Test("R9 a value that is left to who had its path for a moment is removed")
    func heirWithoutPath() async throws {
        let cache = try await cache()
        var client = StoreClient(cache.store, .memory)
        try client.put("kv/heir", "x")
        try client.put("kv/old", "y")
        let entry = try #require(try cache.store.outboxEntry(of: client.node("kv/old").id))
        try await cache.sync()
        var left = try #require(try cache.store.farRecord(at: Array("kv/old".utf8)))
        left.node = try client.node("kv/heir").id
        left.doubt()
        _ = try client.unlink("kv/old")
        try await cache.sync()
        await far.values.put("kv/old", Array("y".utf8))
        _ = try cache.store.book([.ended(.init(entry, records: [left], removed: []))])
        try await cache.sync()
        #expect(await far.values.get("kv/old") == nil)
        #expect(await far.values.get("kv/heir") == Array("x".utf8))
        await close(cache)
    }
}

extension Bool {
    fileprivate mutating func exchange(_ new: Bool) -> Bool {
        defer { self = new }
        return self
    }
}
