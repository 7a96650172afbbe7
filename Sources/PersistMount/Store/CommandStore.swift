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
    private let warn: @Sendable (String) -> Void
    /// Of the last change that was there before this command's own.
    private var generation: Int64 = 0

    private init(_ opened: OpenedStore, shown: String, warn: @escaping @Sendable (String) -> Void) {
        self.opened = opened
        self.shown = shown
        self.warn = warn
    }

    /// - Parameters:
    ///   - options: `reserveBytes`, `isReadOnly` and so on of a user's file.
    ///   - cacheDirectory: where the local copies of far sides lie; nil: the usual place.
    ///   - warn: is told what a person should know, a line each.
    ///   - preparing: of a far side: called with the path of the local copy before it is opened.
    /// - Throws: `.busy` where a mount has the copy, and for a far side that does not answer while its names are not
    ///   known here; `.store`, `.failed`.
    public static func open(
        _ reference: StoreReference, _ options: SQLiteStoreOptions, cacheDirectory: String? = nil,
        warn: @escaping @Sendable (String) -> Void, preparing: (String) throws(MountFailure) -> Void = { _ in }
    ) throws(MountFailure) -> CommandStore {
        guard reference.hasFarSide else {
            return CommandStore(try OpenedStore.open(reference, options), shown: reference.shown, warn: warn)
        }
        var mountOptions = MountOptions()
        mountOptions.cacheDirectory = cacheDirectory
        mountOptions.reserveBytes = options.reserveBytes
        let mount = Mount(reference, options: mountOptions)
        let opened = try OpenedStore.open(
            reference, nil, mount.storeOptions(log: warn), cacheOptions: mount.cacheOptions(log: warn),
            cacheParent: mount.options.cacheDirectory, isForOneCommand: true,
            preparing: preparing)
        var found = CommandStore(opened, shown: ShownText.line(reference.shown), warn: warn)
        do throws(MountFailure) { try found.lookAtFarSide() } catch {
            opened.close()
            throw error
        }
        found.generation = (try? opened.store.outboxGenerations()?.upperBound) ?? 0
        return found
    }

    private func lookAtFarSide() throws(MountFailure) {
        guard let cache = opened.cache else { return }
        do throws(StoreError) {
            try Awaiting.run { () async throws(StoreError) in try await cache.refresh() }
        } catch {
            guard cache.knowsAllNames else {
                var failure = MountFailure(error, about: shown, status: .store)
                failure.hint = "It has never been looked through from here: nothing was read or written."
                throw failure
            }
            let seen = (try? cache.status().lastLook).flatMap { $0 }.map { TimeText.text($0) } ?? "the last look"
            warn("\(shown) does not answer; this is as of \(seen): \(error)")
        }
    }

    /// Waits until the far side has what was written: by this command, and what it takes of what waited before.
    ///
    /// - Throws: `.busy` where it does not take what this command wrote now, and why.
    public func settle() throws(MountFailure) {
        guard let cache = opened.cache, (try? cache.store.outboxCount()) != 0 else { return }
        cache.run(looks: false)
        let left = Awaiting.run { await cache.drain() }
        guard left > 0 else { return }
        let own = (try? cache.unsent(after: generation)) ?? (left, nil)
        let status = try? cache.status()
        let why = own.1 ?? status?.pending.lazy.compactMap(\.lastError).first ?? status?.offlineError
        let words = ShownText.line(why ?? "it does not answer")
        guard own.0 > 0 else {
            let files = left == 1 ? "1 file that was" : "\(left) files that were"
            return warn("\(shown) does not take \(files) written before: \(words)")
        }
        throw MountFailure(
            shown, "does not take it now: \(words)",
            hint: "It is safe on this machine, and sent by the next put, rm or mount of this store.", status: .busy)
    }

    public func close() {
        // It would be sent by now, had this command not come.
        if opened.isTakenOver, let left = try? opened.store.outboxCount(), left > 0 {
            warn(
                "\(shown): \(left == 1 ? "1 file that a mount has left waits" : "\(left) files that a mount has left wait") "
                    + "for the next put, rm or mount of this store, which sends it")
        }
        opened.close()
    }
}
