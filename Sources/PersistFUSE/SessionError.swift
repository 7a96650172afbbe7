import CFuse3
import CLinux
import Glibc

/// Why a directory could not be mounted on, in words for the person who asked.
public enum SessionError: Error, Sendable, Equatable {
    /// No `/dev/fuse`: the kernel module is not loaded, or the container does not pass the device on.
    case noDevice
    /// `/dev/fuse` is there but may not be opened.
    case deviceDenied
    /// Somebody other than root needs `fusermount3`.
    case noHelper
    case mountPointMissing(String)
    case mountPointNotDirectory(String)
    /// A dead mount is in the way ("Transport endpoint is not connected").
    case mountPointDead(String)
    case mountPointFailed(String, errno: Int32)
    /// libfuse does not know an option; in its words.
    case badOption(String)
    /// mount(2) or fusermount3 refused, in its own words.
    case mountFailed(String)
}

extension SessionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noDevice:
            "/dev/fuse is missing: load the kernel module (modprobe fuse), or start the container with --device /dev/fuse"
        case .deviceDenied: "no permission to open /dev/fuse"
        case .noHelper: "fusermount3 is not installed, and only root can mount without it: install the package fuse3"
        case .mountPointMissing(let path): "\(path): no such directory to mount on"
        case .mountPointNotDirectory(let path): "\(path): not a directory"
        case .mountPointDead(let path):
            "\(path): a mount whose program has ended is still there: fusermount3 -u '\(path)' removes it"
        case .mountPointFailed(let path, let errno): "\(path): \(String(cString: strerror(errno)))"
        case .badOption(let words): "the mount options were refused: \(words)"
        case .mountFailed(let words): "the mount was refused: \(words)"
        }
    }
}

extension SessionError {
    /// Looks before libfuse does, whose words are for programmers.
    static func check(mountPoint: String) throws(SessionError) {
        var found = stat()
        guard stat(mountPoint, &found) == 0 else {
            switch Glibc.errno {
            case ENOENT: throw .mountPointMissing(mountPoint)
            case ENOTDIR: throw .mountPointNotDirectory(mountPoint)
            case ENOTCONN, ECONNABORTED: throw .mountPointDead(mountPoint)
            case let number: throw .mountPointFailed(mountPoint, errno: number)
            }
        }
        guard found.st_mode & S_IFMT == S_IFDIR else { throw .mountPointNotDirectory(mountPoint) }
        if access("/dev/fuse", F_OK) != 0 { throw .noDevice }
        if access("/dev/fuse", R_OK | W_OK) != 0 { throw .deviceDenied }
        if geteuid() != 0, !isInPath("fusermount3") { throw .noHelper }
    }

    private static func isInPath(_ program: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}
