internal import Persist
internal import ProcessAdapter
internal import S3Adapter
internal import SQLiteStore
internal import WriteBackCache

/// A store that is open for a mount: the user's file, or the local copy of a far side.
final class OpenedStore: Sendable {
    let store: SQLiteStore
    /// nil: there is no far side.
    let cache: WriteBackCache?
    private let adapter: FarAdapter?
    private let directory: CacheDirectory?

    private init(
        _ store: SQLiteStore, cache: WriteBackCache? = nil, adapter: FarAdapter? = nil,
        directory: CacheDirectory? = nil
    ) {
        self.store = store
        self.cache = cache
        self.adapter = adapter
        self.directory = directory
    }

    /// The user's file.
    static func open(
        _ reference: StoreReference, _ options: SQLiteStoreOptions
    ) throws(MountFailure) -> OpenedStore {
        OpenedStore(try OpenStore.open(reference, options))
    }

    /// - Throws: `.store`, `.busy`, `.failed`.
    static func open(
        _ reference: StoreReference, _ adapter: (any PersistAdapter)?, _ options: SQLiteStoreOptions,
        cacheOptions: WriteBackCacheOptions, cacheParent: String?, isForOneCommand: Bool = false
    ) throws(MountFailure) -> OpenedStore {
        guard reference.hasFarSide else { return try open(reference, options) }
        let directory = try CacheDirectory(
            for: reference.identity, shown: reference.shown, in: cacheParent)
        let far = try FarAdapter.open(
            reference, given: adapter, isForOneCommand: isForOneCommand, log: options.log)
        do throws(StoreError) {
            let cache = try WriteBackCache(
                far.adapter, path: directory.store, storeOptions: options, options: cacheOptions)
            return OpenedStore(cache.store, cache: cache, adapter: far, directory: directory)
        } catch {
            throw MountFailure(error, about: directory.store, status: error.kind == .timedOut ? .busy : .store)
        }
    }

    /// Of the adapter's process.
    var trouble: Trouble? { adapter?.trouble }

    /// nil: the far side is none of S3.
    var bucket: S3Adapter? { if case .s3(let adapter) = adapter { adapter } else { nil } }

    /// Sends on what is still to be sent, as long as the far side takes it; then closes.
    ///
    /// - Parameters:
    ///   - status: for `persistfs status`, which no mount answers any more, and for `persistfs umount`.
    ///   - log: is told what waits for the next mount.
    func finish(status: @escaping @Sendable () -> MountStatus, log: (String) -> Void) {
        if let cache {
            Awaiting.run {
                let telling = Task.detached {
                    // What is over at once needs no note.
                    guard (try? await Task.sleep(for: .milliseconds(300))) != nil, let note = DrainNote() else {
                        return
                    }
                    while !Task.isCancelled {
                        note.write(status())
                        try? await Task.sleep(for: .seconds(1))
                    }
                }
                _ = await cache.drain()
                telling.cancel()
                await telling.value
                // What is on its way may still arrive.
                await cache.stop()
            }
            let last = status()
            if let left = last.far?.pendingFiles, left > 0 {
                log("\(left) changes have not been sent: the next mount of this store sends them")
            }
            if let directory { LastStatus.write(last, in: directory.path) }
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
