import PersistTestKit
import Testing

/// Two processes that write one file, and bring its WAL over, as fast as they can.
@Suite struct TwoWritersTests {
    private static let seconds = TestSize.number("PERSISTFS_TEST_WRITERS_SECONDS", 20, long: 600)

    /// Overwrites values, so that the WAL begins anew again and again, and adds lines. Prints what was acknowledged.
    private static let work = """
        me, end = sys.argv[1], time.monotonic() + float(sys.argv[2])
        last, i = {}, 0
        line = os.open('events/all.jsonl', os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        def put(path, data):
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(fd, data)
            os.close(fd)
            last[path] = i
        while time.monotonic() < end:
            i += 1
            put('kv/%s%d' % (me, i % 50), b'%d' % i)
            put('records/%s%d.json' % (me, i % 50), b'[%d]' % i)
            put('blobs/%s%d' % (me, i % 20), b'%08d' % i * 20_000)
            os.write(line, b'{"by":"%s","i":%d}\\n' % (me.encode(), i))
            if i % 100 == 0:
                fd = os.open('blobs', os.O_RDONLY)
                os.fsync(fd)
                os.close(fd)
        print(json.dumps({'last': last, 'lines': i}))
        """

    private static let verification = """
        for me, told in (('a', sys.argv[1]), ('b', sys.argv[2])):
            told = json.loads(told)
            for path, i in told['last'].items():
                data = open(path, 'rb').read()
                wanted = {'k': b'%d' % i, 'r': b'[%d]' % i, 'b': b'%08d' % i * 20_000}[path[0]]
                assert data == wanted, (path, i, data[:20])
            lines = [e['i'] for e in map(json.loads, open('events/all.jsonl')) if e['by'] == me]
            assert lines == list(range(1, told['lines'] + 1)), (me, told['lines'], len(lines))
        """

    @Test("R2 two processes write and checkpoint one file, and nothing that one was told is written is lost")
    func twoWriters() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            async let first = mount.python(
                Self.work, arguments: ["a", "\(Self.seconds)"], seconds: Self.seconds + 60)
            async let second = other.python(
                Self.work, arguments: ["b", "\(Self.seconds)"], seconds: Self.seconds + 60)
            let told = try await [first, second]
            // Counted in the header of the WAL, at byte 12: without that the case was not there. How often depends on
            // the disk: a slow one lets the WAL grow.
            let beginnings = try await mount.outside([
                "od", "-A", "n", "-t", "u4", "--endian=big", "-j", "12", "-N", "4", fixture.store + "-wal",
            ])
            let count = try #require(Int(beginnings.output.filter(\.isNumber)))
            #expect(count >= 3, "the WAL began anew \(count) times")
            for each in [mount, other] { try await each.python(Self.verification, arguments: told) }
            try await other.unmount()
            try await fixture.unmountToOneFile()
            let check = try await mount.outside([mount.binary, "check", mount.store])
            #expect(check.succeeded, "\(check.output)\n\(check.error)")
            try await mount.start()
            try await mount.python(Self.verification, arguments: told)
        }
    }
}
