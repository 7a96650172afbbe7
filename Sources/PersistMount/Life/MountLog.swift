internal import Glibc
public import PersistVFS
internal import Synchronization

/// Where a mount tells what it refused and what failed: one line each, on standard error.
///
/// In the background standard error is the log file, so that a crash report lands there too. The file is bounded:
/// past `bytesMax` it becomes `FILE.1`, whatever was there before. The last lines are kept for `status`.
public final class MountLog: Log {
    private struct State {
        var last: [MountStatus.LoggedLine] = []
        var bytes: UInt64 = 0
        var lines = 0
    }

    public static let bytesMax: UInt64 = 8 << 20
    private static let lastMax = 20

    /// nil: standard error is the user's.
    public let path: String?
    private let state = Mutex(State())

    public init(path: String?) {
        self.path = path
        if let path {
            var found = stat()
            if stat(path, &found) == 0 { state.withLock { $0.bytes = UInt64(found.st_size) } }
        }
    }

    public func log(_ line: String) { write(line, isError: true) }

    /// What is no failure: `status` does not repeat it, and it keeps no log from being removed.
    public func note(_ line: String) { write(line, isError: false) }

    private func write(_ line: String, isError: Bool) {
        let now = TimeText.now()
        let shown = ShownText.line(line)
        let whole = Array((path == nil ? "persistfs: \(shown)\n" : "\(now) \(shown)\n").utf8)
        state.withLock { state in
            if let path, state.bytes + UInt64(whole.count) > Self.bytesMax {
                Self.turnOver(path)
                state.bytes = 0
            }
            state.bytes += UInt64(whole.count)
            writeAll(2, whole)
            guard isError else { return }
            state.lines += 1
            if state.last.count == Self.lastMax { state.last.removeFirst() }
            state.last.append(MountStatus.LoggedLine(time: now, line: shown))
        }
    }

    public var lastErrors: [MountStatus.LoggedLine] { state.withLock { $0.last } }

    /// After a clean unmount: a file that tells of no failure is of no use to anybody.
    public func removeIfUneventful() {
        guard let path, state.withLock({ $0.lines == 0 }) else { return }
        unlink(path)
    }

    private static func turnOver(_ path: String) {
        rename(path, path + ".1")
        let fresh = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fresh >= 0 else { return }
        dup2(fresh, 2)
        dup2(fresh, 1)
        close(fresh)
    }
}

/// Writes all of it; gives up where nobody reads any more.
@discardableResult
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
