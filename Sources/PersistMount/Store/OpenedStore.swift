internal import Persist
internal import ProcessAdapter
internal import S3Adapter
internal import SQLiteStore
internal import WriteBackCache
import Synchronization

/// A store that is open for a mount: the user's file, or the local copy of a far side.
final class OpenedStore: Sendable {
    let store: SQLiteStore
    /// nil: there is no far side.
    let cache: WriteBackCache?
    private let adapter: FarAdapter?
    private let directory: CacheDirectory?
    private let isClosed = Atomic(false)
    /// What a mount that still sends gets to be done with it, before a command asks it to end. Milliseconds.
    private static let commandPatience = 3_000
    /// SQLITE_NOTADB (sqlite.org/rescode.html).
    private static let notADatabase: Int32 = 26

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

    /// - Parameter preparing: called with the path of the local copy, once nobody else can have it.
    /// - Throws: `.store`, `.busy`, `.failed`.
    static func open(
        _ reference: StoreReference, _ adapter: (any PersistAdapter)?, _ options: SQLiteStoreOptions,
        cacheOptions: WriteBackCacheOptions, cacheParent: String?, isForOneCommand: Bool = false,
        preparing: (String) throws(MountFailure) -> Void = { _ in }
    ) throws(MountFailure) -> OpenedStore {
        guard reference.hasFarSide else { return try open(reference, options) }
        // A mount sends on what another one has not; a command may be one that sends nothing.
        let directory = try CacheDirectory(
            for: reference.identity, shown: reference.shown, in: cacheParent,
            patience: isForOneCommand ? Self.commandPatience : 0)
        try preparing(directory.store)
        let far = try FarAdapter.open(
            reference, given: adapter, directory: directory, isForOneCommand: isForOneCommand, log: options.log)
        var options = options
        options.limits.logBytesMax = options.limits.blobBytesMax
        options.limits.blobBytesMax = min(
            options.limits.blobBytesMax, WriteBackCache.fileBytesMax(of: far.adapter, cacheOptions))
        do throws(StoreError) {
            let cache = try WriteBackCache(
                far.adapter, path: directory.store, storeOptions: options, options: cacheOptions)
            return OpenedStore(cache.store, cache: cache, adapter: far, directory: directory)
        } catch {
            var failure = MountFailure(
                error, about: directory.store, status: error.kind == .timedOut ? .busy : .store)
            if error.kind == .corrupt || error.code == Self.notADatabase {
                failure.hint = "To make this local copy anew: persistfs check --rebuild STORE"
            }
            throw failure
        }
    }

    /// From a mount that still sent what had been written, and was asked to leave that.
    var isTakenOver: Bool { directory?.isTakenOver ?? false }

    /// Of the adapter's process.
    var trouble: Trouble? { adapter?.trouble }

    /// nil: the far side is none of S3.
    var bucket: S3Adapter? { if case .s3(let adapter) = adapter { adapter } else { nil } }

    /// Sends on what is still to be sent, as long as the far side takes it and nobody else waits for the store; then
    /// closes.
    ///
    /// - Parameters:
    ///   - status: for `persistfs status`, which no mount answers any more, and for `persistfs umount`.
    ///   - log: is told what waits for the next mount.
    func finish(status: @escaping @Sendable () -> MountStatus, log: (String) -> Void) {
        var isWanted = false
        if let cache {
            let directory = directory
            let note = DrainNote()
            isWanted = Awaiting.run {
                let telling = Task.detached {
                    // What is over at once needs no note.
                    guard (try? await Task.sleep(for: .milliseconds(300))) != nil else { return }
                    while !Task.isCancelled {
                        note?.write(status())
                        try? await Task.sleep(for: .seconds(1))
                    }
                }
                _ = await cache.drain { directory?.isWanted != true }
                telling.cancel()
                await telling.value
                // What is on its way may still arrive.
                await cache.stop { directory?.isWanted != true }
                return directory?.isWanted == true
            }
            let last = status()
            if let directory { LastStatus.write(last, in: directory.path) }
            let left = last.far?.pendingFiles ?? 0
            if left == 0 {
                note?.remove()
            } else {
                note?.write(last)
                log(
                    "\(CountText.have(left)) not been sent: "
                        + (isWanted
                            ? "who uses this store now takes over" : "the next mount of this store goes on"))
            }
        }
        // Long enough has been waited already.
        close(waitMilliseconds: 0, adapterSeconds: isWanted ? CacheLock.closeSeconds : nil)
    }

    /// Idempotent.
    func close() { close(waitMilliseconds: 5_000, adapterSeconds: nil) }

    /// The adapter goes first: what it has still answered by its end is put down, and what it has not fails. The lock
    /// goes last: by then nothing of this process is on its way to the far side.
    private func close(waitMilliseconds: Int64, adapterSeconds: Double?) {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        Awaiting.run { [cache, adapter] in
            await cache?.stop(waitMilliseconds: waitMilliseconds)
            await adapter?.close(seconds: adapterSeconds)
            // What has failed by that puts down that it has.
            await cache?.stop(waitMilliseconds: adapter?.lingersMilliseconds ?? 1_000)
        }
        store.close()
        directory?.release()
    }
}
