internal import Glibc
internal import Linux
internal import Persist
internal import SQLiteStore

/// Makes the local copy of a far side anew, from what the far side has.
///
/// The copy that was there is set aside first. It comes back where the far side does not answer, goes where nothing was
/// in it that is nowhere else, and stays where there was, or nobody can tell.
public struct CacheRebuild: Sendable {
    /// Files and directories that the far side has.
    public let entries: UInt64
    /// Where the copy that was there is, which could not be read, or holds conflicts or rejected versions: they are in it
    /// alone. nil: there was none such.
    public let aside: String?

    /// - Parameter cacheDirectory: where the local copies of far sides lie; nil: the usual place.
    /// - Throws: `.usage` for a store without a far side; `.busy` where it is mounted, holds what has not been sent, or the
    ///   far side does not answer; `.failed`, `.store`.
    public init(
        _ reference: StoreReference, cacheDirectory: String?, warn: @escaping @Sendable (String) -> Void
    ) throws(MountFailure) {
        guard reference.hasFarSide else {
            throw MountFailure(
                ShownText.line(reference.shown), "is a file, and has no copy that could be made anew",
                hint: "To mend it: persistfs check --repair STORE", status: .usage)
        }
        var old = Old()
        do throws(MountFailure) {
            let store = try CommandStore.open(
                reference, SQLiteStoreOptions(), cacheDirectory: cacheDirectory, warn: warn
            ) {
                path throws(MountFailure) in try old.setAside(path, of: reference)
            }
            defer { store.close() }
            entries = (try? store.store.statistics(countsNodes: true).nodes) ?? 0
        } catch {
            old.putBack()
            throw error
        }
        aside = old.isEmpty ? nil : old.aside
        if old.isEmpty { old.remove() }
    }

    /// The copy that was there.
    private struct Old {
        var path = ""
        var aside: String?
        /// It was looked into, and all that is in it is on the far side too.
        var isEmpty = false
        private var moved: [String] = []
        private var isMoved = false
        private static let parts = ["", "-wal", "-shm", "-lock", "-reserve", "-bodies"]

        mutating func setAside(_ path: String, of reference: StoreReference) throws(MountFailure) {
            self.path = path
            guard access(path, F_OK) == 0 else { return isEmpty = true }
            if let (count, kept) = Self.look(path) {
                guard count == 0 else {
                    throw MountFailure(
                        ShownText.line(reference.shown),
                        "\(CountText.have(count)) not been sent",
                        hint: "Mount the store first: that sends them.", status: .busy)
                }
                isEmpty = kept == 0
            }
            var number = 1
            var aside: String { path + ".before-rebuild" + (number == 1 ? "" : "-\(number)") }
            while Self.parts.contains(where: { access(aside + $0, F_OK) == 0 }) { number += 1 }
            self.aside = aside
            for part in Self.parts where access(path + part, F_OK) == 0 {
                guard rename(path + part, aside + part) == 0 else {
                    throw MountFailure(ShownText.line(path + part), errorText(errno), status: .failed)
                }
                moved.append(part)
            }
            isMoved = true
        }

        /// How many nodes have not been sent, and how many versions are under no name; nil: nobody can tell.
        private static func look(_ path: String) -> (unsent: Int, kept: Int)? {
            var options = SQLiteStoreOptions()
            (options.createsIfMissing, options.reserveBytes) = (false, 0)
            // What a mount that was killed has left is put in its place, and is to be sent.
            options.outboxChanged = { _ in }
            guard let store = try? SQLiteStore.open(path: path, options: options) else { return nil }
            defer { store.close() }
            guard let unsent = try? store.outboxCount(), let conflicts = try? store.keptVersions(.conflicts),
                let rejected = try? store.keptVersions(.rejected)
            else { return nil }
            return (unsent, conflicts.count + rejected.count)
        }

        func putBack() {
            guard let aside else { return }
            // Of the new one, where there is one.
            if isMoved { for part in Self.parts { Self.remove(path + part) } }
            for part in moved { rename(aside + part, path + part) }
        }

        /// A file; or a directory of files.
        private static func remove(_ path: String) {
            guard unlink(path) != 0, errno == EISDIR || errno == EPERM else { return }
            for name in namesIn(path) { unlink(path + "/" + name) }
            rmdir(path)
        }

        func remove() {
            guard let aside else { return }
            for part in Self.parts { Self.remove(aside + part) }
        }
    }
}
