internal import Persist
internal import ProcessAdapter
internal import SQLiteStore
internal import WriteBackCache

/// A store that is open for a mount: the user's file, or the local copy of a far side.
final class OpenedStore: Sendable {
    let store: SQLiteStore
    /// nil: there is no far side.
    let cache: WriteBackCache?
    private let adapter: ProcessAdapter?
    private let directory: CacheDirectory?

    private init(
        _ store: SQLiteStore, cache: WriteBackCache? = nil, adapter: ProcessAdapter? = nil,
        directory: CacheDirectory? = nil
    ) {
        self.store = store
        self.cache = cache
        self.adapter = adapter
        self.directory = directory
    }

    /// - Throws: `.store`, `.busy`, `.failed`.
    static func open(
        _ reference: StoreReference, _ options: SQLiteStoreOptions, cacheOptions: WriteBackCacheOptions,
        cacheParent: String?
    ) throws(MountFailure) -> OpenedStore {
        switch reference.source {
        case .sqlite: return OpenedStore(try OpenStore.open(reference, options))
        case .exec(let command):
            let directory = try CacheDirectory(for: reference.shown, in: cacheParent)
            let adapter = ProcessAdapter(command: command) { options.log("adapter: \($0)") }
            do throws(StoreError) {
                let cache = try WriteBackCache(
                    adapter, path: directory.store, storeOptions: options, options: cacheOptions)
                return OpenedStore(cache.store, cache: cache, adapter: adapter, directory: directory)
            } catch {
                throw MountFailure(error, about: directory.store, status: error.kind == .timedOut ? .busy : .store)
            }
        }
    }

    /// Sends on what is still to be sent, as long as the far side takes it; then closes.
    ///
    /// - Parameter log: is told what waits for the next mount.
    func finish(log: (String) -> Void) {
        if let cache {
            let left = Awaiting.run { await cache.drain() }
            if left > 0 { log("\(left) changes have not been sent: the next mount of this store sends them") }
        }
        close()
    }

    /// At once. Idempotent.
    func close() {
        if let cache { Awaiting.run { await cache.stop() } }
        store.close()
        if let adapter { Awaiting.run { await adapter.close() } }
    }
}
