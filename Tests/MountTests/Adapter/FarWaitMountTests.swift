import PersistTestKit
import Testing

/// Programs that wait for the far side, by `fsync=remote` and for want of room, through a real mount.
@Suite struct FarWaitMountTests {
    /// A far side that takes nothing while there is a file `far.down`, and notes what it has taken.
    private static let adapter = """
        import os, sys
        sys.path.append(sys.argv[1])
        from persist_adapter import Unavailable, run
        from sqlite_adapter import SQLiteAdapter
        class Gated(SQLiteAdapter):
            def put(self, key, value):
                if os.path.exists(sys.argv[2] + '.down'): raise Unavailable('the door is closed')
                super().put(key, value)
        run(Gated(sys.argv[2]))
        """

    private func mount(_ fixture: MountFixture, _ options: [String]) async throws -> TestMount {
        let script = fixture.directory + "/gated.py"
        let made = try await fixture.mount.outside(["sh", "-c", "cat > \(script)"], input: Self.adapter)
        expect(made.status, is: 0)
        return try await fixture.another(
            store: "exec:python3 -B \(script) \(AdapterHost.hosts)/python \(fixture.directory)/far",
            options: ["cache_dir=\(fixture.directory)/cache"] + options)
    }

    /// What clients begin with.
    private static let prelude = """
        far = os.path.dirname(os.environ['SCRATCH']) + '/far'
        def there(key):
            import sqlite3
            row = sqlite3.connect('file:%s?mode=ro' % far, uri=True).execute(
                'SELECT value FROM value WHERE key = ?', (key,)).fetchone()
            if not row or isinstance(row[0], bytes): return row and row[0]
            # A string is kept as JSON.
            value = json.loads(row[0])
            return value.encode() if isinstance(value, str) else row[0].encode()
        def write(name, data):
            fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            try: os.write(fd, data)
            finally: os.close(fd)
        def close(): open(far + '.down', 'w').close()
        def open_(): os.unlink(far + '.down')

        """

