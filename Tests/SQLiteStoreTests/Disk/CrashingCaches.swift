import Glibc
import Persist
@testable import PersistTestKit
@testable import SQLiteStore
import Synchronization
import WriteBackCache

/// The cache of one run, which is killed and opened again now and then.
final class CrashingCaches: Sendable {
    private let file: StoreFile
    private let far: RecordedFar
    private let open = Mutex<(cache: WriteBackCache, way: UnreliableAdapter)?>(nil)

    private let disk: Disk

    init(_ file: StoreFile, _ far: RecordedFar, on disk: Disk) {
        self.file = file
        self.disk = disk
        self.far = far
    }

    /// - Parameters:
    ///   - disk: that it lies on, where that writes down what is done.
    ///   - boot: nil: the same kernel runs.
    static func open(
        _ path: String, _ far: any PersistAdapter, on disk: Disk? = nil, boot: String? = nil
    ) throws -> WriteBackCache {
        var store = SQLiteStoreOptions()
        store.bodyWatcher = disk
        store.bootID = boot
        store.reserveBytes = 0
        store.walBytesMax = 200_000
        var options = WriteBackCacheOptions()
        options.refreshMilliseconds = 3_600_000
        options.temporaryMilliseconds = 0
        return try WriteBackCache(far, path: path, storeOptions: store, options: options)
    }

    private func make() throws -> any LocalStore {
        let way = UnreliableAdapter(far, seed: 1)
        let cache = try Self.open(file.path, way, on: disk)
        cache.run()
        while !cache.knowsAllNames { usleep(1_000) }
        open.withLock { $0 = (cache, way) }
        return cache.store
    }

    /// Sends what is there now.
    func hurry() throws { _ = try open.withLock { $0 }?.cache.hurry() }

    /// As if the process had been killed.
    func end() {
        guard let (cache, way) = open.withLock({ $0.take() }) else { return }
        way.cut()
        cache.abandon()
    }

    var factory: LocalStoreFactory {
        LocalStoreFactory(
            name: "WriteBackCache", make: { [self] _ in try make() },
            reopen: { [self] _ in
                end()
                return try make()
            })
    }
}
