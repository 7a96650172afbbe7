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

    @Test("R13 on a full disk writers get ENOSPC, nothing is lost, rm works, and then writing does")
    func emptied() async throws {
        try await withDisk("64M") { fixture in
            let mount = fixture.mount
            try await mount.succeed("echo old > kv/a; echo '[0]' > records/a.json; echo '{}' > events/a.jsonl")
            try await mount.python(
                Self.fill + """

                    def put(p, n):
                        fd = os.open(p, os.O_WRONLY | os.O_TRUNC)
                        try: os.write(fd, b'"' + b'x' * n + b'"')
                        finally: os.close(fd)
                    assert errname(put, 'kv/a', 500_000) == 'ENOSPC'
                    assert errname(put, 'records/a.json', 500_000) == 'ENOSPC'
                    fd = os.open('events/a.jsonl', os.O_WRONLY | os.O_APPEND)
                    assert errname(os.write, fd, b'"' + b'x' * 500_000 + b'"\\n') == 'ENOSPC'
                    os.close(fd)
                    """)
            try await eventually("the old values are back") {
                try await mount.succeed("cat kv/a records/a.json events/a.jsonl") == "old\n[0]\n{}"
            }
            try await mount.succeed("rm blobs/large*; rm -f blobs/small*")
            try await eventually("there is room again") {
                try await mount.shell(
                    "head -c 3M /dev/urandom > blobs/again && test $(stat -c %s blobs/again) = 3145728"
                ).succeeded
            }
            try await mount.succeed("echo new > kv/a; echo '[1]' > records/a.json; echo '{}' >> events/a.jsonl")
            expect(try await mount.succeed("cat kv/a records/a.json events/a.jsonl"), is: "new\n[1]\n{}\n{}")
            try await eventually("the file shrinks while it is mounted") {
                try await storeBytes(fixture) < 16 << 20
            }
            try await fixture.unmountToOneFile()
            #expect(try await storeBytes(fixture) < 6 << 20, "what is left is 3 MiB")
        }
    }

    private func storeBytes(_ fixture: MountFixture) async throws -> Int {
        try #require(Int(try await fixture.mount.outside(["stat", "-c", "%s", fixture.store]).lines.first ?? ""))
    }

    @Test("R13 what is removed from a full disk can be written again, over and over", arguments: [200_000, 6_000_000])
    func overAndOver(bytes: Int) async throws {
        try await withDisk("60M") { fixture in
            try await fixture.mount.python(
                """
                import random
                content, files, rng = os.urandom(\(bytes)), [], random.Random(1)
                def put(name):
                    fd = os.open(name, os.O_WRONLY | os.O_CREAT)
                    try:
                        at = 0
                        while at < len(content): at += os.write(fd, content[at:])
                    finally: os.close(fd)
                    files.append(name)
                def fill(name):
                    for n in range(10_000):
                        try: put('%s-%d' % (name, n))
                        except OSError as e:
                            assert e.errno == errno.ENOSPC, e
                            return os.unlink('%s-%d' % (name, n))
                fill('blobs/first')
                assert len(files) > 2, files
                for n in range(16):
                    os.unlink(files.pop(rng.randrange(len(files))))
                    put('blobs/again%d' % n)
                    if n % 4 == 3: fill('blobs/more%d' % n)
                for name in files: assert open(name, 'rb').read() == content, name
                """)
            try await fixture.unmountToOneFile()
        }
    }

    @Test("R13 a kill on a full disk leaves a store that opens, reads and empties")
    func killedWhenFull() async throws {
        try await withDisk("48M") { fixture in
            let mount = fixture.mount
            try await mount.succeed("echo kept > kv/a; head -c 100000 /dev/urandom | tee $SCRATCH/b > blobs/b")
            try await mount.python(Self.fill)
            try await mount.killAndRemount()
            try await mount.succeed("test $(cat kv/a) = kept; cmp blobs/b $SCRATCH/b; rm blobs/large* blobs/b")
            try await eventually("there is room again") {
                try await mount.shell("echo new > kv/b && test $(cat kv/b) = new").succeeded
            }
        }
    }

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

    @Test("R13 on a full disk holes are punched, and make room; fallocate says how much there is")
    func holes() async throws {
        try await withDisk("48M") { fixture in
            let mount = fixture.mount
            try await mount.succeed("! fallocate -l 100M blobs/f 2> $SCRATCH/e; grep -q 'No space left' $SCRATCH/e")
            try await mount.succeed("fallocate -l 5M blobs/f; test $(stat -c %s blobs/f) = 5242880")
            try await mount.python(Self.fill)
            try await mount.succeed(
                "! fallocate -l 1M blobs/g 2> $SCRATCH/e; grep -q 'No space left' $SCRATCH/e; test ! -s blobs/g")
            try await mount.succeed("for n in 0 1 2 3 4 5; do fallocate -p -l 1M blobs/large$n; done")
            try await eventually("there is room again") {
                try await mount.shell("head -c 3M /dev/urandom | tee $SCRATCH/b > blobs/b && cmp $SCRATCH/b blobs/b")
                    .succeeded
            }
            try await mount.remount()
            try await mount.succeed("cmp $SCRATCH/b blobs/b; head -c 1M /dev/zero | cmp - blobs/large5")
        }
    }

    @Test("R13 a write that a full disk refused had no effect: who tries it again has written it once")
    func refused() async throws {
        try await withDisk("64M") { fixture in
            let mount = fixture.mount
            try await mount.python(
                Self.fill + """

                    block = lambda i: b'%08d' % i * 8192
                    log = os.open('blobs/log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                    old = os.open('blobs/large0', os.O_RDWR)
                    before, refused, i = os.pread(old, 1 << 20, 0), 0, 0
                    while i < 400:
                        try:
                            os.write(log, block(i))
                            i += 1
                            continue
                        except OSError as e: assert e.errno == errno.ENOSPC, e
                        refused += 1
                        assert os.fstat(log).st_size == i << 16, (os.fstat(log).st_size, i)
                        if refused == 1:
                            written = 0
                            try:
                                for at in range(0, 1 << 20, 4096): written += os.pwrite(old, b'new!' * 1024, at)
                            except OSError as e: assert e.errno == errno.ENOSPC, e
                            now = os.pread(old, 1 << 20, 0)
                            assert now == b'new!' * (written // 4) + before[written:], written
                            for n in range(1, large): os.unlink('blobs/large%d' % n)
                        assert refused < 600
                        time.sleep(0.1)
                    assert refused > 0
                    os.close(log)
                    assert open('blobs/log', 'rb').read() == b''.join(block(n) for n in range(400))
                    """)
        }
    }

    @Test("R13 what was taken before the disk was full is there after the unmount, which says what is not")
    func unmounted() async throws {
        try await withDisk("60M") { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "head -c 80M /dev/urandom > blobs/f 2> /dev/null || true; cp blobs/f $SCRATCH/f; test -s blobs/f")
            let result = try await mount.outside([mount.binary, "umount", mount.point])
            if !result.succeeded {
                #expect(result.error.contains("blobs/f: its last content"), "\(result.error)")
            }
            try await mount.start()
            if result.succeeded { try await mount.succeed("cmp $SCRATCH/f blobs/f") }
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
