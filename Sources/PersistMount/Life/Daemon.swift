internal import Glibc
internal import Linux
internal import ProcessAdapter

/// Going to the background: the command starts itself again, as a session of its own, and waits to hear how it went.
///
/// Not by fork(2): Swift's runtime may have threads. The child reports once, through a pipe: `0` and a line to print,
/// or an exit status and the words of the failure. A child that dies without a word closes the pipe.
public struct Daemon: Sendable {
    /// The end of the pipe in the child, which `--report` names.
    public static let reportDescriptor: Int32 = 3

    /// Starts `arguments` in the background, its outputs in the file `log`, and waits until it is usable.
    ///
    /// - Returns: what it says to print.
    /// - Throws: the child's failure.
    public static func start(_ arguments: [String], log: String) throws(MountFailure) -> String {
        let output = try openLog(log)
        defer { close(output) }
        let pipe = try Pipe.make()
        defer { close(pipe.reading) }
        let pid: pid_t
        do {
            pid = try spawn(arguments, output: output, report: pipe.writing)
            close(pipe.writing)
        } catch {
            close(pipe.writing)
            throw error
        }
        let report = readAll(pipe.reading)
        guard let first = report.first else {
            let status = Spawn.wait(for: pid)
            let end = status > 128 ? "died of signal \(status - 128)" : "ended with status \(status)"
            throw MountFailure(
                "the background process", "\(end) before the mount was usable", hint: "See \(ShownText.line(log))",
                status: .failed)
        }
        let words = String(decoding: report.dropFirst(), as: UTF8.self)
        guard first != UInt8(ascii: "0") else { return words }
        _ = Spawn.wait(for: pid)
        removeIfEmpty(log)
        throw Report.failure(first, words)
    }

    private static func openLog(_ path: String) throws(MountFailure) -> Int32 {
        let output = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else {
            throw MountFailure("--log \(ShownText.line(path))", errorText(errno), status: .failed)
        }
        return output
    }

    private static func removeIfEmpty(_ path: String) {
        var found = stat()
        if stat(path, &found) == 0, found.st_size == 0 { unlink(path) }
    }

    private static func spawn(
        _ arguments: [String], output: Int32, report: Int32
    ) throws(MountFailure) -> pid_t {
        keepOtherDescriptors()
        // A mount that an adapter starts is not the adapter's any more.
        unsetenv(ProcessAdapterOptions.ownerVariable)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        // Last: the log may be descriptor 3 itself.
        posix_spawn_file_actions_adddup2(&actions, report, reportDescriptor)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID of spawn.h: the terminal's signals are not for it.
        posix_spawnattr_setflags(&attributes, 0x80)
        return try Spawn.start(ownPath(), arguments, actions: &actions, attributes: &attributes)
    }

    /// By its real name, which ps shows; where it has been replaced since, what runs now.
    private static func ownPath() -> String {
        guard let path = realpath("/proc/self/exe", nil) else { return "/proc/self/exe" }
        defer { free(path) }
        return access(path, X_OK) == 0 ? String(cString: path) : "/proc/self/exe"
    }

    /// A script's lock files and pipes must not stay open in the background.
    private static func keepOtherDescriptors() {
        guard let directory = opendir("/proc/self/fd") else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } }
            guard let descriptor = Int32(String(decoding: name, as: UTF8.self)), descriptor > 2 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += part[..<count]
        }
    }
}
