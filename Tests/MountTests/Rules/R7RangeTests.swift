import PersistTestKit
import Testing

/// R7: parts of files, by the programs that use them.
@Suite struct R7RangeTests {
    /// Bytes that the store's pages take, in the WAL or not.
    private func used(_ mount: TestMount) async throws -> Int {
        let pages = try await mount.succeed("sqlite3 $STORE 'PRAGMA page_count; PRAGMA freelist_count'")
        let numbers = pages.split(separator: "\n").compactMap { Int($0) }
        try #require(numbers.count == 2)
        return (numbers[0] - numbers[1]) * 8_192
    }

    @Test("R7 cp shares: a copy takes no room until one of the two is changed, and outlives the other")
    func copiesShare() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("head -c 40000003 /dev/urandom | tee $SCRATCH/a > blobs/a")
            let before = try await used(mount)
            try await mount.succeed("cp blobs/a blobs/b; cp --reflink=auto --sparse=never blobs/a blobs/c")
            #expect(try await used(mount) - before < 1 << 20)
            try await mount.succeed("cmp $SCRATCH/a blobs/b; cmp $SCRATCH/a blobs/c")
            try await mount.succeed("printf changed | dd of=blobs/b bs=1 seek=20000000 conv=notrunc status=none")
            #expect(try await used(mount) - before < 1 << 20)
            try await mount.succeed(
                "cmp $SCRATCH/a blobs/a; test $(cmp -l $SCRATCH/a blobs/b | wc -l) -le 7; rm blobs/a")
            try await mount.killAndRemount()
            try await mount.succeed("cmp $SCRATCH/a blobs/c; cmp -n 20000000 $SCRATCH/a blobs/b")
            try await mount.succeed("rm blobs/b blobs/c")
            try await eventually("all of it is free again") { try await used(mount) < 2 << 20 }
            try await fixture.unmountToOneFile()
            let check = try await mount.outside([mount.binary, "check", fixture.store])
            #expect(check.succeeded, "\(check.output)\(check.error)")
        }
    }

    @Test("R7 a sparse file stays sparse under cp, tar and rsync, in and out, and du tells so")
    func sparseCopies() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                truncate -s 1G blobs/a
                for at in 0 300000000 700000001; do
                    printf data | dd of=blobs/a bs=1 seek=$at conv=notrunc status=none
                done
                """)
            let before = try await used(mount)
            try await mount.succeed(
                """
                cp blobs/a blobs/b
                cp --sparse=always blobs/a blobs/c
                cp blobs/a $SCRATCH/out
                cp $SCRATCH/out blobs/in
                tar -cSf $SCRATCH/t.tar blobs/a && mkdir blobs/t && tar -xSf $SCRATCH/t.tar -C blobs/t
                for f in blobs/a blobs/b blobs/c blobs/in blobs/t/blobs/a $SCRATCH/out; do
                    test $(stat -c %s $f) = 1073741824
                    test $(du -k $f | cut -f1) -le 1024
                    for at in 0 300000000 700000001; do
                        test "$(dd if=$f bs=1 skip=$at count=4 status=none)" = data
                    done
                done
                """, seconds: 120)
            #expect(try await used(mount) - before < 4 << 20)
        }
    }

    @Test("R7 fallocate(1): digging, punching, zeroing and lengthening")
    func fallocateTool() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                (head -c 1000000 /dev/urandom; head -c 5000000 /dev/zero; head -c 1000000 /dev/urandom) > $SCRATCH/a
                cp $SCRATCH/a blobs/a
                fallocate -d blobs/a
                cmp $SCRATCH/a blobs/a
                test $(du -k blobs/a | cut -f1) -le 2200
                fallocate -p -o 100 -l 900000 blobs/a
                fallocate -p -o 100 -l 900000 $SCRATCH/a
                cmp $SCRATCH/a blobs/a
                test $(du -k blobs/a | cut -f1) -le 1300
                fallocate -z -o 6500000 -l 1000000 blobs/a
                fallocate -z -o 6500000 -l 1000000 $SCRATCH/a
                cmp $SCRATCH/a blobs/a
                fallocate -l 9M blobs/a
                test $(stat -c %s blobs/a) = 9437184
                fallocate -n -l 20M blobs/a
                test $(stat -c %s blobs/a) = 9437184
                """)
            let sizes = try await mount.succeed("stat -c '%s %b' blobs/a; md5sum < blobs/a")
            try await mount.remount()
            expect(try await mount.succeed("stat -c '%s %b' blobs/a; md5sum < blobs/a"), is: sizes)
        }
    }

    @Test("R7 cp takes what another program has in a map, and has not written back")
    func mappedBytes() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.python(
                """
                fd = os.open('blobs/a', os.O_RDWR | os.O_CREAT)
                os.ftruncate(fd, 64 << 20)
                m = mmap.mmap(fd, 64 << 20)
                os.close(fd)
                for round in range(5):
                    at = (round * 13 + 1) * 1_000_003 % (64 << 20)
                    m[at:at + 6] = b'mapped'
                    subprocess.run(['cp', 'blobs/a', 'blobs/b'], check=True)
                    assert open('blobs/b', 'rb').read()[at:at + 6] == b'mapped', round
                    subprocess.run(['cp', '--sparse=always', 'blobs/a', os.environ['SCRATCH'] + '/b'], check=True)
                    assert open(os.environ['SCRATCH'] + '/b', 'rb').read()[at:at + 6] == b'mapped', round
                """)
        }
    }

    @Test("R1 R2 holes and copies that were synced survive a kill; others are as if they had not been")
    func killed() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "for f in a b c; do head -c 1000000 /dev/urandom | tee $SCRATCH/$f > blobs/$f; done")
            let script = """
                import ctypes
                libc = ctypes.CDLL(None, use_errno=True)
                a, b, c = (os.open('blobs/' + f, os.O_RDWR) for f in 'abc')
                for fd in (a, b):
                    assert libc.fallocate(fd, 3, ctypes.c_long(50_000), ctypes.c_long(500_000)) == 0
                os.copy_file_range(c, a, 300_000, 600_000, 700_000)
                os.fsync(a)
                print('ready', flush=True)
                time.sleep(50)
                """
            let writer = try mount.beginPython(script)
            try await writer.waitForOutput("ready")
            try await mount.kill9()
            writer.kill()
            try await mount.start()
            try await mount.python(
                """
                scratch = os.environ['SCRATCH'] + '/'
                a, b, c = (bytearray(open(scratch + f, 'rb').read()) for f in 'abc')
                a[50_000:550_000] = bytes(500_000)
                a[700_000:1_000_000] = c[600_000:900_000]
                for f, wanted in (('a', a), ('b', b), ('c', c)):
                    assert open('blobs/' + f, 'rb').read() == wanted, f
                """)
        }
    }

    @Test("R9 another mount sees a hole and a copy when they are closed")
    func otherMount() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("head -c 1000000 /dev/urandom | tee $SCRATCH/a > blobs/a")
            let other = try await fixture.another()
            try await mount.succeed("cat blobs/a > $SCRATCH/seen")
            try await other.succeed("cp blobs/a blobs/b; fallocate -p -l 900000 blobs/a")
            try await eventually("the copy is there") { try await mount.shell("cmp $SCRATCH/a blobs/b").succeeded }
            try await eventually("the hole is there") {
                try await mount.shell("head -c 900000 /dev/zero | cmp -n 900000 - blobs/a").succeeded
            }
            try await mount.succeed("test $(stat -c %b blobs/a) -lt 400; cp blobs/b blobs/c; rm blobs/b")
            try await eventually("so it is the other way round") {
                try await other.shell("cmp $SCRATCH/a blobs/c && test ! -e blobs/b").succeeded
            }
        }
    }

    @Test("R5 R6 documents are copied by the same call, whole or not at all")
    func documents() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("printf '[1,2]' > blobs/good; printf '[1,' > blobs/bad; echo old > kv/a")
            try await mount.succeed("head -c 2000000 /dev/zero > blobs/large")
            try await mount.python(
                """
                def copy(source, target, count=1 << 30):
                    a, b = os.open(source, os.O_RDONLY), os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                    try: os.copy_file_range(a, b, count)
                    finally: os.close(b)
                copy('blobs/good', 'records/r.json')
                copy('blobs/good', 'kv/b')
                copy('records/r.json', 'blobs/r')
                assert errname(copy, 'blobs/bad', 'records/r.json') == 'EBADMSG'
                assert errname(copy, 'blobs/large', 'kv/a') == 'EFBIG'
                """)
            try await eventually("the old values are back") {
                try await mount.succeed("cat records/r.json kv/b blobs/r kv/a") == "[1,2][1,2][1,2]old"
            }
            let rows = try await fixture.sql("SELECT value FROM records UNION ALL SELECT value FROM kv ORDER BY 1")
            expect(rows, is: "[1,2]\n[1,2]\nold")
        }
    }

    @Test("R8 fallocate never changes a log; copying into one appends its lines")
    func logs() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("printf '1\\n2\\n' > events/a.jsonl; printf '3\\n4\\n' > blobs/more")
            try await mount.python(
                """
                import ctypes
                libc = ctypes.CDLL(None, use_errno=True)
                def fallocate(mode, at, n):
                    if libc.fallocate(fd, mode, ctypes.c_long(at), ctypes.c_long(n)) != 0:
                        raise OSError(ctypes.get_errno(), 'fallocate')
                fd = os.open('events/a.jsonl', os.O_RDWR)
                for mode, at, n in ((0, 0, 5), (0, 4, 4096), (3, 0, 2), (16, 0, 2), (17, 0, 2)):
                    assert errname(fallocate, mode, at, n) == 'EPERM', mode
                assert errname(os.posix_fallocate, fd, 0, 4096) == 'EPERM'
                fallocate(1, 0, 4096)
                fallocate(0, 0, 4)
                assert os.pread(fd, 99, 0) == b'1\\n2\\n'
                os.copy_file_range(os.open('blobs/more', os.O_RDONLY), fd, 99, 0, 4)
                os.close(fd)
                fd = os.open('events/a.jsonl', os.O_RDONLY)
                assert (os.lseek(fd, 3, os.SEEK_DATA), os.lseek(fd, 3, os.SEEK_HOLE)) == (3, 8)
                out = os.open('blobs/out', os.O_WRONLY | os.O_CREAT)
                assert os.copy_file_range(fd, out, 99, 0) == 8
                """)
            expect(try await mount.succeed("cat events/a.jsonl blobs/out"), is: "1\n2\n3\n4\n1\n2\n3\n4")
        }
    }
}
