import PersistTestKit
import Testing

/// R7: 4 KiB here and there in a large blob, through a mount.
@Suite struct R7PartTests {
    /// Makes `blobs/f`, and writes parts of it as of a copy in `$SCRATCH`, from a seed.
    private static let parts = """
        import random
        MIB = 8
        def write(seed, count, fd, copy):
            rng = random.Random(seed)
            for i in range(count):
                n = rng.choice((1, 100, 4096, 4096, 4096, 9000, 70_000))
                at = rng.randrange((MIB << 20) + 100_000)
                if n == 4096 and rng.random() < 0.7: at &= ~4095
                data = rng.randbytes(n)
                for f in (fd, copy):
                    assert os.pwrite(f, data, at) == n
        def files(make=False):
            found = []
            for p in ('blobs/f', os.environ['SCRATCH'] + '/f'):
                if make: open(p, 'wb').write(random.Random(1).randbytes(MIB << 20))
                found.append(os.open(p, os.O_RDWR))
            return found

        """

    private static let same = "cmp blobs/f $SCRATCH/f"

    @Test("R7 R1 parts of a blob are read back before and after they are published, and after kill -9")
    func readBack() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.python(
                Self.parts + """
                    fd, copy = files(True)
                    for seed in range(4):
                        write(seed, 150, fd, copy)
                        assert os.fstat(fd).st_size == os.fstat(copy).st_size
                        for at in range(0, 9 << 20, 777_777):
                            assert os.pread(fd, 150_000, at) == os.pread(copy, 150_000, at), (seed, at)
                        if seed == 1: os.fsync(fd)
                        if seed == 2:
                            os.close(fd)
                            fd = os.open('blobs/f', os.O_RDWR)
                        assert open('blobs/f', 'rb').read() == open(os.environ['SCRATCH'] + '/f', 'rb').read(), seed
                    os.close(fd)
                    """)
            try await mount.killAndRemount()
            try await mount.succeed(Self.same)
            try await fixture.unmountToOneFile()
        }
    }

    @Test("R2 parts that were synced are published after kill -9, those that came since are not")
    func synced() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let writer = try mount.beginPython(
                Self.parts + """
                    fd, copy = files(True)
                    write(1, 200, fd, copy)
                    os.fsync(fd)
                    os.close(copy)
                    copy = os.open('/dev/null', os.O_WRONLY)
                    os.pwrite(fd, b'lost' * 1000, 5_000_000)
                    print('synced', flush=True)
                    time.sleep(60)
                    """)
            try await writer.waitForOutput("synced")
            try await mount.killAndRemount()
            _ = await writer.finish()
            try await mount.succeed(Self.same)
        }
    }

    @Test("R7 a file that is cut within parts, and grows again, shows zeros, before and after it is published")
    func regrown() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.python(
                Self.parts + """
                    fd, copy = files(True)
                    for seed in range(6):
                        write(seed, 80, fd, copy)
                        if seed % 2: os.fsync(fd)
                        for size in (random.Random(seed).randrange(MIB << 20), MIB << 20):
                            for f in (fd, copy): os.ftruncate(f, size)
                        write(100 + seed, 20, fd, copy)
                        if seed == 3:
                            os.close(fd)
                            fd = os.open('blobs/f', os.O_RDWR)
                    os.close(fd)
                    """)
            try await mount.succeed(Self.same)
            try await mount.killAndRemount()
            try await mount.succeed(Self.same)
        }
    }

    @Test("R9 parts of a blob over which another mount has published: the later publish stands, whole")
    func anotherMount() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            let writer = try mount.beginPython(
                Self.parts + """
                    fd, copy = files(True)
                    os.close(fd)
                    fd = os.open('blobs/f', os.O_RDWR)
                    write(1, 100, fd, copy)
                    os.fsync(fd)
                    print('written', flush=True)
                    while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.01)
                    write(2, 100, fd, copy)
                    os.close(fd)
                    print('closed', flush=True)
                    """)
            try await writer.waitForOutput("written")
            try await other.python(
                """
                fd = os.open('blobs/f', os.O_RDWR)
                for i in range(50): os.pwrite(fd, b'other' * 1000, i * 70_000)
                os.close(fd)
                """)
            _ = try await mount.outside(["bash", "-c", "touch $SCRATCH/go"])
            let result = await writer.finish()
            #expect(result.succeeded, "\(result.error)")
            for each in [mount, other] {
                try await eventually("the first mount's bytes are there") { try await each.shell(Self.same).succeeded }
            }
        }
    }

    @Test(
        "R13 a disk that fills up while parts are written: ENOSPC, the old value stays, or all that was taken",
        .enabled(if: isRoot))
    func full() async throws {
        try await MountFixture.unmounted { fixture in
            let disk = fixture.directory + "/s"
            let result = try await fixture.mount.outside(["mount", "-t", "tmpfs", "-o", "size=96M", "disk", disk])
            try #require(result.succeeded, "\(result.error)")
            let mount = fixture.mount
            try await mount.start()
            try await mount.python(
                Self.parts + """
                    MIB = 24
                    fd, copy = files(True)
                    before = open('blobs/f', 'rb').read()
                    rng = random.Random(5)
                    # More than there is room for, beside what is there.
                    error = None
                    try:
                        for i in range(20_000):
                            at = rng.randrange(MIB << 8) << 12
                            data = rng.randbytes(4096)
                            os.pwrite(fd, data, at)
                            os.pwrite(copy, data, at)
                            if i % 500 == 499: os.fsync(fd)
                            if i % 100 == 0: open('blobs/fill%d' % i, 'wb').write(rng.randbytes(1 << 20))
                    except OSError as e: error = e.errno
                    assert error == errno.ENOSPC, error
                    # Nobody was told that this is lost: it is still there, and is published once there is room.
                    for at in range(0, MIB << 20, 1 << 20):
                        mine, theirs = os.pread(fd, 1 << 20, at), os.pread(copy, 1 << 20, at)
                        wrong = [i for i in range(0, 1 << 20, 4096) if mine[i:i + 4096] != theirs[i:i + 4096]]
                        assert len(wrong) <= 1, (at, wrong)
                    for p in os.listdir('blobs'):
                        if p.startswith('fill'): os.unlink('blobs/' + p)
                    deadline = time.time() + 30
                    while True:
                        try:
                            os.fsync(fd)
                            break
                        except OSError as e:
                            assert e.errno == errno.ENOSPC and time.time() < deadline, e
                            time.sleep(0.1)
                    os.pwrite(fd, data, at := 0)
                    os.close(fd)
                    mine, theirs = open('blobs/f', 'rb').read(), open(os.environ['SCRATCH'] + '/f', 'rb').read()
                    assert sum(mine[i:i + 4096] != theirs[i:i + 4096] for i in range(0, MIB << 20, 4096)) <= 2
                    """, seconds: 120)
            try await mount.killAndRemount()
            try await mount.succeed("test $(stat -c %s blobs/f) = $((24 << 20))")
        }
    }

    @Test("R14 memory stays while parts of a large blob are written")
    func memory() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let daemon = try #require(mount.daemonID)
            let most = try await mount.python(
                """
                import random
                rng, most = random.Random(3), 0
                def look():
                    global most
                    for line in open('/proc/%s/status' % sys.argv[1]):
                        if line.startswith('RssAnon'): most = max(most, int(line.split()[1]))
                block = os.urandom(1 << 20)
                with open('blobs/f', 'wb') as f:
                    for i in range(256): f.write(block)
                fd = os.open('blobs/f', os.O_WRONLY)
                for i in range(20_000):
                    os.pwrite(fd, block[i:i + 4096], rng.randrange(256 << 8) << 12)
                    if i % 200 == 0: look()
                os.fsync(fd)
                look()
                os.close(fd)
                look()
                print(most)
                """, arguments: ["\(daemon)"], seconds: 200)
            let kibibytes = try #require(Int(most))
            print("RssAnon: at most \(kibibytes) KiB while parts are written")
            #expect(kibibytes < 64 << 10, "\(kibibytes) KiB")
        }
    }
}
