import PersistTestKit
import Testing

/// R7: blobs are files.
@Suite struct R7BlobTests {
    @Test("R7 random writes, appends, truncations, mapped stores and reopenings agree with a model", arguments: 1...3)
    func randomOperations(seed: Int) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.python(
                """
                import random
                rng, model, trace = random.Random(\(seed)), bytearray(), []
                def check(fd):
                    assert os.fstat(fd).st_size == len(model), ('size', os.fstat(fd).st_size, len(model), trace[-8:])
                    got = os.pread(fd, len(model) + 1, 0)
                    if got != model:
                        at = next(i for i in range(len(model)) if got[i:i+1] != model[i:i+1])
                        raise AssertionError(('seed', \(seed), 'at', at, trace[-8:]))
                fd = os.open('blobs/f', os.O_RDWR | os.O_CREAT)
                for step in range(400):
                    op = rng.choice(['write'] * 4 + ['truncate', 'append', 'map', 'reopen', 'read', 'fsync'])
                    at, n = rng.randrange(300_000), rng.choice([1, 10, 4096, 70_000])
                    trace.append((op, at, n))
                    if op == 'write' or op == 'append':
                        if op == 'append': at = len(model)
                        data = rng.randbytes(n)
                        if at > len(model): model.extend(bytes(at - len(model)))
                        model[at:at + n] = data
                        assert os.pwrite(fd, data, at) == n
                    elif op == 'truncate':
                        os.ftruncate(fd, at)
                        if at < len(model): del model[at:]
                        else: model.extend(bytes(at - len(model)))
                    elif op == 'map' and len(model) > 0:
                        at = rng.randrange(len(model))
                        data = rng.randbytes(min(n, len(model) - at))
                        m = mmap.mmap(fd, len(model))
                        m[at:at + len(data)] = data
                        m.flush()
                        m.close()
                        model[at:at + len(data)] = data
                    elif op == 'reopen':
                        os.close(fd)
                        fd = os.open('blobs/f', os.O_RDWR)
                    elif op == 'read':
                        assert os.pread(fd, n, at) == model[at:at + n], ('read', trace[-8:])
                    else: os.fsync(fd)
                    if step % 10 == 0: check(fd)
                check(fd)
                os.close(fd)
                open(os.environ['SCRATCH'] + '/model', 'wb').write(model)
                """)
            try await mount.succeed("cmp blobs/f $SCRATCH/model")
            try await mount.killAndRemount()
            try await mount.succeed("cmp blobs/f $SCRATCH/model")
        }
    }

    @Test("R7 writing 4 KiB here and there into a large sparse file costs few bytes in the store")
    func sparse() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            // With the pages that are only in the WAL yet: how long the file is depends on when it was checkpointed.
            let used = "echo $(($(sqlite3 $STORE 'PRAGMA page_count') * 8192))"
            try await mount.succeed("truncate -s 256M blobs/big")
            let before = try #require(Int(try await mount.succeed(used)))
            try await mount.python(
                """
                fd = os.open('blobs/big', os.O_WRONLY)
                for i in range(16): os.pwrite(fd, b'%4096d' % i, i * (16 << 20) + 12_345)
                os.close(fd)
                """)
            let after = try #require(Int(try await mount.succeed(used)))
            #expect(after - before < 8 << 20, "\(after - before) bytes for 64 KiB")
            try await mount.python(
                """
                fd = os.open('blobs/big', os.O_RDONLY)
                s = os.fstat(fd)
                assert s.st_size == 256 << 20 and s.st_blocks * 512 <= 4 << 20, s
                for i in range(16):
                    assert os.pread(fd, 4096, i * (16 << 20) + 12_345) == b'%4096d' % i
                    assert os.pread(fd, 4096, i * (16 << 20) + (8 << 20)) == bytes(4096)
                assert os.pread(fd, 10, 256 << 20) == b''
                """)
            try await fixture.unmountToOneFile()
        }
    }

    @Test("R7 a 4 KiB write into a large blob does not rewrite it")
    func smallWriteIntoLarge() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("head -c 48M /dev/urandom > $SCRATCH/f; cp $SCRATCH/f blobs/f; sync blobs/f")
            // With the pages that are only in the WAL yet: how long the file is depends on when it was checkpointed.
            let used = "echo $(($(sqlite3 $STORE 'PRAGMA page_count') * 8192))"
            let before = try #require(Int(try await mount.succeed(used)))
            try await mount.succeed(
                """
                for f in blobs/f $SCRATCH/f; do
                    dd if=/dev/zero of=$f bs=4k count=1 seek=5000 conv=notrunc status=none
                done
                """)
            let after = try #require(Int(try await mount.succeed(used)))
            #expect(after - before < 1 << 20, "\(after - before) bytes for 4 KiB")
            try await mount.remount()
            try await mount.succeed("cmp blobs/f $SCRATCH/f")
        }
    }

    @Test("R7 two processes share a writable map")
    func sharedMap() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("truncate -s 16384 blobs/map")
            let other = try mount.beginPython(
                """
                m = mmap.mmap(os.open('blobs/map', os.O_RDWR), 16384)
                print('mapped')
                while m[0] != 1: time.sleep(0.005)
                m[9000] = 2
                m.flush()
                """)
            try await other.waitForOutput("mapped")
            try await mount.python(
                """
                m = mmap.mmap(os.open('blobs/map', os.O_RDWR), 16384)
                m[0] = 1
                while m[9000] != 2: time.sleep(0.005)
                """, seconds: 40)
            let result = await other.finish()
            #expect(result.succeeded, "\(result.error)")
        }
    }

    @Test("R7 a database in blobs/ works", arguments: ["DELETE", "WAL"])
    func database(mode: String) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                sqlite3 blobs/app.db "PRAGMA journal_mode=\(mode); CREATE TABLE t(a INTEGER PRIMARY KEY, b);" > /dev/null
                for i in 1 2 3; do
                    sqlite3 -cmd '.timeout 20000' blobs/app.db "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)
                        INSERT INTO t(b) SELECT hex(randomblob(50)) FROM n;" &
                done
                wait
                """)
            #expect(
                try await mount.succeed("sqlite3 blobs/app.db 'SELECT count(*) FROM t; PRAGMA integrity_check'")
                    == "900\nok")
            try await mount.killAndRemount()
            #expect(
                try await mount.succeed("sqlite3 blobs/app.db 'SELECT count(*) FROM t; PRAGMA integrity_check'")
                    == "900\nok")
        }
    }

    @Test("R7 holes, and bytes past the old end, read as zeros")
    func zeros() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.python(
                """
                fd = os.open('blobs/z', os.O_RDWR | os.O_CREAT)
                os.pwrite(fd, b'x' * 100_000, 0)
                os.ftruncate(fd, 10)
                os.ftruncate(fd, 100_000)
                assert os.pread(fd, 100_000, 0) == b'x' * 10 + bytes(99_990)
                os.pwrite(fd, b'end', 500_000)
                assert os.pread(fd, 400_003, 100_000) == bytes(400_000) + b'end'
                os.close(fd)
                assert open('blobs/z', 'rb').read() == b'x' * 10 + bytes(499_990) + b'end'
                """)
        }
    }
}
