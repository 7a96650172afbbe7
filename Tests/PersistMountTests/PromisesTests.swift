import Persist
import Testing
import WriteBackCache

@testable import PersistMount

@Suite("What status says that a mount can and cannot")
struct PromisesTests {
    private let options = WriteBackCacheOptions()

    @Test("a far side with four methods: conflicts at best effort, all is listed")
    func fourMethods() {
        let promises = Promises(hasFarSide: true)
        let cannot = promises.cannot(options).joined(separator: "\n")
        #expect(cannot.contains("compare and set") && cannot.contains("best effort"))
        #expect(cannot.contains("all is listed every 300 s") && cannot.contains("values over 64 MiB"))
        #expect(!promises.can.contains { $0.contains("compare and set") })
    }

    @Test("what an adapter can do better is under can, and no longer under cannot")
    func capabilities() {
        let promises = Promises(hasFarSide: true, putsConditionally: true, listsKeys: true, readsRanges: true)
        let cannot = promises.cannot(options).joined(separator: "\n")
        #expect(!cannot.contains("compare and set") && !cannot.contains("best effort") && !cannot.contains("all is"))
        let can = promises.can.joined(separator: "\n")
        #expect(can.contains("compare and set") && can.contains("without values") && can.contains("part"))
        #expect(!Promises(hasFarSide: false).cannot(options).contains { $0.contains("listed") })
    }

    @Test("the bounds of a cache are named by their options, with what they are set to")
    func bounds() throws {
        let mount = try MountOptions(parsing: ["cache_size=2M,free_bytes_min=3M,dirty_max=4M,far_wait_seconds=5"])
        let bounds = Promises(hasFarSide: true).bounds(StoreLimits(), mount)
        let found = Dictionary(uniqueKeysWithValues: bounds.map { ($0.name, $0.value) })
        #expect(found["cache_size"] == 2 << 20 && found["free_bytes_min"] == 3 << 20)
        #expect(found["dirty_max"] == 4 << 20 && found["far_wait_seconds"] == 5)
        #expect(!Promises(hasFarSide: false).bounds(StoreLimits(), mount).contains { $0.name == "dirty_max" })
    }
}
