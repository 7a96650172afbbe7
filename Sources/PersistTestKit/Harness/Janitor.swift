import Glibc

/// Cleans up after a test process that was killed: it cannot do it itself.
///
/// A shell waits at a pipe whose other end only this process holds, and unmounts and removes everything under
/// this process's own directory once that end is gone.
enum Janitor {
    /// The directory that holds every fixture of this process.
    static let directory: String = start()

    private static let script = #"""
        cat >/dev/null
        sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*/\1/' /proc/self/mountinfo | grep "^$1/" | sort -r |
            while read -r point; do timeout -k 1 10 umount -l "$point"; done
        rm -rf --one-file-system "$1"
        """#

    private static func start() -> String {
        let directory = "/tmp/pfs-\(getpid())"
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { fatalError("cannot make \(directory)") }
        let pipe = directory + "/alive"
        // A FIFO, opened for reading and writing: its end goes with the last writer, which is this process.
        guard mkfifo(pipe, 0o600) == 0 || errno == EEXIST else { fatalError("cannot make \(pipe)") }
        let descriptor = open(pipe, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { fatalError("cannot open \(pipe)") }
        do {
            _ = try ChildProcess(
                ["sh", "-c", script, "janitor", directory], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                input: pipe, output: "/dev/null", errors: "/dev/null")
        } catch {
            fatalError("\(error)")
        }
        return directory
    }
}
