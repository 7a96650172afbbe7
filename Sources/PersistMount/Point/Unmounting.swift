internal import Glibc
internal import Linux

/// Taking a mount away: umount2(2) as root, else by fusermount3, which is setuid.
public enum Unmounting {
    /// nil where it is unmounted; EBUSY while a program is in it.
    public static func unmount(_ path: String) -> String? { run(path, isLazy: false) }

    /// Out of the tree at once, whoever uses it: for dead mounts.
    public static func detach(_ path: String) -> String? { run(path, isLazy: true) }

    private static func run(_ path: String, isLazy: Bool) -> String? {
        // MNT_DETACH, UMOUNT_NOFOLLOW of umount2(2)
        if umount2(path, (isLazy ? 2 : 0) | 8) == 0 { return nil }
        let number = errno
        guard number == EPERM else { return errorText(number) }
        do {
            let ended = try Subprocess.run(
                "fusermount3", ["-u"] + (isLazy ? ["-z"] : []) + ["-q", "--", path])
            return ended.status == 0 ? nil : (ended.output.isEmpty ? errorText(EBUSY) : ended.output)
        } catch {
            return error.why
        }
    }
}
