internal import Glibc

/// How a background mount tells the command that started it that it is usable, or why not.
public struct Report: Sendable {
    private let descriptor: Int32

    /// - Parameter descriptor: as `--report` gives it; closed by the first report.
    /// - Throws: `.usage` where it is no pipe: a store would be opened under that number, and written into.
    public init(descriptor: Int32) throws(MountFailure) {
        var found = stat()
        guard fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFIFO else {
            throw MountFailure("--report \(descriptor)", "is no pipe", status: .usage)
        }
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// - Returns: false where nobody waits for it any more: whoever started it has given up.
    public func succeed(_ line: String) -> Bool { send("0", line) }

    public func fail(_ failure: MountFailure) {
        // Three texts in one: none of them holds a NUL.
        let words = [failure.what, failure.why, failure.hint ?? ""].joined(separator: "\0")
        _ = send("\(failure.status.rawValue)", words)
    }

    static func failure(_ status: UInt8, _ words: String) -> MountFailure {
        let parts = words.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        let known = ExitStatus(rawValue: Int32(status) - 48) ?? .failed
        guard parts.count == 3 else { return MountFailure("", words, status: known) }
        return MountFailure(parts[0], parts[1], hint: parts[2].isEmpty ? nil : parts[2], status: known)
    }

    private func send(_ status: String, _ words: String) -> Bool {
        let isHeard = writeAll(descriptor, Array((status + words).utf8))
        close(descriptor)
        return isHeard
    }
}
