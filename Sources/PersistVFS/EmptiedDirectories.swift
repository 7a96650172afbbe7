import Persist

/// Directories of `.persist/rejected` and `.persist/conflicts` that have lost their last file.
///
/// They are there only as long as something is in them; for a minute they stay, so that who removes files with their
/// directories finds the directories too.
struct EmptiedDirectories: Sendable {
    private var times: [[UInt8]: Timestamp] = [:]
    private static let stayNanoseconds: Int64 = 60_000_000_000
    private static let slash = UInt8(ascii: "/")

    /// - Parameters:
    ///   - path: of the file, the area first.
    ///   - left: the paths of all that is still there.
    mutating func removed(_ path: [UInt8], left: [[UInt8]], at now: Timestamp) {
        times = times.filter { isFresh($0.value, now) }
        var directory = path[...]
        while let cut = directory.lastIndex(of: Self.slash) {
            directory = directory[..<cut]
            // The areas themselves are always there.
            guard directory.contains(Self.slash), !left.contains(where: { $0.starts(with: directory + [Self.slash]) })
            else { return }
            times[Array(directory)] = now
        }
    }

    func contains(_ path: [UInt8], at now: Timestamp) -> Bool { times[path].map { isFresh($0, now) } ?? false }

    func children(of directory: [UInt8], at now: Timestamp) -> [FileName] {
        let prefix = directory + [Self.slash]
        return times.compactMap { path, time in
            guard isFresh(time, now), path.starts(with: prefix), path.count > prefix.count,
                !path[prefix.count...].contains(Self.slash)
            else { return nil }
            return FileName(unchecked: Array(path[prefix.count...]))
        }
    }

    mutating func forget(_ path: [UInt8]) { times[path] = nil }

    private func isFresh(_ time: Timestamp, _ now: Timestamp) -> Bool {
        now.nanoseconds - time.nanoseconds < Self.stayNanoseconds
    }
}
