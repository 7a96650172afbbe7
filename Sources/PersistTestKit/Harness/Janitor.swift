import Glibc

/// Cleans up after a test process that was killed: it cannot do it itself.
///
/// A shell waits at a pipe whose other end only this process holds; once that end is gone it ends the servers that this
/// process started, and unmounts and removes everything under its own directory.
enum Janitor {
    /// The directory that holds every fixture of this process.
    static let directory: String = start()

    /// In a directory below that: the number of a process group that is to end with this process.
    static let groupFile = "group"
    /// In a directory below that: paths of files elsewhere that are to be removed then, one a line.
    static let elsewhereFile = "elsewhere"

    private static let script = #"""
        cat >/dev/null
        cat "$1"/*/group 2>/dev/null | while read -r group; do kill -s KILL -- "-$group"; done
        cat "$1"/*/elsewhere 2>/dev/null | while read -r path; do rm -f -- "$path"; done
        sed 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .*/\1/' /proc/self/mountinfo | grep "^$1/" | sort -r |
            while read -r point; do timeout -k 1 10 umount -l "$point"; done
        # What has just been killed may still have been writing.
        rm -rf --one-file-system "$1" || { sleep 1 && rm -rf --one-file-system "$1"; }
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
