import CFuse3
import CLinux
import Glibc

/// How libfuse reads and writes /dev/fuse: as it would by itself, but that the handshake sees INIT and its answer.
enum DeviceIO {
    /// Tells the session to read and write through here. After the mount, before the first message.
    ///
    /// - Returns: 0, or an errno.
    static func install(in session: OpaquePointer) -> Int32 {
        var io = fuse_custom_io()
        io.read = { fd, buffer, bytes, userdata in
            let count = Glibc.read(fd, buffer, bytes)
            if count > 0 {
                let service = Service.of(userdata)
                if service.isShakingHands {
                    service.received(UnsafeRawBufferPointer(start: buffer, count: count))
                }
            }
            return count
        }
        io.writev = { fd, parts, count, userdata in
            let service = Service.of(userdata)
            guard service.isShakingHands, count == 2, let parts else { return Glibc.writev(fd, parts, count) }
            service.sending(
                header: UnsafeRawBufferPointer(start: parts[0].iov_base, count: parts[0].iov_len),
                body: UnsafeMutableRawBufferPointer(start: parts[1].iov_base, count: parts[1].iov_len))
            defer { service.sent() }
            return Glibc.writev(fd, parts, count)
        }
        return -fuse_session_custom_io(session, &io, fuse_session_fd(session))
    }
}
