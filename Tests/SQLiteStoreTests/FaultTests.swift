import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

/// A disk that fails once, or for a while: each operation ends with an error, or whole.
@Suite("Faults of the disk")
struct FaultTests {
    @Test("R2 a disk that fails at any call loses nothing, and tears nothing", arguments: DiskFault.Kind.allCases)
    func faults(kind: DiskFault.Kind) throws {
        let seed = getenv("PERSISTFS_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? .random(in: 0..<100_000)
        print("faults of the disk, \(kind): PERSISTFS_TEST_SEED=\(seed)")
        let calls = try FaultRun(seed: seed, fault: nil).run().calls
        var random = SplitMix64(seed: seed)
        let firsts =
            TestSize.isLong ? Array(0..<calls) : (0..<20).map { _ in Int.random(in: 0..<calls, using: &random) }
        var hits = 0
        for first in firsts {
            let fault = DiskFault(kind, first: first, count: Int.random(in: 1...4, using: &random))
            do {
                if try FaultRun(seed: seed, fault: fault).run().hits > 0 { hits += 1 }
            } catch {
                Issue.record("seed \(seed), \(fault): \(error)")
            }
        }
        // The store's threads do not run alike twice: a late call may not come again.
        #expect(hits > firsts.count / 2, "only \(hits) of \(firsts.count) runs met their fault")
    }

    @Test("R2 a sync that failed once fails until the store is opened again, and nothing is checkpointed meanwhile")
    func failedSyncSticks() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: true)
        defer { disk.close() }
        let store = try file.open { $0.walBytesMax = 100_000 }
        try store.put("kv/a", "1")
        try store.sync()
        try store.put("kv/a", "2")
        disk.inject(DiskFault(.failing, on: .sync))
        #expect(kind { try store.sync() } == .io)
        #expect(disk.faultHits == 1)
        let before = disk.checkpointCount
        for number in 0..<60 { try store.put("kv/b\(number)", "value") }
        #expect(kind { try store.sync() } == .io)
        #expect(try store.text("kv/a") == "2", "what was written can still be read")
        // One may have begun before; without the rule there are some twenty.
        #expect(disk.checkpointCount <= before + 1)
        store.close()
        let again = try file.open()
        try again.sync()
        #expect(try again.text("kv/a") == "2")
        #expect(try again.check() == [])
        again.close()
    }

    @Test("R2 a disk that fails while the store is made makes no store that cannot sync", arguments: 0..<60)
    func faultWhileMade(call: Int) throws {
        for kind in DiskFault.Kind.allCases {
            let file = try StoreFile(in: StoreFile.memory)
            let disk = Disk(file.directory, isRecording: false)
            defer { disk.close() }
            disk.inject(DiskFault(kind, first: call, count: 3))
            let first = Result { try file.open() }
            disk.inject(nil)
            let store = try (try? first.get()) ?? file.open()
            defer { store.close() }
            try store.put("kv/a", "1")
            try store.sync()
            #expect(try store.check() == [])
            #expect(try Foreign(file.path).run("PRAGMA journal_mode") == ["wal"])
        }
    }
}
