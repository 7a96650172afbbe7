import Persist
import PersistMount
import Testing

@Suite("The options of a mount")
struct MountOptionsTests {
    @Test("what mount(8) and fstab pass is taken, and what is not for us is dropped")
    func genericOptions() throws {
        let options = try MountOptions(parsing: [
            "rw,nosuid,nodev,noatime,_netdev,user,x-systemd.automount,comment=a", "defaults,nofail,relatime",
        ])
        #expect(options.kernelOptions == ["nosuid", "nodev", "noatime"])
        #expect(!options.isReadOnly)
        #expect(try MountOptions(parsing: ["rw,ro"]).isReadOnly)
        #expect(try !MountOptions(parsing: ["ro", "rw"]).isReadOnly)
    }

    @Test("owner, mask and name are read; a comma in a name is escaped")
    func owner() throws {
        let options = try MountOptions(parsing: [#"uid=12,gid=13,umask=027,fsname=a\,b\\c=d,allow_other"#])
        #expect(options.uid == 12 && options.gid == 13 && options.umask == 0o027)
        #expect(options.fsname == #"a,b\c=d"#)
        #expect(options.allowOther && options.kernelChecksPermissions)
    }

    @Test("R10 a command for conflicts is split as a shell splits words; commas in it are escaped")
    func conflictCommand() throws {
        let options = try MountOptions(parsing: [#"conflict_command=/bin/sh -c 'echo a\,b' x,ro"#])
        #expect(options.conflictCommand == ["/bin/sh", "-c", "echo a,b", "x"] && options.isReadOnly)
        for bad in ["conflict_command=", "conflict_command='a", "conflict_command=/no/such", "conflict_command"] {
            let failure = try #require(throws: MountFailure.self) { _ = try MountOptions(parsing: [bad]) }
            #expect(failure.status == .usage, "\(bad)")
        }
    }

    @Test("R14 each bound has an option, with its unit")
    func bounds() throws {
        let options = try MountOptions(parsing: [
            "record_bytes_max=1K,kv_bytes_max=2048,blob_bytes_max=2G,line_bytes_max=64k,xattr_bytes_max=0",
            "open_files_max=100,unpublished_bytes_max=16M,reserve_bytes=1M,wal_bytes_max=2M,busy_milliseconds=250,events=rw,adopt",
        ])
        #expect(options.limits.recordBytesMax == 1024)
        #expect(options.limits.kvBytesMax == 2048)
        #expect(options.limits.blobBytesMax == 2 << 30)
        #expect(options.limits.lineBytesMax == 64 << 10)
        #expect(options.limits.attributeBytesMax == 0)
        #expect(options.openFilesMax == 100)
        #expect(options.unpublishedBytesMax == 16 << 20)
        #expect(options.reserveBytes == 1 << 20)
        #expect(options.walBytesMax == 2 << 20)
        #expect(options.limits.busyMilliseconds == 250 && options.setsBusyMilliseconds)
        #expect(options.limits.removesEvents && options.adopts)
    }

    @Test("what programs wait for of a far side has options")
    func farSide() throws {
        let options = try MountOptions(parsing: ["fsync=remote,dirty_max=64M", "far_wait_seconds=5"])
        #expect(options.fsyncReachesFarSide && options.dirtyBytesMax == 64 << 20)
        #expect(options.farWaitMilliseconds == 5_000)
        #expect(try !MountOptions(parsing: ["fsync=remote", "fsync=local"]).fsyncReachesFarSide)
        #expect(!MountOptions().fsyncReachesFarSide)
    }

    @Test(
        "an option that is unknown, or has no sense, is named",
        arguments: [
            ("bogus", "-o bogus"), ("ro,bogus=1", "-o bogus"), ("umask=9", "-o umask=9"), ("umask", "-o umask"),
            ("uid=-1", "-o uid=-1"), ("gid=x", "-o gid=x"), ("record_bytes_max=1X", "-o record_bytes_max=1X"),
            ("record_bytes_max=0", "-o record_bytes_max=0"), ("line_bytes_max=1T", "-o line_bytes_max=1T"),
            ("blob_bytes_max=99999999999T", "-o blob_bytes_max=99999999999T"), ("events=ro", "-o events=ro"),
            ("fsname=", "-o fsname"), ("remount", "-o remount"), ("subtype=ext4", "-o subtype=ext4"),
            ("busy_milliseconds=0", "-o busy_milliseconds=0"), ("ro=1", "-o ro"),
            ("fsync=far", "-o fsync=far"), ("fsync", "-o fsync"), ("dirty_max=1", "-o dirty_max=1"),
            ("far_wait_seconds=0", "-o far_wait_seconds=0"),
        ])
    func refused(_ list: String, _ what: String) throws {
        let failure = try #require(throws: MountFailure.self) { _ = try MountOptions(parsing: [list]) }
        #expect(failure.what == what)
        #expect(failure.status == .usage)
    }

    @Test("sizes are read as people write them, and shown without overstating")
    func byteCounts() {
        #expect(ByteCount.parse("1T") == 1 << 40)
        #expect(ByteCount.parse("18446744073709551615") == .max)
        for text in ["", "K", "1KK", "-1", "1.5M", "18446744073709551616", "99999999T"] {
            #expect(ByteCount.parse(text) == nil, "\(text)")
        }
        #expect(ByteCount.text(1023) == "1023 B")
        #expect(ByteCount.text(64 << 10) == "64 KiB")
        #expect(ByteCount.text((1 << 20) - 1) == "1023.9 KiB")
        #expect(ByteCount.text(3 << 29) == "1.5 GiB")
        #expect(ByteCount.text(.max) == "15.9 EiB")
    }
}
