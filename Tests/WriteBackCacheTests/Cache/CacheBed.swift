import Glibc
import Linux
import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import WriteBackCache

/// A directory for the caches of one test, and the far side that they share.
final class CacheBed: Sendable {
    let far: MemoryAdapter
    private let directory: String
    let history = UnreliableAdapter.History()
    private let seed: UInt64
    /// What caches see of what the far side can.
    enum Shown: CaseIterable, Sendable {
        case fourMethods
        /// Conditions, keys alone, ranges; attributes are values of their own.
        case noAttributes
        case all
    }
    private let shows: Shown
    private let farHasCapabilities: Bool
    private let count = Mutex(0)
    /// The way of each cache to the far side.
    private let ways = Mutex<[UnreliableAdapter]>([])
    private let wayOf = Mutex<[ObjectIdentifier: UnreliableAdapter]>([:])

    /// - Parameters:
    ///   - farHasCapabilities: false: what it says it can turns out not to be so.
    ///   - partedBytesMin: values from this size on go in parts of a quarter of it.
    init(
        seed: UInt64 = 1, shows: Shown = .all, farHasCapabilities: Bool = true, partedBytesMin: UInt64 = 64 << 20
    ) throws {
        far = MemoryAdapter(partedBytesMin: partedBytesMin)
        var template = Array("\(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")/cache-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StoreError(.io, hint: "no directory for the test") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.seed = seed
        self.shows = shows
        self.farHasCapabilities = farHasCapabilities
    }

    /// On all ways.
    var faults: UnreliableAdapter.Faults {
        get { ways.withLock { $0.first?.faults } ?? UnreliableAdapter.Faults() }
        set { for way in ways.withLock({ $0 }) { way.faults = newValue } }
    }

    func setDown(_ isDown: Bool) {
        var changed = faults
        changed.isDown = isDown
        faults = changed
    }

    /// The way of one cache alone.
    func setDown(_ isDown: Bool, for cache: WriteBackCache) {
        wayOf.withLock { $0[ObjectIdentifier(cache)] }?.faults.isDown = isDown
    }

    /// What all caches have asked.
    var gets: Int { ways.withLock { $0 }.reduce(0) { $0 + $1.gets } }
    func puts(_ key: StoreKey) -> Int { ways.withLock { $0 }.reduce(0) { $0 + ($1.puts[key] ?? 0) } }

    var putsInAll: Int { ways.withLock { $0 }.reduce(0) { $0 + $1.puts.values.reduce(0, +) } }
    /// Of attributes alone.
    var attributeChanges: Int {
        ways.withLock { $0 }.reduce(0) { $0 + $1.attributeChanges.values.reduce(0, +) }
    }
    /// Of how many listed values the attributes were asked for.
    var attributesAsked: Int { ways.withLock { $0 }.reduce(0) { $0 + $1.attributesAsked } }

    /// The parts of a value that were sent, by their numbers.
    func partsSent(_ key: StoreKey) -> [Int] { ways.withLock { $0 }.flatMap { $0.parts[key] ?? [] } }

    /// The parts of a value that were asked for.
    func ranges(_ key: StoreKey) -> [Range<UInt64>] { ways.withLock { $0 }.flatMap { $0.ranges[key] ?? [] } }

    deinit {
        for number in 0..<count.withLock({ $0 }) {
            for end in ["", "-wal", "-shm", "-lock", "-reserve"] { unlink("\(directory)/\(number).db\(end)") }
            let bodies = "\(directory)/\(number).db-bodies"
            for file in namesIn(bodies) { unlink("\(bodies)/\(file)") }
            rmdir(bodies)
        }
        rmdir(directory)
    }

    /// Of a cache that is empty.
    func newPath() -> String {
        count.withLock { count in
            defer { count += 1 }
            return "\(directory)/\(count).db"
        }
    }

    /// A cache that sends at once and looks only when it is told to.
    func cache(at path: String, change: (inout WriteBackCacheOptions) -> Void = { _ in }) throws -> WriteBackCache {
        var store = SQLiteStoreOptions()
        store.reserveBytes = 0
        var options = WriteBackCacheOptions()
        options.refreshMilliseconds = 3_600_000
        options.temporaryMilliseconds = 0
        change(&options)
        let way = ways.withLock { ways in
            let way = UnreliableAdapter(
                farHasCapabilities ? far : FourMethods(far), seed: seed &+ UInt64(ways.count) &* 1_000,
                faults: ways.first?.faults ?? .init(),
                history: history)
            ways.append(way)
            return way
        }
        let cache = try WriteBackCache(
            shown(way), path: path, storeOptions: store, options: options)
        wayOf.withLock { $0[ObjectIdentifier(cache)] = way }
        cache.run()
        return cache
    }

    private func shown(_ way: UnreliableAdapter) -> any PersistAdapter {
        switch shows {
        case .fourMethods: FourMethods(way)
        case .noAttributes: way
        case .all: AttributedWay(way)
        }
    }

    func isCut(_ cache: WriteBackCache) -> Bool { wayOf.withLock { $0[ObjectIdentifier(cache)] }?.isCut ?? false }

    /// As if the process of the cache had been killed: nothing that it has asked and that was not done is done.
    func kill(_ cache: WriteBackCache) {
        wayOf.withLock { $0[ObjectIdentifier(cache)] }?.cut()
        cache.abandon()
    }

    /// What a machine that has never seen the far side finds there.
    func freshTree() async throws -> [String] {
        let cache = try cache(at: newPath())
        try await cache.refresh()
        let lines = try await cache.keptTree()
        await cache.stop()
        cache.store.close()
        return lines
    }
}
