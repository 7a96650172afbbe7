internal import Persist
public import SQLiteStore
internal import WriteBackCache

/// A store for one command, without a mount: the user's file, or the local copy of a far side, brought up to date first.
///
/// What a command writes is in the copy before it is sent: whatever happens then, it is sent by the next command or mount.
public struct CommandStore: Sendable {
    public var store: SQLiteStore { opened.store }
    private let opened: OpenedStore
    private let shown: String

    /// - Parameters:
    ///   - options: `reserveBytes`, `isReadOnly` and so on of a user's file.
    ///   - cacheDirectory: where the local copies of far sides lie; nil: the usual place.
    ///   - warn: is told what a person should know, a line each.
    /// - Throws: `.busy` where a mount has the copy, and for a far side that does not answer while its names are not
    ///   known here; `.store`, `.failed`.
    public static func open(
        _ reference: StoreReference, _ options: SQLiteStoreOptions, cacheDirectory: String? = nil,
        warn: @escaping @Sendable (String) -> Void
    ) throws(MountFailure) -> CommandStore {
        guard reference.hasFarSide else {
            return CommandStore(opened: try OpenedStore.open(reference, options), shown: reference.shown)
        }
        var mountOptions = MountOptions()
        mountOptions.cacheDirectory = cacheDirectory
        mountOptions.reserveBytes = options.reserveBytes
        let mount = Mount(reference, options: mountOptions)
        let opened = try OpenedStore.open(
            reference, nil, mount.storeOptions(log: warn), cacheOptions: mount.cacheOptions(log: warn),
            cacheParent: mount.options.cacheDirectory, isForOneCommand: true)
        let found = CommandStore(opened: opened, shown: ShownText.line(reference.shown))
        do throws(MountFailure) { try found.lookAtFarSide(warn) } catch {
            opened.close()
            throw error
        }
        return found
    }

    private func lookAtFarSide(_ warn: (String) -> Void) throws(MountFailure) {
        guard let cache = opened.cache else { return }
        do throws(StoreError) {
            try Awaiting.run { () async throws(StoreError) in try await cache.refresh() }
        } catch {
            guard cache.knowsAllNames else { throw MountFailure(error, about: shown) }
            let seen = (try? cache.status().lastLook).flatMap { $0 }.map { TimeText.text($0) } ?? "the last look"
            warn("\(shown) does not answer; this is as of \(seen): \(error)")
        }
    }

    /// Waits until the far side has what was written. - Throws: `.busy` where it does not take it now, and why.
    public func settle() throws(MountFailure) {
        guard let cache = opened.cache, (try? cache.store.outboxCount()) != 0 else { return }
        cache.run(looks: false)
        let left = Awaiting.run { await cache.drain() }
        guard left > 0 else { return }
        let status = try? cache.status()
        let why = status?.pending.lazy.compactMap(\.lastError).first ?? status?.offlineError ?? "it does not answer"
        throw MountFailure(
            shown, "does not take it now: \(ShownText.line(why))",
            hint: "It is safe on this machine, and sent by the next put, rm or mount of this store.", status: .busy)
    }

    public func close() { opened.close() }
}
