import CFuse3
import CLinux
import Glibc
import Persist
import PersistVFS

/// Seconds that the kernel may keep what it was told: it is told of every change (R9), so as good as for ever.
let keptSeconds: Double = 3600

extension Attributes {
    /// How long the kernel may keep these, and a name that leads to them.
    var timeout: Double { isVolatile ? 0 : keptSeconds }

    var stat: stat {
        var result = Glibc.stat()
        result.st_ino = .init(id.rawValue)
        result.st_mode = kind.format | UInt32(mode & 0o7777)
        result.st_nlink = .init(links)
        result.st_uid = uid
        result.st_gid = gid
        result.st_size = .init(clamping: size)
        result.st_blocks = .init(clamping: blocks)
        result.st_blksize = 4096
        result.st_atim = atime.timespec
        result.st_mtim = mtime.timespec
        result.st_ctim = ctime.timespec
        result.st_rdev = .init(device)
        return result
    }

    var entry: fuse_entry_param {
        fuse_entry_param(
            ino: id.rawValue, generation: 0, attr: stat, attr_timeout: timeout, entry_timeout: timeout)
    }
}

extension Timestamp {
    var timespec: timespec { Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(subsecond)) }

    init(_ time: timespec) { self.init(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec)) }
}

extension Node.Kind {
    /// The type bits of st_mode.
    var format: UInt32 {
        switch self {
        case .file: S_IFREG
        case .directory: S_IFDIR
        case .symlink: S_IFLNK
        case .fifo: S_IFIFO
        case .socket: S_IFSOCK
        case .characterDevice: S_IFCHR
        case .blockDevice: S_IFBLK
        }
    }

    /// What mknod(2) is asked to make; type bits of zero are a regular file.
    init?(mode: UInt32) {
        switch mode & S_IFMT {
        case 0, S_IFREG: self = .file
        case S_IFIFO: self = .fifo
        case S_IFSOCK: self = .socket
        case S_IFCHR: self = .characterDevice
        case S_IFBLK: self = .blockDevice
        default: return nil
        }
    }
}

extension OpenFlags {
    #if arch(arm64) || arch(arm) || arch(powerpc64le)
        private static let linuxDirect: Int32 = 0o200000
    #else
        private static let linuxDirect: Int32 = 0o40000
    #endif

    /// From the flags of open(2).
    init(linux flags: Int32) {
        self = []
        if flags & O_ACCMODE != O_WRONLY { insert(.read) }
        if flags & O_ACCMODE != O_RDONLY { insert(.write) }
        if flags & O_APPEND != 0 { insert(.append) }
        if flags & O_TRUNC != 0 { insert(.truncate) }
        if flags & O_EXCL != 0 { insert(.exclusive) }
        if flags & Self.linuxDirect != 0 { insert(.direct) }
    }
}

extension AttributeSetting {
    /// - Parameter valid: which of `attributes` count (FUSE_SET_ATTR_*).
    init(_ attributes: stat, valid: Int32) {
        self.init()
        if valid & FUSE_SET_ATTR_MODE != 0 { mode = UInt16(attributes.st_mode & 0o7777) }
        if valid & FUSE_SET_ATTR_UID != 0 { uid = attributes.st_uid }
        if valid & FUSE_SET_ATTR_GID != 0 { gid = attributes.st_gid }
        if valid & FUSE_SET_ATTR_SIZE != 0 { size = UInt64(clamping: attributes.st_size) }
        if valid & FUSE_SET_ATTR_ATIME_NOW != 0 {
            atime = .now
        } else if valid & FUSE_SET_ATTR_ATIME != 0 {
            atime = .at(Timestamp(attributes.st_atim))
        }
        if valid & FUSE_SET_ATTR_MTIME_NOW != 0 {
            mtime = .now
        } else if valid & FUSE_SET_ATTR_MTIME != 0 {
            mtime = .at(Timestamp(attributes.st_mtim))
        }
    }
}

extension Opened {
    func apply(to info: inout fuse_file_info) {
        info.fh = handle
        info.direct_io = usesDirectIO ? 1 : 0
        info.keep_cache = keepsCache ? 1 : 0
        info.noflush = needsNoFlush ? 1 : 0
    }
}

extension StoreStatistics {
    /// In units of 4 KiB. Names are bounded by space alone, so there are always as many free as there are blocks.
    var statvfs: statvfs {
        let unit: UInt64 = 4096
        var result = Glibc.statvfs()
        result.f_bsize = UInt(unit)
        result.f_frsize = UInt(unit)
        result.f_bfree = .init(bytesFree / unit)
        result.f_bavail = .init(bytesFree / unit)
        result.f_blocks = .init((bytesUsed + bytesFree) / unit)
        // No bound on files, so no number of them, as on btrfs: counting takes the longer the more there are.
        result.f_namemax = UInt(FileName.bytesMax)
        return result
    }
}

extension [UInt8] {
    /// A name or a path of the kernel's.
    init(cString: UnsafePointer<CChar>?) {
        guard let cString else {
            self = []
            return
        }
        let bytes = UnsafeRawBufferPointer(start: cString, count: strlen(cString))
        self.init(bytes)
    }
}
