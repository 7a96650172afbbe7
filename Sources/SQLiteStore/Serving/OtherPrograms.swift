import Glibc
import Synchronization

/// How many other processes have the store's file open: each holds a lock on byte 128 of the `-shm` file for as long
/// as it does (UNIX_SHM_DMS of sqlite3's os_unix.c).
///
/// Read from /proc/locks: a descriptor of that file would, when it is closed, drop this process's own locks on it.
final class OtherPrograms: Sendable {
    private let shm: String
    private let found = Atomic<Int>(0)
    private static let dmsByte = "128"

    init(path: String) { shm = path + "-shm" }

    var count: Int { found.load(ordering: .relaxed) }

    /// Where /proc cannot be read there are none: then they wait longer, and that is all.
    func look() {
        if let count = processes()?.count { found.store(count, ordering: .relaxed) }
    }

    /// Who they are; nil where that cannot be seen.
    func processes() -> [Int32]? {
        var status = stat()
        guard stat(shm, &status) == 0, let locks = Self.contents(of: "/proc/locks") else { return nil }
        return Self.processes(in: locks, inode: UInt64(status.st_ino), besides: getpid())
    }

    /// Lines as of proc(5): `1: POSIX ADVISORY READ 2345 fe:00:131077 128 128`.
    static func count(in locks: String, inode: UInt64, besides own: pid_t) -> Int {
        processes(in: locks, inode: inode, besides: own).count
    }

    private static func processes(in locks: String, inode: UInt64, besides own: pid_t) -> [Int32] {
        let file = ":\(inode)"
        var processes: Set<Int32> = []
        for line in locks.split(separator: "\n") where line.contains(file) {
            let words = line.split(separator: " ")
            // A waiting lock has an arrow before its kind.
            guard words.count >= 8, words[1] == "POSIX", words[5].hasSuffix(file), words[6] == dmsByte else { continue }
            if let process = Int32(words[4]), process != own { processes.insert(process) }
        }
        return processes.sorted()
    }

    private static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
