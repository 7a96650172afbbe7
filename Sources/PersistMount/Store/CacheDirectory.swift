internal import Glibc
internal import Linux
internal import Persist

/// Where the local copy of a far side lies, with what has not been sent: for one mount at a time.
///
/// `$XDG_CACHE_HOME/persistfs/NAME`, `~/.cache/persistfs/NAME`, or below `cache_dir`; mode 0700. It survives restarts
/// of the machine: what is in it may be nowhere else yet.
final class CacheDirectory: Sendable {
    let path: String
    /// From a process that still sent what had been written, and was asked to leave that.
    let isTakenOver: Bool
    private let lock: CacheLock

    /// The file of the local store.
    var store: String { path + "/cache.db" }

    /// Makes and locks it.
    ///
    /// - Parameters:
    ///   - identity: of the far side: two have different ones.
    ///   - shown: what a person knows it by.
    ///   - parent: as `cache_dir` says.
    ///   - patience: how many milliseconds a process that only sends what was written gets, before it is asked to end.
    /// - Throws: `.busy` where another mount has it, `.failed`.
    init(for identity: String, shown: String, in parent: String?, patience: Int = 0) throws(MountFailure) {
        path = try Self.place(for: identity, in: parent)
        try Self.make(path)
        lock = try CacheLock(in: path)
        let place = path
        switch lock.take(patience: patience, isServed: { Self.mount(of: place) != nil }) {
        case .atOnce: isTakenOver = false
        case .after: isTakenOver = true
        case .isServed:
            let mount = Self.mount(of: path)
            throw MountFailure(
                ShownText.line(shown), "is mounted already\(mount.map { ", at \($0)" } ?? "")",
                hint: mount.map { "Use the files there, or unmount it: persistfs umount \($0)" }, status: .busy)
        case .failed(EWOULDBLOCK):
            throw MountFailure(
                ShownText.line(shown), "is in use: \(lock.holder) still sends what was written",
                hint: "What is not sent waits in the cache, \(ShownText.line(path)): "
                    + (lock.stoppedHolder.map { "let the process go on (kill -CONT \($0)), or end it." }
                        ?? "end the process, or let it finish."),
                status: .busy)
        case .failed(let number):
            throw MountFailure(ShownText.line(shown), errorText(number), status: .failed)
        }
        LastStatus.remove(in: path)
    }

    /// By it the processes of an adapter are known that works for this cache.
    var word: String { lock.word }
    /// Who had it before was killed.
    var isAfterKilled: Bool { lock.isAfterKilled }

    /// Another process waits for it: it may only be asked where no directory is mounted any more.
    var isWanted: Bool { lock.isWanted }

    /// Nothing of it is used any more. Idempotent.
    func release() { lock.release() }

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
