import Glibc

/// Whether a thread is about to end: what the kernel says of its pending signals (proc(5)).
enum Dying {
    /// True where SIGKILL is pending, which is how every fatal signal reaches the threads of a process, and where
    /// the thread is gone already.
    static func isDying(_ thread: pid_t) -> Bool {
        guard let status = contents(of: "/proc/\(thread)/status") else { return true }
        return isDying(status: status)
    }

    /// The same of the text of /proc/TID/status.
    static func isDying(status: String) -> Bool {
        let kill: UInt64 = 1 << (9 - 1)
        for line in status.split(separator: "\n") where line.hasPrefix("SigPnd:") || line.hasPrefix("ShdPnd:") {
            let bits = UInt64(line.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16) ?? 0
            if bits & kill != 0 { return true }
        }
        return false
    }

    private static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
