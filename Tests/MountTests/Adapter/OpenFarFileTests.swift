import PersistTestKit
import Testing

/// Files that others replace on the far side while a program reads them here.
@Suite struct OpenFarFileTests {
    /// Arguments: what says that it has begun; how long the file is.
    private static let reader = """
        import os, sys, time
        size = int(sys.argv[2])
        with open('blobs/f', 'rb', buffering=0) as f:
            found = f.read(size // 3)
            open(sys.argv[1], 'w').close()
            end = time.monotonic() + 60
            while open('blobs/f', 'rb').read(1) != b'B':
                assert time.monotonic() < end, 'the new one is not seen'
                time.sleep(0.05)
            while part := f.read(1 << 20): found += part
        assert found == b'A' * size, (len(found), found.count(b'B'))
        assert open('blobs/f', 'rb').read() == b'B' * size
        """

    @Test(
        "R3 who has a file open reads it to its end, and who opens the name gets the new one",
        arguments: [5_000, 3_000_000])
    func replaced(size: Int) async throws {
        try await MountFixture.unmounted { fixture in
            let far = try await MoodyFar(fixture)
            let (one, two) = (try await far.mount("one"), try await far.mount("two"))
            try await one.python("open('blobs/f', 'wb').write(b'A' * int(sys.argv[1]))", arguments: ["\(size)"])
            try await one.sync()
            try await eventually("the other has it", within: .seconds(60)) {
                try await two.shell("wc -c < blobs/f").output.trimmed == "\(size)"
            }
            let begun = "\(fixture.directory)/begun"
            let reading = try two.begin(["python3", "-c", Self.reader, begun, "\(size)"], seconds: 90)
            try await eventually("it reads", within: .seconds(30)) {
                try await one.outside(["test", "-e", begun]).succeeded
            }
            try await one.python(
                """
                open('blobs/f.tmp', 'wb').write(b'B' * int(sys.argv[1]))
                os.rename('blobs/f.tmp', 'blobs/f')
                """, arguments: ["\(size)"])
            try await one.sync()
            let result = await reading.finish()
            #expect(result.succeeded, "\(result.error)")
        }
    }

    private static func replaced(
        _ fixture: MountFixture, _ old: Int, _ new: Int, _ body: (TestMount) async throws -> Void
    ) async throws -> TestMount {
        let bucket = try await MountedBucket.make(.seaweedfs)
        let one = try await fixture.mount(bucket, cache: "one", refreshSeconds: 3_600)
        try await one.python("open('blobs/f', 'wb').write(b'A' * int(sys.argv[1]))", arguments: ["\(old)"])
        try await one.sync()
        let two = try await fixture.mount(bucket, cache: "two", refreshSeconds: 3_600)
        try await two.succeed("test $(stat -c %s blobs/f) = \(old)")
        try await one.python("open('blobs/f', 'wb').write(b'B' * int(sys.argv[1]))", arguments: ["\(new)"])
        try await one.sync()
        try await body(two)
        return try await fixture.mount(bucket, cache: "three", refreshSeconds: 3_600)
    }

    @Test(
        "R3, R9 who opens what others have replaced since the last look, and is not here, is told its new size",
        arguments: [(11, 26), (500_000, 900_000), (5_000_000, 12_000_000), (12_000_000, 5_000_000)])
    func opened(sizes: (old: Int, new: Int)) async throws {
        let ways = [
            #"cp blobs/f "$SCRATCH/out"; cmp "$SCRATCH/out" <(head -c $NEW /dev/zero | tr '\0' B)"#,
            #"test "$(tail -c 5 blobs/f)" = BBBBB"#,
            #"python3 -c "import mmap; f = open('blobs/f'); m = mmap.mmap(f.fileno(), 0, prot=1); assert m[:] == b'B' * $NEW""#,
        ]
        for way in ways {
            try await MountFixture.unmounted { fixture in
                _ = try await Self.replaced(fixture, sizes.old, sizes.new) { two in
                    // What a look has just told of a long file is believed for 5 s.
                    if sizes.old > 1 << 20 { try await Task.sleep(for: .seconds(6)) }
                    try await two.succeed("NEW=\(sizes.new)\n" + way)
                }
            }
        }
    }

