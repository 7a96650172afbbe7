internal import CLinux
internal import Glibc
internal import Linux
internal import Persist
import Synchronization

/// Where the local copy of a far side lies, with what has not been sent: for one mount at a time.
///
/// `$XDG_CACHE_HOME/persistfs/NAME`, `~/.cache/persistfs/NAME`, or below `cache_dir`; mode 0700. It survives restarts
/// of the machine: what is in it may be nowhere else yet.
final class CacheDirectory: Sendable {
    let path: String
    private let descriptor: Int32

    /// The file of the local store.
    var store: String { path + "/cache.db" }

    /// Makes and locks it.
    ///
    /// - Parameters:
    ///   - identity: of the far side: two have different ones.
    ///   - shown: what a person knows it by.
    ///   - parent: as `cache_dir` says.
    /// - Throws: `.busy` where another mount has it, `.failed`.
    init(for identity: String, shown: String, in parent: String?) throws(MountFailure) {
        path = try Self.place(for: identity, in: parent)
        try Self.make(path)
        let opened = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw MountFailure(ShownText.line(path + "/lock"), errorText(errno), status: .failed)
        }
        // From here on `deinit` closes it, of an object that is not finished too.
        descriptor = opened
        let place = path
        guard Self.lock(opened, whoHasIt: { Self.mount(of: place) }) else {
            let number = errno
            let holder = readWhole(path + "/lock").map { String(decoding: $0, as: UTF8.self) } ?? ""
            if number == EWOULDBLOCK, let mount = Self.mount(of: path) {
                throw MountFailure(
                    ShownText.line(shown), "is mounted already, at \(mount)",
                    hint: "Use the files there, or unmount it: persistfs umount \(mount)", status: .busy)
            }
            throw MountFailure(
                ShownText.line(shown),
                number == EWOULDBLOCK
                    ? "is in use: process \(holder) still sends what was written"
                    : errorText(number),
                hint:
                    "What is not sent waits in the cache, \(ShownText.line(path)): end the process, or let it finish.",
                status: .busy)
        }
        LastStatus.remove(in: path)
        // For who finds it locked.
        ftruncate(descriptor, 0)
        writeAll(descriptor, Array("\(getpid())".utf8))
    }

    /// Waits a little: a mount that has just been taken away sends its last files, a command its last value.
    private static func lock(_ descriptor: Int32, whoHasIt: () -> String?) -> Bool {
        for round in 0..<50 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK else { return false }
            if round == 0, whoHasIt() != nil {
                errno = EWOULDBLOCK
                return false
            }
            usleep(100_000)
        }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    deinit { close(descriptor) }

    /// Where it is mounted, as far as that can be seen.
    private static func mount(of path: String) -> String? {
        let items = try? MountList.find(at: nil)
        return items?.first {
            $0.status?.isUnmounted != true && $0.status?.far?.cache == ShownText.line(path + "/cache.db")
        }?.mountPoint
    }

    static func place(for identity: String, in parent: String?) throws(MountFailure) -> String {
        let name = String(decoding: SHA256.hexDigest(of: Array(identity.utf8)).prefix(20), as: UTF8.self)
        if let parent { return PathText.absolute(parent) + "/" + name }
        if let home = getenv("XDG_CACHE_HOME").map({ String(cString: $0) }), home.hasPrefix("/") {
            return home + "/persistfs/" + name
        }
        guard let home = getenv("HOME").map({ String(cString: $0) }), home.hasPrefix("/") else {
            throw MountFailure(
                "HOME", "is not set: where is the cache to be?",
                hint: "Say it: -o cache_dir=DIR of mount, --cache-dir DIR of others", status: .usage)
        }
        return home + "/.cache/persistfs/" + name
    }

    private static func make(_ path: String) throws(MountFailure) {
        var made = ""
        for component in path.split(separator: "/") {
            made += "/" + component
            if mkdir(made, 0o700) != 0 && errno != EEXIST && errno != EROFS {
                throw MountFailure(
                    ShownText.line(made), errorText(errno),
                    hint: "Say where the cache is to be: -o cache_dir=DIR of mount, --cache-dir DIR of others",
                    status: .failed)
            }
        }
        var found = stat()
        guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR, found.st_uid == geteuid(),
            found.st_mode & 0o022 == 0
        else {
            throw MountFailure(
                ShownText.line(path), "is not a directory that only you can write",
                hint: "Say where the cache is to be: -o cache_dir=DIR of mount, --cache-dir DIR of others",
                status: .failed)
        }
    }
}
