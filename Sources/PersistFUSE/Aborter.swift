import CLinux
import Glibc

/// A small process beside this one, which aborts the FUSE connection if this one is killed.
///
/// The kernel does that when the last descriptor of /dev/fuse is closed, which a thread that waits in the kernel for the
/// answer to one of our own requests prevents for ever: all clients would hang (Documentation/filesystems/fuse.rst).
public struct Aborter: Sendable {
    /// Open as long as this process lives.
    private let pipe: Int32

    /// It lives no longer than the calling thread, which is the one to serve the mount. Before the process has much memory:
    /// what it has then the two share, until this one changes it.
    ///
    /// - Returns: nil where it cannot be started.
    public init?() {
        pipe = clinux_start_aborter()
        guard pipe >= 0 else { return nil }
    }

    /// Names the connection: once. Where fusectl is not mounted and this is not root, nothing is watched.
    public func watch(_ session: Session) {
        // Its number is the minor one of the device, the major one of which is 0.
        guard let number = session.device?.split(separator: ":").last else { return }
        var text = String(number)
        _ = text.withUTF8 { write(pipe, $0.baseAddress, $0.count) }
    }
}
