internal import Glibc
internal import Linux

/// The process that serves a mount, found without asking the mount: one that is stopped does not answer.
enum DaemonSearch {
    /// By the number of its connection, which the kernel tells of each descriptor of /dev/fuse (Linux 6.16 and later).
    ///
    /// One that was stopped when its own mount was taken away still shows the number, which a later process's mount may have
    /// by now; and a child that has just been forked has what its parent has.
    /// - Returns: nil where it cannot be found, or not seen.
    static func find(at mountPoint: String) -> Int32? {
        guard let entry = try? MountTable.current().top(at: mountPoint) else { return nil }
        let line = Array("fuse_connection:\t\(entry.connection)\n".utf8)
        let found = namesIn("/proc").compactMap { Int32($0) }.filter { pid in
            isOurs(pid)
                && namesIn("/proc/\(pid)/fdinfo").contains { descriptor in
                    readWhole("/proc/\(pid)/fdinfo/\(descriptor)").map { holds($0, line) } ?? false
                }
        }
        guard found.count > 1 else { return found.first }
        return found.compactMap(ProcessIdentity.init(pid:)).filter { !found.contains($0.parent) }
            .max { $0.startTicks < $1.startTicks }?.pid
    }

    /// What is to be said of it: `process 123, which is stopped`.
    static func words(at mountPoint: String) -> String? {
        guard let pid = find(at: mountPoint) else { return nil }
        return "process \(pid)" + (isStopped(pid) ? ", which is stopped: kill -CONT \(pid)" : "")
    }

    /// By SIGSTOP, or a debugger.
    static func isStopped(_ pid: Int32) -> Bool {
        guard let bytes = readWhole("/proc/\(pid)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else {
            return false
        }
        let state = bytes[(end + 1)...].first { $0 != UInt8(ascii: " ") }
        return state == UInt8(ascii: "T") || state == UInt8(ascii: "t")
    }

    private static func isOurs(_ pid: Int32) -> Bool {
        readWhole("/proc/\(pid)/comm").map { $0.starts(with: "persistfs".utf8) } ?? false
    }

    private static func holds(_ text: [UInt8], _ line: [UInt8]) -> Bool {
        text.indices.contains { text[$0...].starts(with: line) }
    }
}
