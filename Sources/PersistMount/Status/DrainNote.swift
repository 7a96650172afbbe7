internal import FoundationEssentials
internal import Glibc
internal import Linux

/// What a process that goes on after its directory was unmounted tells `persistfs status`: a file in the run directory,
/// written anew every second, gone with the process.
///
/// No mount leads to it any more, and by umount(8) nobody has waited for it.
final class DrainNote: Sendable {
    private let path: String
    private static let prefix = "sending-"

    /// nil: there is no place for it.
    init?() {
        guard let directory = try? RunDirectory.make() else { return nil }
        path = "\(directory)/\(Self.prefix)\(getpid()).json"
    }

    deinit { unlink(path) }

    func write(_ status: MountStatus) { status.write(to: path) }

    /// Those of processes that are there; of others the file goes.
    static func all() -> [MountStatus] {
        guard let directory = try? RunDirectory.make() else { return [] }
        return namesIn(directory).sorted().compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix(".json"), let bytes = readWhole("\(directory)/\(name)"),
                let status = try? JSONDecoder().decode(MountStatus.self, from: Data(bytes))
            else { return nil }
            guard kill(status.pid, 0) == 0 || errno == EPERM else {
                unlink("\(directory)/\(name)")
                return nil
            }
            return status
        }
    }
}
