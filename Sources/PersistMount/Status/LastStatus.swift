internal import FoundationEssentials
internal import Glibc
internal import Linux

/// What a daemon with a far side leaves beside its cache when it ends: the status as it is then. `umount` says by it what
/// has not been sent, whatever it saw while the daemon still sent.
enum LastStatus {
    private static let name = "/last.json"

    /// - Parameter directory: of the cache.
    static func write(_ status: MountStatus, in directory: String) { status.write(to: directory + name) }

    /// nil: the process has said nothing at its end.
    static func read(of far: MountStatus.Far, by pid: Int32?) -> MountStatus? {
        let cache = String(decoding: ShownText.bytes(of: far.cache), as: UTF8.self)
        guard let pid, let bytes = readWhole(PathText.parent(cache) + name),
            let status = try? JSONDecoder().decode(MountStatus.self, from: Data(bytes)), status.pid == pid
        else { return nil }
        return status
    }

    /// Of the process before.
    static func remove(in directory: String) { unlink(directory + name) }
}

extension MountStatus {
    /// Whole or not at all.
    func write(to path: String) {
        let part = path + ".part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        let isWhole = writeAll(descriptor, json)
        close(descriptor)
        if !isWhole || rename(part, path) != 0 { unlink(part) }
    }
}
