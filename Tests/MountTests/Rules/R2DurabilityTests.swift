import PersistTestKit
import Testing

/// R2: what has returned survives kill -9.
@Suite struct R2DurabilityTests {
    /// A step, and what must be true of the mount after a kill that follows it at once.
    struct Step: Sendable, CustomTestStringConvertible {
        var name: String
        var before = ":"
        var step: String
        var after: String
        var testDescription: String { name }
    }

    static let steps = [
        Step(name: "close", step: "printf v > kv/a", after: #"test "$(cat kv/a)" = v"#),
        Step(name: "close of a blob", step: "printf v > blobs/a", after: #"test "$(cat blobs/a)" = v"#),
        Step(name: "mkdir", step: "mkdir blobs/d records/d events/d kv/d", after: "test -d blobs/d -a -d events/d"),
        Step(name: "rmdir", before: "mkdir blobs/d", step: "rmdir blobs/d", after: "test ! -e blobs/d"),
        Step(
            name: "rename", before: "echo 1 > records/a.json", step: "mv records/a.json records/b.json",
            after: "test ! -e records/a.json -a -e records/b.json"),
        Step(
            name: "rename of a directory", before: "mkdir blobs/d; echo 1 > blobs/d/f", step: "mv blobs/d blobs/e",
            after: #"test ! -e blobs/d && test "$(cat blobs/e/f)" = 1"#),
        Step(name: "unlink", before: "echo 1 > kv/a", step: "rm kv/a", after: "test ! -e kv/a"),
        Step(name: "symlink", step: "ln -s to/there blobs/l", after: #"test "$(readlink blobs/l)" = to/there"#),
        Step(name: "mknod", step: "mkfifo blobs/p", after: "test -p blobs/p"),
        Step(
            name: "chmod", before: "echo 1 > blobs/a", step: "chmod 641 blobs/a",
            after: #"test "$(stat -c %a blobs/a)" = 641"#),
        Step(
            name: "utimensat", before: "echo 1 > blobs/a", step: "touch -d @7.000000009 blobs/a",
            after: #"test "$(stat -c %.9Y blobs/a)" = 7.000000009"#),
        Step(
            name: "setxattr", before: "echo 1 > blobs/a", step: "setfattr -n user.x -v y blobs/a",
            after: #"test "$(getfattr --only-values -n user.x blobs/a)" = y"#),
        Step(
            name: "truncate", before: "printf 12345 > blobs/a", step: "truncate -s 2 blobs/a",
            after: #"test "$(cat blobs/a)" = 12"#),
        Step(
            name: "touch", step: "touch blobs/t kv/t records/t.json events/t.log",
            after: "test -f blobs/t -a -f kv/t -a -f records/t.json -a -f events/t.log"),
    ]

    @Test("R2 every namespace operation that returned is there after kill -9", arguments: steps)
    func operations(step: Step) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(step.before)
            try await mount.succeed(step.step)
            try await mount.killAndRemount()
            try await mount.succeed(step.after)
        }
    }

    @Test("R2 an event line is there when its write has returned, with the file still open")
    func eventLine() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let writer = try mount.beginPython(
                """
                fd = os.open('events/a.jsonl', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                for i in range(5): os.write(fd, b'{"i":%d}\\n' % i)
                print('written')
                time.sleep(50)
                """)
            try await writer.waitForOutput("written")
            try await mount.kill9()
            writer.kill()
            try await mount.start()
            expect(try await mount.succeed("jq -c .i events/a.jsonl | tr -d '\\n'"), is: "01234")
        }
    }

    @Test("R2 an unfinished line is there after its flush")
    func flushedTail() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let writer = try mount.beginPython(
                """
                fd = os.open('events/a.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.write(fd, b'whole\\nhalf')
                os.close(os.dup(fd))
                print('flushed')
                time.sleep(50)
                """)
            try await writer.waitForOutput("flushed")
            try await mount.kill9()
            writer.kill()
            try await mount.start()
            expect(try await mount.contents("events/a.log"), is: "whole\nhalf")
        }
    }

    @Test("R2 a creation is there after fsync of its directory, with the file still open")
    func createdAndDirectorySynced() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let writer = try mount.beginPython(
                """
                for d in ('blobs', 'kv', 'records'):
                    fd = os.open(d + '/new.json', os.O_WRONLY | os.O_CREAT | os.O_EXCL)
                    os.fsync(os.open(d, os.O_RDONLY))
                print('synced')
                time.sleep(50)
                """)
            try await writer.waitForOutput("synced")
            try await mount.kill9()
            writer.kill()
            try await mount.start()
            try await mount.succeed("test -f blobs/new.json -a -f kv/new.json -a -f records/new.json")
        }
    }

