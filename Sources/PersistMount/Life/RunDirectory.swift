internal import Glibc
internal import Linux

/// Where the logs of background mounts lie: on a filesystem that a restart of the machine empties.
///
/// `$XDG_RUNTIME_DIR/persistfs`; of root `/run/persistfs`; else `/tmp/persistfs-UID`. Mode 0700 and the user's own,
/// or it is not used: in /tmp anybody may have made it.
public enum RunDirectory {
    /// - Throws: `.failed`.
    public static func make() throws(MountFailure) -> String {
        let path = place()
        if mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw MountFailure(
                path, errorText(errno), hint: "Say where to log to: --log FILE", status: .failed)
        }
        var found = stat()
        guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR, found.st_uid == geteuid(),
            found.st_mode & 0o022 == 0
        else {
            throw MountFailure(
                path, "is not a directory that only you can write", hint: "Say where to log to: --log FILE",
                status: .failed)
        }
        return path
    }

    private static func place() -> String {
        if let directory = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), directory.hasPrefix("/"),
            access(directory, W_OK | X_OK) == 0
        {
            return directory + "/persistfs"
        }
        if geteuid() == 0, access("/run", W_OK | X_OK) == 0 { return "/run/persistfs" }
        return "/tmp/persistfs-\(geteuid())"
    }

    /// The log of a mount point: `/mnt/my-app` has `mnt-my%2dapp.log`.
    static func logName(_ mountPoint: String) -> String {
        var name = ""
        for byte in mountPoint.utf8.drop(while: { $0 == UInt8(ascii: "/") }) {
            let scalar = Unicode.Scalar(byte)
            switch byte {
            case UInt8(ascii: "/"): name += "-"
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                name.unicodeScalars.append(scalar)
            default: name += "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }
        }
        // NAME_MAX is 255: of a long path the end tells most.
        return String(name.suffix(200)) + ".log"
    }
}

extension RunDirectory {
    /// - Throws: `.failed` where there is no place for it.
    public static func log(for directory: String) throws(MountFailure) -> String {
        try make() + "/" + logName(PathText.resolved(directory))
    }
}
