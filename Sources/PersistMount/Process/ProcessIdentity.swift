internal import Glibc
internal import Linux

/// A process, told from a later one with the same number by when it began.
struct ProcessIdentity: Sendable, Equatable {
    let pid: Int32
    /// In ticks since the machine was started.
    let started: Substring

    /// As it was when this was made.
    let parent: Int32

    /// nil where it has ended.
    init?(pid: Int32) {
        guard let fields = Self.fields(pid) else { return nil }
        self.pid = pid
        started = fields[19]
        parent = Int32(fields[1]) ?? 0
    }

    /// When it began.
    var startTicks: UInt64 { UInt64(started) ?? 0 }

    /// As `text` gives it; nil where that process has ended.
    init?(text: Substring) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let pid = Int32(parts[0]), let found = Self(pid: pid), found.started == parts[1] else {
            return nil
        }
        self = found
    }

    /// `123-4567`, for the name of a file.
    var text: String { "\(pid)-\(started)" }

    /// - Parameter look: called again and again until then.
    func waitForEnd(until deadline: ContinuousClock.Instant, look: (Self) -> Void = { _ in }) -> Bool {
        while Self.started(pid) == started {
            look(self)
            guard ContinuousClock.now < deadline else { return false }
            usleep(10_000)
        }
        return true
    }

    private static func started(_ pid: Int32) -> Substring? { fields(pid)?[19] }

    /// From field 3 of /proc/PID/stat on; nil of a zombie too: it holds no file any more.
    private static func fields(_ pid: Int32) -> [Substring]? {
        guard let bytes = readWhole("/proc/\(pid)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return fields
    }
}