    private static let kills = TestSize.number("PERSISTFS_TEST_KILLS", 20, long: 1_000)

    @Test("R2 kills under load lose nothing that was acknowledged, closed or synced, and tear nothing")
    func killsUnderLoad() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            var generator = SystemRandomNumberGenerator()
            for round in 0..<Self.kills {
                let load = try mount.beginPython(Self.load.replacing("ROUND", with: "\(round)"))
                try await load.waitForOutput("started")
                try await Task.sleep(for: .milliseconds(Int.random(in: 10...120, using: &generator)))
                try await mount.kill9()
                _ = await load.finish()
                try await mount.start()
                try await mount.python(Self.verification)
                let check = try await mount.outside([mount.binary, "check", mount.store])
                #expect(check.succeeded, "after kill \(round): \(check.output)\n\(check.error)")
                // What is noted is verified from now on by what is there: the notes do not grow for ever.
                try await mount.succeed(
                    "find blobs -maxdepth 1 -name 'd[0-9]*' -delete; sed -i '/ dir /d' $SCRATCH/notes")
            }
            try await fixture.unmountToOneFile()
        }
    }

    /// Writes whole values, lines and names, and notes each, outside of the mount, before it begins and once it is
    /// done; values of files that stay open are done once they are synced.
    private static let load = """
        note = os.open(os.environ['SCRATCH'] + '/notes', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        print('started')
        events = os.open('events/load.jsonl', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        i = ROUND * 1_000_000
        held = [(p, os.open(p, os.O_WRONLY | os.O_CREAT)) for p in ('kv/held', 'records/held.json', 'blobs/held')]
        try:
            while True:
                i += 1
                for p, text in (('kv/k%d' % (i % 5), '%d' % i * 50), ('records/r%d.json' % (i % 5), '[%d,%d]' % (i, i)),
                                ('blobs/b%d' % (i % 3), '%d ' % i * 20_000)):
                    os.write(note, b'begin %s %d\\n' % (p.encode(), i))
                    fd = os.open(p, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                    os.write(fd, text.encode())
                    os.close(fd)
                    os.write(note, b'done %s %d\\n' % (p.encode(), i))
                for p, fd in held:
                    text = {'k': '%d' % i * 50, 'r': '[%d,%d]' % (i, i), 'b': '%08d ' % i * 20_000}[p[0]]
                    os.write(note, b'begin %s %d\\n' % (p.encode(), i))
                    if p[0] != 'b': os.ftruncate(fd, 0)
                    os.pwrite(fd, text.encode(), 0)
                    os.fsync(fd)
                    os.write(note, b'done %s %d\\n' % (p.encode(), i))
                os.write(note, b'begin line %d\\n' % i)
                os.write(events, b'%d\\n' % i)
                os.write(note, b'done line %d\\n' % i)
                os.mkdir('blobs/d%d' % i)
                os.write(note, b'done dir %d\\n' % i)
        except OSError:
            pass
        """

    private static let verification = """
        begun, done, lines, dirs, lastLine = {}, {}, [], [], None
        for l in open(os.environ['SCRATCH'] + '/notes'):
            f = l.split()
            if f[1] == 'line':
                if f[0] == 'done': lines.append(int(f[2]))
                lastLine = int(f[2])
            elif f[1] == 'dir': dirs.append(f[2])
            else: (begun if f[0] == 'begin' else done).setdefault(f[1], []).append(int(f[2]))
        def value(p, text):
            if p.startswith('kv'):
                n = len(text) // 50
                assert text == text[:n] * 50, p
                return int(text[:n])
            if p.startswith('records'):
                a, b = json.loads(text)
                assert a == b, p
                return a
            words = text.split()
            assert len(words) == 20_000 and len(set(words)) == 1, p
            return int(words[0])
        for p, numbers in begun.items():
            last = done.get(p, [0])[-1]
            if not os.path.exists(p):
                assert last == 0, (p, last)
                continue
            text = open(p).read()
            # A kill between the open and the close may leave the empty file of a creation, never of a value.
            found = 0 if text == '' and last == 0 else value(p, text)
            assert found == last or found == numbers[-1] or (found > last and found in numbers), (p, last, found)
        there = [json.loads(l) for l in open('events/load.jsonl')] if os.path.exists('events/load.jsonl') else []
        assert there == sorted(set(there)), 'lines twice, or out of order'
        missing = set(lines) - set(there)
        assert not missing, missing
        for d in dirs: assert os.path.isdir('blobs/d' + d), d
        """
}
