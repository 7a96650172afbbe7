internal import FoundationEssentials
internal import Glibc
internal import Linux

/// What a process that goes on after its directory was unmounted tells `persistfs status`: a file in the run directory,
/// written anew every second. Where something is left at its end, or lost, it stays, for `persistfs umount`, which may have
/// had no answer while there was a mount, and sees no log of one in the foreground; whoever looks for these notes next
/// takes it away.
///
/// No mount leads to it any more, and by umount(8) nobody has waited for it.
struct DrainNote: Sendable {
    let path: String
    private static let prefix = "sending-"
    private static let suffix = ".json"

    /// nil: there is no place for it.
    init?() {
        guard let own = ProcessIdentity(pid: getpid()) else { return nil }
        self.init(of: own)
    }

    /// Where a process of this user's, with these variables, has its own.
    init?(of process: ProcessIdentity) {
        guard let directory = try? RunDirectory.make() else { return nil }
        path = "\(directory)/\(Self.prefix)\(process.text)\(Self.suffix)"
    }

    /// As `MountStatus.endNote` has it.
    init(shown: String) { path = String(decoding: ShownText.bytes(of: shown), as: UTF8.self) }

    private init(path: String) { self.path = path }

    func remove() { unlink(path) }

    func write(_ status: MountStatus) { status.write(to: path) }

    /// What the log says at the very end, beside what is there already.
    func add(_ lines: [MountStatus.LoggedLine], to status: () -> MountStatus) {
        var last = read() ?? status()
        last.isUnmounted = true
        last.lastErrors = lines
        write(last)
    }

    /// nil: the process has written none.
    func read() -> MountStatus? {
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
            return DrainNote(path: path).read()
        }
    }
}
