internal import Glibc
internal import Linux

/// Files below `.persist` that a mount does something for when they are read: `sync`, `refresh`.
enum MountControl {
    /// Where a persistfs is mounted.
    ///
    /// - Returns: nil where none is mounted at `path`, which is no directory: a SQLite store, if anything.
    /// - Throws: `.notFound`, with the hint, for any other directory.
    static func point(at path: String, hint: String) throws(MountFailure) -> String? {
        let resolved = PathText.resolved(path)
        guard let entry = try MountTable.current().top(at: resolved), entry.isPersistfs else {
            var found = stat()
            guard stat(resolved, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else { return nil }
            _ = try MountList.mounted(at: path, hint: hint)
            // It has been mounted in this moment.
            return resolved
        }
        return resolved
    }

    /// - Parameter seconds: nil: a minute.
    /// - Returns: the number that the file has; nil: there is no far side.
    /// - Throws: `.busy` where the mount does not answer.
    static func ask(_ name: String, at mountPoint: String, seconds: Int?) throws(MountFailure) -> Int64? {
        let file = mountPoint + "/.persist/" + name
        // One that is stopped does not answer, however long one waits.
        let isStopped = DaemonSearch.find(at: mountPoint).map(DaemonSearch.isStopped) ?? false
        let answer =
            isStopped
            ? nil
            : Deadline.ask(seconds: max(1, seconds ?? 60)) { () -> Answer in
                let bytes = readWhole(file)
                return Answer(bytes: bytes, errno: bytes == nil ? errno : 0)
            }
        guard let answer else {
            throw MountFailure(
                ShownText.line(mountPoint),
                "does not answer" + (DaemonSearch.words(at: mountPoint).map { " (\($0))" } ?? ""), status: .busy)
        }
        guard let bytes = answer.bytes else {
            // Of a store without a far side; or of one that has been unmounted this moment.
            if answer.errno == ENOENT, try MountStatus.read(at: mountPoint).far == nil { return nil }
            throw MountFailure(
                ShownText.line(mountPoint), errorText(answer.errno),
                hint: "What has not been sent waits in the cache for the next mount of this store.", status: .failed)
        }
        guard let number = Int64(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }) else {
            throw MountFailure(ShownText.line(file), "is in a form that this version does not read", status: .failed)
        }
        return number
    }

    private struct Answer: Sendable {
        var bytes: [UInt8]?
        var errno: Int32
    }
}
