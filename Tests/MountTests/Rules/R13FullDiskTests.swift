import PersistTestKit
import Testing

/// R13: a full disk can be emptied.
@Suite(.enabled(if: isRoot)) struct R13FullDiskTests {
    /// A fixture whose store is alone on a small disk.
    private func withDisk(_ size: String, _ body: (MountFixture) async throws -> Void) async throws {
        try await MountFixture.unmounted { fixture in
            let disk = fixture.directory + "/s"
            let result = try await fixture.mount.outside(["mount", "-t", "tmpfs", "-o", "size=\(size)", "disk", disk])
            try #require(result.succeeded, "\(result.error)")
            try await fixture.mount.start()
            try await body(fixture)
        }
    }

    /// Fills the disk, the last bytes by small files.
    private static let fill = """
        def fill(prefix, size):
            n = 0
            while True:
                try:
                    fd = os.open('blobs/%s%d' % (prefix, n), os.O_WRONLY | os.O_CREAT)
                    try: os.write(fd, os.urandom(size))
                    finally: os.close(fd)
                except OSError as e:
                    assert e.errno == errno.ENOSPC, e
                    return n
                n += 1
        large = fill('large', 1 << 20)
        assert large > 5, large
        fill('small', 5_000)
        """

    @Test("R13 truncating and renaming over work on a full disk")
    func otherWaysOut() async throws {
        try await withDisk("48M") { fixture in
            let mount = fixture.mount
            try await mount.python(Self.fill)
            try await mount.succeed(
                "truncate -s 0 blobs/large0; mv blobs/large2 blobs/large1; test -e blobs/large1 -a ! -e blobs/large2")
            try await mount.remount()
            try await mount.succeed("test ! -s blobs/large0 -a -s blobs/large1 -a ! -e blobs/large2")
        }
    }

    @Test("R13 statfs tells what is free, and an unmounted store is one file")
    func statfs() async throws {
        try await withDisk("64M") { fixture in
            let mount = fixture.mount
            try await mount.succeed("head -c 8M /dev/urandom > blobs/f")
            let free = try #require(Int(try await mount.succeed("echo $(($(stat -fc '%a * %S' .)))")))
            #expect(free < 56 << 20 && free > 8 << 20, "\(free)")
            try await fixture.unmountToOneFile()
        }
    }
}
