internal import Glibc
internal import Linux
internal import Persist
internal import SQLiteStore

/// Makes the local copy of a far side anew, from what the far side has.
///
/// The copy that was there is set aside first. It comes back where the far side does not answer, goes where nothing was
/// in it that had not been sent, and stays where nobody can tell.
public struct CacheRebuild: Sendable {
    /// Files and directories that the far side has.
    public let entries: UInt64
    /// Where the copy that was there is, which could not be read: what had not been sent is in it alone. nil: there was none
    /// such.
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
        aside = old.isReadable ? nil : old.aside
        if old.isReadable { old.remove() }
    }

    /// The copy that was there.
    private struct Old {
        var path = ""
        var aside: String?
        /// It was looked into, and all of it has been sent.
        var isReadable = false
        private static let parts = ["", "-wal", "-shm", "-lock", "-reserve"]

        mutating func setAside(_ path: String, of reference: StoreReference) throws(MountFailure) {
            self.path = path
            guard access(path, F_OK) == 0 else { return isReadable = true }
            if let count = Self.unsent(path) {
                guard count == 0 else {
                    throw MountFailure(
                        ShownText.line(reference.shown),
                        "\(count == 1 ? "1 file has" : "\(count) files have") not been sent",
                        hint: "Mount the store first: that sends them.", status: .busy)
                }
                isReadable = true
            }
            var number = 1
            var aside: String { path + ".before-rebuild" + (number == 1 ? "" : "-\(number)") }
            while access(aside, F_OK) == 0 { number += 1 }
            self.aside = aside
            for part in Self.parts where access(path + part, F_OK) == 0 && rename(path + part, aside + part) != 0 {
                throw MountFailure(ShownText.line(path + part), errorText(errno), status: .failed)
            }
        }

        /// nil: nobody can tell.
        private static func unsent(_ path: String) -> Int? {
            var options = SQLiteStoreOptions()
            (options.createsIfMissing, options.reserveBytes) = (false, 0)
            guard let store = try? SQLiteStore.open(path: path, options: options) else { return nil }
            defer { store.close() }
            return try? store.outboxCount()
        }

        func putBack() {
            guard let aside else { return }
            for part in Self.parts {
                unlink(path + part)
                if access(aside + part, F_OK) == 0 { rename(aside + part, path + part) }
            }
        }

        func remove() {
            guard let aside else { return }
            for part in Self.parts { unlink(aside + part) }
        }
    }
}