    @Test("R2 fsync=remote returns when the adapter has the file; where it does not take it: ETIMEDOUT, and it waits")
    func fsyncRemote() async throws {
        try await MountFixture.unmounted { fixture in
            var mount = try await mount(fixture, ["fsync=remote"])
            try await mount.python(
                Self.prelude + #"""
                    fd = os.open('kv/a', os.O_WRONLY | os.O_CREAT)
                    for i in range(3):
                        os.pwrite(fd, b'round %d' % i, 0)
                        os.fsync(fd)
                        # It is still open.
                        assert there('kv/a') == b'round %d' % i, there('kv/a')
                    record = os.open('records/r.json', os.O_WRONLY | os.O_CREAT)
                    os.write(record, b'{"a": ')
                    assert errname(os.fsync, record) == 'EBADMSG'
                    os.write(record, b'1}')
                    os.fsync(record)
                    assert there('records/r'), there('records/r')
                    log = os.open('events/l.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                    os.write(log, b'line\n')
                    os.fsync(log)
                    """#)
            try await mount.unmount()
            // Long enough for a slow machine above, and short for what must fail.
            mount = try await self.mount(fixture, ["fsync=remote", "far_wait_seconds=3"])
            try await mount.python(
                Self.prelude + #"""
                    fd = os.open('kv/a', os.O_WRONLY)
                    close()
                    os.pwrite(fd, b'not yet', 0)
                    before = time.time()
                    assert errname(os.fsync, fd) == 'ETIMEDOUT'
                    assert time.time() - before > 2
                    assert there('kv/a') == b'round 2', there('kv/a')
                    assert open('kv/a').read() == 'not yet'
                    """#)
            let status = try await mount.outside([mount.binary, "status", mount.point]).output
            #expect(status.contains("kv/a"), "\(status)")
            #expect(status.contains("best effort"), "\(status)")
            try await mount.python(Self.prelude + "open_()")
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.python(
                Self.prelude + "assert there('kv/a') == b'not yet', there('kv/a')")
        }
    }

    @Test("who waits for the far side in fsync can be killed at once, and the others go on")
    func killedWhileWaiting() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await mount(fixture, ["fsync=remote", "far_wait_seconds=60"])
            try await mount.python(
                Self.prelude + #"""
                    close()
                    child = os.fork()
                    if child == 0:
                        fd = os.open('kv/b', os.O_WRONLY | os.O_CREAT)
                        os.write(fd, b'b')
                        os.fsync(fd)
                        os._exit(0)
                    def waits():
                        far = json.load(open('.persist/status.json'))['far']
                        # It is open: what makes it pending is fsync.
                        if not any(item['path'] == 'kv/b' for item in far['pending']): return False
                        return open('kv/b', 'rb').read() == b'b'
                    for i in range(600):
                        if waits(): break
                        time.sleep(0.05)
                    else: sys.exit('kv/b does not wait')
                    write('kv/c', b'c')
                    before = time.time()
                    os.kill(child, signal.SIGKILL)
                    assert os.waitpid(child, 0)[1] == signal.SIGKILL
                    assert time.time() - before < 10, time.time() - before
                    open_()
                    """#, seconds: 90)
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.python(
                Self.prelude + "for name in ('b', 'c'): assert there('kv/' + name) == name.encode(), name")
        }
    }

    @Test("fsync=local waits for this disk alone")
    func fsyncLocal() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await mount(fixture, ["far_wait_seconds=3600"])
            try await mount.python(
                Self.prelude + #"""
                    close()
                    fd = os.open('kv/a', os.O_WRONLY | os.O_CREAT)
                    os.write(fd, b'1')
                    os.fsync(fd)
                    assert there('kv/a') is None
                    open_()
                    """#)
        }
    }

    @Test("dirty_max: closes wait for room while others read, get ENOSPC where none is made, and nothing is lost")
    func dirtyMax() async throws {
        try await MountFixture.unmounted { fixture in
            var mount = try await mount(fixture, ["dirty_max=256K", "far_wait_seconds=30"])
            try await mount.python(
                Self.prelude + #"""
                    write('blobs/old', b'old')
                    close()
                    for i in range(20): write('blobs/f%d' % i, b'%02d\n' % i * 4000)
                    """#)
            // One that waits gets its room once uploads go on.
            let last = try mount.beginPython(
                Self.prelude + "write('blobs/last', b'z' * 100000)\nassert there('blobs/f0')\nprint('closed')")
            try await mount.python(
                Self.prelude + #"""
                    for i in range(600):
                        dirty = json.load(open('.persist/status.json'))['far']['dirtyBytes']
                        if dirty >= 240000 and os.path.exists('blobs/last'): break
                        time.sleep(0.05)
                    else: sys.exit('nothing waits: %d' % dirty)
                    assert open('blobs/f3', 'rb').read() == b'03\n' * 4000
                    open_()
                    """#)
            expect(await last.finish().lines, is: ["closed"])
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.unmount()
            // Short, for what must fail.
            mount = try await self.mount(fixture, ["dirty_max=256K", "far_wait_seconds=20"])
            try await mount.python(
                Self.prelude + #"""
                    close()
                    closed, refused = [], None
                    for i in range(40):
                        try:
                            write('blobs/g%d' % i, b'%02d\n' % i * 5000)
                            closed.append(i)
                        except OSError as e:
                            refused = errno.errorcode[e.errno]
                            break
                    assert refused == 'ENOSPC', (refused, closed)
                    assert len(closed) == 17, closed
                    # At once now: nothing has gone for long enough. A document is not there; all else goes on.
                    before = time.time()
                    assert errname(write, 'kv/big', b'x' * 200000) == 'ENOSPC'
                    assert time.time() - before < 12
                    # The last close of it goes on after close(2) has returned.
                    for i in range(100):
                        if not os.path.exists('kv/big'): break
                        time.sleep(0.1)
                    else: sys.exit('kv/big is there')
                    for i in closed: assert open('blobs/g%d' % i, 'rb').read() == b'%02d\n' % i * 5000
                    os.rename('blobs/g0', 'blobs/h'); os.rename('blobs/h', 'blobs/g0')
                    status = json.load(open('.persist/status.json'))['far']
                    assert 250000 <= status['dirtyBytes'] <= status['dirtyBytesMax'] == 256 << 10, status
                    assert 'persistfs_dirty_bytes_max 262144' in open('.persist/metrics').read()
                    open_()
                    """#)
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.python(
                Self.prelude + #"""
                    for i in range(20): assert there('blobs/f%d' % i) == b'%02d\n' % i * 4000, i
                    for i in range(17): assert there('blobs/g%d' % i) == b'%02d\n' % i * 5000, i
                    assert there('blobs/last') == b'z' * 100000
                    # What found no room is published when there is some, though nobody touches the mount.
                    for i in range(300):
                        if there('blobs/g17'): break
                        time.sleep(0.1)
                    assert there('blobs/g17') == b'17\n' * 5000
                    """#, seconds: 90)
        }
    }

    @Test("R2 umount with a far side that does not answer says what has not been sent; the next mount sends it")
    func umountUnsent() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await mount(fixture, [])
            try await mount.python(
                Self.prelude + #"""
                    close()
                    write('blobs/a', b'a')
                    for i in range(300):
                        if 'offlineSince' in json.load(open('.persist/status.json'))['far']: break
                        time.sleep(0.1)
                    """#)
            let end = try await mount.outside([mount.binary, "umount", mount.point], seconds: 60)
            expect(end.status, is: 7)
            #expect(end.error.contains("not been sent") && end.error.contains("the door is closed"), "\(end.error)")
            expect(try await mount.outside(["rm", "\(fixture.directory)/far.down"]).status, is: 0)
            try await mount.start()
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.python(Self.prelude + "assert there('blobs/a') == b'a'")
            expect(try await mount.outside([mount.binary, "umount", mount.point], seconds: 60).status, is: 0)
            try await mount.start()
        }
    }
}
