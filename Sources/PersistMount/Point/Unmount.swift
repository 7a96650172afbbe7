internal import Glibc

/// `persistfs umount`: takes a mount away and waits until its store is one file again.
public struct Unmount: Sendable {
    /// What was unmounted, for the user.
    public var mountPoint: String
    public var source: String

    /// - Parameter seconds: how long to wait for the daemon to finish.
    /// - Throws: `.notFound` where no persistfs is mounted there; `.busy` where programs are in it, whom it names, or
    ///   where the daemon did not finish in time.
    public static func run(_ text: String, seconds: Int) throws(MountFailure) -> Unmount {
        let path = PathText.resolved(text)
        guard let entry = try MountTable.current().top(at: path), entry.isPersistfs else {
            throw MountFailure(
                ShownText.line(text), "no persistfs is mounted here", hint: "persistfs status lists the mounts.",
                status: .notFound)
        }
        if try MountPoint.isDead(path) {
            if let failure = Unmounting.detach(path) {
                throw MountFailure(ShownText.line(text), failure, status: .failed)
            }
            return Unmount(mountPoint: path, source: entry.source)
        }
        let status = try? MountStatus.read(at: path)
        let daemon = status.flatMap { ProcessIdentity(pid: $0.pid) }
        try takeAway(path, shown: text)
        if let daemon, !daemon.waitForEnd(seconds: seconds) {
            throw MountFailure(
                ShownText.line(text),
                "unmounted, but process \(daemon.pid) has not finished with \(ShownText.line(entry.source))",
                hint: "It goes on by itself; the store is complete when the process is gone.", status: .busy)
        }
        return Unmount(mountPoint: path, source: entry.source)
    }

    private static func takeAway(_ path: String, shown: String) throws(MountFailure) {
        // A program that has just ended may still be on its way out of the mount.
        var failure: String?
        for _ in 0..<20 {
            failure = Unmounting.unmount(path)
            guard failure != nil, (try? MountTable.current())?.top(at: path)?.isPersistfs == true else { return }
            guard BusyProcess.find(in: path).isEmpty else { break }
            usleep(50_000)
        }
        let busy = BusyProcess.find(in: path)
        guard !busy.isEmpty else { throw MountFailure(ShownText.line(shown), failure ?? "", status: .busy) }
        let most = 8
        var names = busy.prefix(most).map(\.description)
        if busy.count > most { names.append("and \(busy.count - most) more") }
        throw MountFailure(
            ShownText.line(shown), "in use by:\n  " + names.joined(separator: "\n  "),
            hint: "End them, or leave the directory, and try again.", status: .busy)
    }
}

/// A process, told from a later one with the same number.
struct ProcessIdentity: Sendable {
    let pid: Int32
    private let started: Substring

    /// nil where it has ended.
    init?(pid: Int32) {
        guard let started = Self.started(pid) else { return nil }
        self.pid = pid
        self.started = started
    }

    func waitForEnd(seconds: Int) -> Bool {
        for _ in 0..<max(1, seconds * 100) {
            if Self.started(pid) != started { return true }
            usleep(10_000)
        }
        return false
    }

    /// Field 22 of /proc/PID/stat; nil of a zombie too: it holds no file any more.
    private static func started(_ pid: Int32) -> Substring? {
        guard let bytes = readWhole("/proc/\(pid)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return fields[19]
    }
}