    @Test("R3 who has opened a long file, and read nothing of it, reads nothing of what others put in its place then")
    func unread() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let one = try await fixture.mount(bucket, cache: "one")
            try await one.succeed("head -c 5M /dev/zero | tr '\\0' A > blobs/f")
            try await one.sync()
            let two = try await fixture.mount(bucket, cache: "two", refreshSeconds: 3_600)
            try await two.succeed("stat blobs/f")
            let opened = "\(fixture.directory)/opened"
            let reading = try two.begin(
                [
                    "python3", "-c",
                    """
                    import errno, os, sys, time
                    f = os.open('blobs/f', os.O_RDONLY)
                    size = os.fstat(f).st_size
                    open(sys.argv[1], 'w').close()
                    while not os.path.exists(sys.argv[1] + '2'): time.sleep(0.05)
                    try: found = os.read(f, 1 << 20)
                    except OSError as error: found, size = b'', error.errno
                    assert size == errno.ESTALE or found and set(found) == {ord('A')}, (size, found[:5])
                    assert open('blobs/f', 'rb').read() == b'B' * 12_000_000
                    """, opened,
                ], seconds: 90)
            try await eventually("it is open") { try await one.outside(["test", "-e", opened]).succeeded }
            try await one.succeed("head -c 12000000 /dev/zero | tr '\\0' B > blobs/f")
            try await one.sync()
            expect(try await one.outside(["touch", opened + "2"]).status, is: 0)
            let result = await reading.finish()
            #expect(result.succeeded, "\(result.error)")
        }
    }

    @Test(
        "R10 who writes into a file that others have replaced since, and that is not here, writes into what there is now",
        arguments: [(500_000, 900_000), (900_000, 500_000), (6_000_000, 11_000_000), (11_000_000, 6_000_000)],
        ["write", "append"])
    func writtenOver(sizes: (Int, Int), how: String) async throws {
        try await MountFixture.unmounted { fixture in
            let third = try await Self.replaced(fixture, sizes.0, sizes.1) { mount in
                try await mount.python(
                    """
                    if sys.argv[1] == 'write':
                        fd = os.open('blobs/f', os.O_WRONLY)
                        assert os.pwrite(fd, b'mine', 100_001) == 4
                    else:
                        fd = os.open('blobs/f', os.O_WRONLY | os.O_APPEND)
                        assert os.write(fd, b'mine') == 4
                    os.close(fd)
                    """, arguments: [how])
                try await mount.sync()
            }
            try await third.python(
                """
                found, new = open('blobs/f', 'rb').read(), int(sys.argv[2])
                at = 100_001 if sys.argv[1] == 'write' else new
                whole = bytearray(b'B' * new)
                whole[at:at + 4] = b'mine'
                assert found == whole, (len(found), found.count(b'B'), found.find(b'mine'))
                assert os.listdir('blobs') == ['f'], os.listdir('blobs')
                """, arguments: [how, "\(sizes.1)"])
        }
    }

    /// Arguments: what says that it has begun, what it waits for then, and how long the file is.
    private static let partReader = """
        import errno, os, sys, time
        begun, go, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
        fd = os.open('blobs/f', os.O_RDONLY)
        assert os.pread(fd, 4, 0) == b'A' * 4
        open(begun, 'w').close()
        while not os.path.exists(go): time.sleep(0.05)
        try:
            for at in range(0, size, 1 << 20):
                found = os.pread(fd, 1 << 20, at)
                assert found.count(b'A') == len(found), (at, found.count(b'A'), found.count(b'B'))
            sys.exit('all of the old one was read, though not all of it was here')
        except OSError as e: assert e.errno in (errno.ESTALE, errno.EIO), e
        os.close(fd)
        end = time.monotonic() + 30
        while open('blobs/f', 'rb').read() != b'B' * size:
            assert time.monotonic() < end, 'the new one is not seen'
            time.sleep(0.05)
        """

    @Test("R3 who has read a part of a long file that others replace then gets an error, and no mixture of both")
    func readInPart() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let size = 40_000_000
            let write = "open('blobs/f', 'wb').write(sys.argv[1].encode() * int(sys.argv[2]))"
            let one = try await fixture.mount(bucket, cache: "one", refreshSeconds: 3_600)
            try await one.python(write, arguments: ["A", "\(size)"])
            try await one.sync()
            let two = try await fixture.mount(bucket, cache: "two", refreshSeconds: 3_600)
            let (begun, go) = ("\(fixture.directory)/begun", "\(fixture.directory)/go")
            let reading = try two.begin(["python3", "-c", Self.partReader, begun, go, "\(size)"], seconds: 120)
            try await eventually("it reads", within: .seconds(30)) {
                try await one.outside(["test", "-e", begun]).succeeded
            }
            try await one.python(write, arguments: ["B", "\(size)"])
            try await one.sync()
            #expect(try await one.outside(["touch", go]).succeeded)
            let result = await reading.finish()
            #expect(result.succeeded, "\(result.error)")
        }
    }

    @Test("R3 what the kernel has kept of a file that went goes together with nothing that others have put since")
    func keptPages() async throws {
        try await MountFixture.unmounted { fixture in
            let host = AdapterHost.python
            let options = ["cache_size=1M", "free_bytes_min=0", "refresh_seconds=3600"]
            let one = try await fixture.mount(host, cache: "one", options: options)
            try await one.python("open('blobs/f', 'wb').write(b'A' * 3_000_000)")
            try await one.sync()
            let two = try await fixture.mount(host, cache: "two", options: options)
            try await two.python(
                #"""
                import glob, sqlite3
                cache = glob.glob('\#(fixture.directory)/two/**/*.db', recursive=True)[0]
                def away():
                    db = sqlite3.connect(f'file:{cache}?mode=ro', uri=True)
                    try: return db.execute('SELECT count(*) FROM away').fetchone()[0]
                    finally: db.close()
                os.stat('blobs/f')
                # What the first look has told the kernel is over.
                time.sleep(2)
                with open('blobs/f', 'rb', buffering=0) as f: assert f.read(10_000) == b'A' * 10_000
                end = time.monotonic() + 60
                while away() == 0:
                    assert time.monotonic() < end, 'it does not go'
                    time.sleep(0.1)
                """#, seconds: 90)
            try await one.python("open('blobs/f', 'wb').write(b'B' * 3_000_000)")
            try await one.sync()
            try await two.python(
                """
                with open('blobs/f', 'rb', buffering=0) as f:
                    found = b''
                    while part := f.read(1 << 16): found += part
                assert found in (b'A' * 3_000_000, b'B' * 3_000_000), (found.count(b'A'), found.count(b'B'))
                """)
        }
    }
}
