import Foundation
import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import Testing
import WriteBackCache

@Suite("Random operations on a cache", .serialized)
struct CacheRandomTests {
    /// The caches of one run, by their stores.
    private final class Caches: Sendable {
        let bed: CacheBed
        private let evicts: Bool
        private let open = Mutex<[ObjectIdentifier: (cache: WriteBackCache, path: String)]>([:])

        init(_ bed: CacheBed, evicts: Bool) {
            self.bed = bed
            self.evicts = evicts
        }

        func make(at path: String) throws -> any LocalStore {
            let cache = try bed.cache(at: path)
            // Its first look: of an empty far side, and no request of it is lost.
            while !cache.knowsAllNames { usleep(1_000) }
            let store = BringingStore(cache, evicts: evicts)
            open.withLock { $0[ObjectIdentifier(store)] = (cache, path) }
            return store
        }

        func cache(of store: any LocalStore) throws -> WriteBackCache {
            try #require(open.withLock { $0[ObjectIdentifier(store)] }).cache
        }

        /// As if the process had been killed.
        func reopen(_ store: any LocalStore) throws -> any LocalStore {
            let (cache, path) = try #require(open.withLock { $0.removeValue(forKey: ObjectIdentifier(store)) })
            bed.kill(cache)
            return try make(at: path)
        }

        var factory: LocalStoreFactory {
            LocalStoreFactory(
                name: "WriteBackCache", make: { [self] _ in try make(at: bed.newPath()) },
                reopen: { [self] in try reopen($0) })
        }
    }

    /// `PERSISTFS_SEED` begins elsewhere, `PERSISTFS_TEST_LONG` takes more of them.
    private static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        let first = environment["PERSISTFS_SEED"].flatMap { UInt64($0) } ?? 1
        return first..<(first + (environment["PERSISTFS_TEST_LONG"] == nil ? 3 : 50))
    }()

    @Test(
        "what was done here is what a fresh cache shows after sync, whatever the far side does", arguments: seeds,
        CacheBed.Shown.allCases)
    func everythingArrives(seed: UInt64, shows: CacheBed.Shown) async throws {
        try await withTaskExecutorPreference(BlockingExecutor()) {
            try await run(seed: seed, shows: shows)
        }
    }

    private func run(seed: UInt64, shows: CacheBed.Shown) async throws {
        let bed = try CacheBed(seed: seed, shows: shows)
        // Every other one with no room at all.
        let caches = Caches(bed, evicts: seed % 2 == 0)
        var followed = try FollowedStore(caches.factory, seed: seed)
        var faults = UnreliableAdapter.Faults()
        (faults.lost, faults.answerLost, faults.twice, faults.latenessMilliseconds) = (8, 8, 5, 3)
        for step in 0..<600 {
            bed.faults = faults
            let operation = try followed.next()
            bed.history.note("\(step): \(operation)")
            if case .disagreement(let text) = followed.take(operation) {
                Issue.record("seed \(seed), step \(step): \(text)")
                return
            }
            await Task.yield()
            guard step % 150 == 149 else { continue }
            bed.faults = UnreliableAdapter.Faults()
            try await caches.cache(of: followed.store).sync()
            let here = try StoreTree.kept(of: followed.store)
            let reference = try StoreTree.kept(of: followed.referenceStore)
            #expect(here == reference, "seed \(seed), step \(step): here")
            let there = try await bed.freshTree()
            #expect(here == there, "seed \(seed), step \(step)")
            guard here == there, here == reference else {
                let others = here == reference ? there : reference
                for line in Set(here).symmetricDifference(others) {
                    let path = line.prefix { $0 != ":" }
                    let name = path.split(separator: "/").last.map(String.init) ?? ""
                    Issue.record("\(path):\n\(bed.history.lines(with: name).joined(separator: "\n"))")
                }
                return
            }
        }
        followed.store.close()
    }
}
