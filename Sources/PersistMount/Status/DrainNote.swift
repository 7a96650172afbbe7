internal import FoundationEssentials
internal import Glibc
internal import Linux

/// What a process that goes on after its directory was unmounted tells `persistfs status`: a file in the run directory,
/// written anew every second. Where something is left at its end it stays, for `persistfs umount`, which may have had no
/// answer while there was a mount; whoever looks for these notes next takes it away.
///
/// No mount leads to it any more, and by umount(8) nobody has waited for it.
struct DrainNote: Sendable {
    private let path: String
    private static let prefix = "sending-"
    private static let suffix = ".json"

    /// nil: there is no place for it.
    init?() {
        guard let own = ProcessIdentity(pid: getpid()), let path = Self.path(of: own) else { return nil }
        self.path = path
    }

    func remove() { unlink(path) }

    func write(_ status: MountStatus) { status.write(to: path) }

    private static func path(of process: ProcessIdentity) -> String? {
        (try? RunDirectory.make()).map { "\($0)/\(prefix)\(process.text)\(suffix)" }
    }

    /// nil: that process has written none.
    static func read(of process: ProcessIdentity) -> MountStatus? {
        path(of: process).flatMap(read)
    }

    static func remove(of process: ProcessIdentity) {
        if let path = path(of: process) { unlink(path) }
    }

    private static func read(_ path: String) -> MountStatus? {
        readWhole(path).flatMap { try? JSONDecoder().decode(MountStatus.self, from: Data($0)) }
    }

    /// Those of processes that are there; of others the file goes: a killed one could not take it along, and its number
    /// may be another's by now.
    static func all() -> [MountStatus] {
        guard let directory = try? RunDirectory.make() else { return [] }
        return namesIn(directory).sorted().compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
            let path = "\(directory)/\(name)"
            guard ProcessIdentity(text: name.dropFirst(prefix.count).dropLast(suffix.count)) != nil else {
                unlink(path)
                return nil
            }
            return read(path)
        }
    }
}
