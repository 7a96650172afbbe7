import CFuse3
import CLinux
import Glibc
import Persist
import PersistVFS
import Testing

@testable import PersistFUSE

@Suite("What the kernel says and hears")
struct ConversionTests {
    private func attributes(isVolatile: Bool = false, mtime: Timestamp = Timestamp(nanoseconds: -1)) -> Attributes {
        Attributes(
            id: NodeID(77), kind: .symlink, mode: 0o7751, uid: 1, gid: 2, links: 3, size: 4, blocks: 5, atime: mtime,
            mtime: mtime, ctime: mtime, device: 6, isVolatile: isVolatile)
    }

    @Test("R4 attributes are shown whole, times before 1970 too")
    func stat() {
        let stat = attributes().stat
        #expect(stat.st_ino == 77 && stat.st_mode == S_IFLNK | 0o7751 && stat.st_nlink == 3)
        #expect(stat.st_uid == 1 && stat.st_gid == 2 && stat.st_size == 4 && stat.st_blocks == 5 && stat.st_rdev == 6)
        #expect(stat.st_mtim.tv_sec == -1 && stat.st_mtim.tv_nsec == 999_999_999)
        #expect(Timestamp(stat.st_mtim) == Timestamp(nanoseconds: -1))
    }

    @Test("R9 the kernel keeps attributes and names for an hour, but nothing of a control file")
    func timeouts() {
        let kept = attributes().entry
        #expect(kept.ino == 77 && kept.generation == 0 && kept.attr_timeout == 3600 && kept.entry_timeout == 3600)
        let volatile = attributes(isVolatile: true).entry
        #expect(volatile.attr_timeout == 0 && volatile.entry_timeout == 0)
    }

    @Test("Flags of open(2)")
    func openFlags() {
        #expect(OpenFlags(linux: O_RDONLY) == .read)
        #expect(OpenFlags(linux: O_WRONLY | O_TRUNC) == [.write, .truncate])
        #expect(OpenFlags(linux: O_RDWR | O_APPEND | O_EXCL) == [.read, .write, .append, .exclusive])
    }

    @Test("Flags of renameat2(2) and setxattr(2); what we do not know is refused")
    func otherFlags() {
        #expect(Rename.Mode(linux: 0) == .replace)
        #expect(Rename.Mode(linux: 1) == .noReplace)
        #expect(Rename.Mode(linux: 2) == .exchange)
        #expect(Rename.Mode(linux: 4) == nil)
        #expect(AttributeMode(linux: 0) == .set)
        #expect(AttributeMode(linux: 1) == .create)
        #expect(AttributeMode(linux: 2) == .replace)
        #expect(AttributeMode(linux: 3) == nil)
    }

    @Test("SETATTR changes what it names, and now is now")
    func setattr() {
        var given = attributes(mtime: Timestamp(nanoseconds: 5)).stat
        given.st_size = 9
        let size = AttributeSetting(given, valid: FUSE_SET_ATTR_SIZE)
        #expect(size.size == 9 && size.mode == nil && size.uid == nil && size.gid == nil)
        #expect(size.atime == nil && size.mtime == nil)
        let times = AttributeSetting(
            given, valid: FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MODE)
        #expect(times.mode == 0o7751 && times.size == nil)
        guard case .now = times.atime, case .at(let mtime) = times.mtime else {
            Issue.record("\(times)")
            return
        }
        #expect(mtime == Timestamp(nanoseconds: 5))
    }

    @Test("mknod(2) makes what has a kind, a regular file where it says none, and no directory")
    func kinds() {
        for kind in [Node.Kind.file, .fifo, .socket, .characterDevice, .blockDevice] {
            #expect(Node.Kind(mode: kind.format | 0o644) == kind)
        }
        #expect(Node.Kind(mode: 0o644) == .file)
        #expect(Node.Kind(mode: S_IFDIR) == nil)
    }

    @Test("A comma in a name does not end a mount option")
    func options() {
        let options = SessionOptions(fsname: #"a,b\c"#, allowOther: true, isReadOnly: true, extra: ["noatime"])
        #expect(
            options.arguments == [
                "persistfs", "-o", #"fsname=a\,b\\c"#, "-o", "subtype=persistfs", "-o", "allow_other", "-o", "ro",
                "-o", "noatime",
            ])
    }

    @Test("The table of mounts is read with its escapes, and the last mount on a directory is the one seen")
    func mountTable() {
        let table = Array(
            #"""
            22 1 254:0 / / rw - ext4 /dev/vda rw
            42 22 0:39 / /mnt/my\040store\134x rw,nosuid - fuse.persistfs a\040b rw
            43 22 0:40 / /mnt/twice rw - tmpfs none rw
            44 43 0:41 / /mnt/twice rw - fuse.persistfs none rw
            """#.utf8)
        #expect(MountTable.device(on: Array(#"/mnt/my store\x"#.utf8), in: table) == "0:39")
        #expect(MountTable.device(on: Array("/mnt/twice".utf8), in: table) == "0:41")
        #expect(MountTable.device(on: Array("/mnt".utf8), in: table) == nil)
    }

    @Test("A directory that cannot be mounted on is refused in words, before anything is mounted")
    func refusals() {
        #expect(throws: SessionError.mountPointMissing("/nonexistent-persistfs")) {
            try SessionError.check(mountPoint: "/nonexistent-persistfs")
        }
        #expect(throws: SessionError.mountPointNotDirectory("/etc/passwd")) {
            try SessionError.check(mountPoint: "/etc/passwd")
        }
        #expect("\(SessionError.mountPointMissing("/x"))" == "/x: no such directory to mount on")
    }
}
