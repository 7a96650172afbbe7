import CFuse3
import Glibc
import Persist

/// The functions that libfuse calls: one for each request of the kernel, in files by what they are about.
///
/// What is nil here is nil for a reason:
/// - `forget`: node ids are the store's, so there is nothing to forget.
/// - `access`: permissions are checked where something is done.
/// - `write_buf`: libfuse then hands over the bytes in place.
/// - `getlk`, `setlk`, `flock`: the kernel then does locks between local processes by itself.
/// - `releasedir`: directories are never opened.
enum Callbacks {
    static func table() -> fuse_lowlevel_ops {
        var table = fuse_lowlevel_ops()
        table.`init` = initialize
        addNames(to: &table)
        addFiles(to: &table)
        addRanges(to: &table)
        addDirectories(to: &table)
        addAttributes(to: &table)
        return table
    }

    /// What we want of what the kernel can: see `Handshake` for the rest.
    private static let wanted: UInt32 =
        UInt32(FUSE_CAP_ASYNC_READ)  // several reads of one file at once
        | UInt32(FUSE_CAP_ATOMIC_O_TRUNC)  // O_TRUNC comes with OPEN
        | UInt32(FUSE_CAP_EXPORT_SUPPORT)  // `.` and `..` are looked up, for NFS
        | UInt32(FUSE_CAP_DONT_MASK)  // the umask comes with the request
        | UInt32(FUSE_CAP_READDIRPLUS)  // always, not only when the kernel expects lookups: hence not _AUTO
        | UInt32(FUSE_CAP_ASYNC_DIO)
        | UInt32(FUSE_CAP_PARALLEL_DIROPS)
        | UInt32(FUSE_CAP_HANDLE_KILLPRIV)  // set-id bits are cleared here
        | UInt32(FUSE_CAP_CACHE_SYMLINKS)
        | UInt32(FUSE_CAP_NO_OPENDIR_SUPPORT)
        | UInt32(FUSE_CAP_EXPLICIT_INVAL_DATA)  // pages go when we say so, hence not AUTO_INVAL_DATA

    private static let initialize:
        @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<fuse_conn_info>?) ->
            Void = { _, connection in
                guard let connection else { return }
                connection.pointee.want = connection.pointee.capable & wanted
                connection.pointee.max_write = UInt32(Worker.messageBytesMax)
                // With the default of 12, slow reads of some files keep reads of others from being sent at all.
                connection.pointee.max_background = 256
                connection.pointee.congestion_threshold = 256
            }
}
