import PersistTestKit
import Testing

/// R8: a stream is a file that only grows.
@Suite struct R8EventTests {
    @Test("R8 eight processes append to one log: no line is lost, torn or doubled")
    func eightAppenders() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.python(
                """
                children = []
                for w in range(8):
                    pid = os.fork()
                    if pid == 0:
                        fd = os.open('events/a.jsonl', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                        for i in range(100):
                            line = json.dumps({'w': w, 'i': i, 'pad': 'x' * ((w * 131 + i * 37) % 3000)}).encode() + b'\\n'
                            assert os.write(fd, line) == len(line)
                        os._exit(0)
                    children.append(pid)
                for pid in children: assert os.waitpid(pid, 0)[1] == 0
                """)
            let verify = """
                seen = {}
                for line in open('events/a.jsonl'):
                    e = json.loads(line)
                    assert len(e['pad']) == (e['w'] * 131 + e['i'] * 37) % 3000
                    assert e['i'] == seen.get(e['w'], -1) + 1
                    seen[e['w']] = e['i']
                assert seen == {w: 99 for w in range(8)}, seen
                """
            try await mount.python(verify)
            try await mount.killAndRemount()
            try await mount.python(verify)
        }
    }

    @Test("R8 tail -f follows lines from here, and from another mount")
    func tail() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("echo '{\"i\":0}' > events/a.jsonl")
            let other = try await fixture.another()
            let tail = try mount.begin(["tail", "-n", "+1", "-s", "0.05", "-f", "events/a.jsonl"])
            try await tail.waitForOutput("{\"i\":0}\n")
            try await mount.succeed("echo '{\"i\":1}' >> events/a.jsonl")
            try await tail.waitForOutput("{\"i\":1}\n")
            try await other.succeed("echo '{\"i\":2}' >> events/a.jsonl")
            try await tail.waitForOutput("{\"i\":2}\n")
            #expect(tail.output == "{\"i\":0}\n{\"i\":1}\n{\"i\":2}\n")
            tail.kill()
            _ = await tail.finish()
        }
    }

    @Test("R8 an unfinished line waits in its open file; close joins it, and the next append begins a new line")
    func partialLines() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let writer = try mount.beginPython(
                """
                fd = os.open('events/a.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.write(fd, b'one\\ntw')
                print('half')
                while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.01)
                os.write(fd, b'o\\nthree')
                """)
            try await writer.waitForOutput("half")
            try await mount.succeed("echo between >> events/a.log")
            try await mount.succeed("touch $SCRATCH/go")
            let result = await writer.finish()
            #expect(result.succeeded, "\(result.error)")
            try await eventually("the last line is joined") {
                try await mount.contents("events/a.log") == "one\nbetween\ntwo\nthree"
            }
            try await mount.succeed("echo four >> events/a.log")
            expect(try await mount.contents("events/a.log"), is: "one\nbetween\ntwo\nthree\nfour\n")
            try await mount.killAndRemount()
            expect(try await mount.contents("events/a.log"), is: "one\nbetween\ntwo\nthree\nfour\n")
        }
    }

    @Test("R8 a positioned write at the end continues an unfinished line")
    func positionedWrite() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("printf 'a\\nhal' > events/a.log")
            try await eventually("joined") { try await mount.contents("events/a.log") == "a\nhal" }
            try await mount.python(
                """
                fd = os.open('events/a.log', os.O_WRONLY)
                assert os.pwrite(fd, b'f\\nc\\n', 5) == 4
                assert os.pwrite(fd, b'half\\nc\\n', 2) == 7
                assert os.pwrite(fd, b'c\\nd\\n', 7) == 4
                os.close(fd)
                """)
            expect(try await mount.contents("events/a.log"), is: "a\nhalf\nc\nd\n")
        }
    }

    @Test("R8 in *.jsonl a bad line ends its write, and is EBADMSG where it is the first")
    func badLines() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let answers = try await mount.python(
                """
                for name in ('events/a.jsonl', 'events/a.ndjson'):
                    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                    print(os.write(fd, b'{"a":1}\\n{"a":2}\\nbad\\n{"a":3}\\n'))
                    print(errname(os.write, fd, b'bad\\n{"a":3}\\n'))
                    print(os.write(fd, b'{"a":3}\\n'))
                    os.close(fd)
                """)
            #expect(answers == "16\nEBADMSG\n8\n16\nEBADMSG\n8")
            for name in ["events/a.jsonl", "events/a.ndjson"] {
                expect(try await mount.contents(name), is: "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
            }
            try await mount.succeed("echo bad > events/a.log")
            _ = try await mount.shell("printf '{\"half' >> events/a.jsonl")
            try await eventually("the unfinished line is kept aside") {
                try await mount.exists(".persist/rejected/events/a.jsonl")
            }
            expect(try await mount.contents("events/a.jsonl"), is: "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
            expect(try await mount.contents(".persist/rejected/events/a.jsonl"), is: "{\"half")
        }
    }

    @Test("R8 a bad line over two writes is refused, kept aside, and in the way of none that follow")
    func badLineInPieces() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let answers = try await mount.python(
                """
                fd = os.open('events/a.jsonl', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                print(os.write(fd, b'{"a":1}\\n{"a":'), errname(os.write, fd, b'oops\\n{"a":2}\\n'), os.write(fd, b'{"a":3}\\n'))
                os.close(fd)
                fd = os.open('events/b.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                print(os.write(fd, b'x' * (1 << 20)), errname(os.write, fd, b'x'), os.write(fd, b'short\\n'))
                os.close(fd)
                """)
            #expect(answers == "13 EBADMSG 8\n1048576 EFBIG 6")
            expect(try await mount.contents("events/a.jsonl"), is: "{\"a\":1}\n{\"a\":3}\n")
            expect(try await mount.contents(".persist/rejected/events/a.jsonl"), is: "{\"a\":")
            expect(try await mount.contents("events/b.log"), is: "short\n")
        }
    }

    @Test("R8 what is changed in mapped pages of a log is no event")
    func mapped() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.python(
                """
                # The pages are written back by this descriptor, which appends.
                fd = os.open('events/a.log', os.O_RDWR | os.O_CREAT | os.O_APPEND)
                os.write(fd, b'one\\ntwo\\n')
                # Where the kernel maps such files at all.
                try:
                    m = mmap.mmap(fd, 8)
                    m[0:3] = b'ONE'
                    print(errname(m.flush))
                    m.close()
                except OSError as e: print(errno.errorcode[e.errno])
                os.write(fd, b'three\\n')
                """)
            try await mount.killAndRemount()
            expect(try await mount.contents("events/a.log"), is: "one\ntwo\nthree\n")
        }
    }

    @Test("R8 what would take an event away is EPERM, and changes nothing")
    func neverTakenAway() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "printf 'one\\ntwo\\n' > events/a.log; mkdir events/d; echo x > blobs/x; echo y > events/y.log")
            for statement in [
                "os.truncate('events/a.log', 0)", "os.truncate('events/a.log', 100)", "os.unlink('events/a.log')",
                "os.open('events/a.log', os.O_WRONLY | os.O_TRUNC)", "os.rename('events/a.log', 'events/b.log')",
                "os.rename('events/a.log', 'events/plain')",
                "os.pwrite(os.open('events/a.log', os.O_WRONLY), b'ONE', 0)",
                "os.pwrite(os.open('events/a.log', os.O_WRONLY), b'gap', 100)",
                "os.rename('events/y.log', 'events/a.log')",
            ] {
                expect(try await mount.errname(statement), is: "EPERM", "\(statement)")
            }
            expect(
                try await mount.python(
                    """
                    os.truncate('events/a.log', 8)
                    fd = os.open('events/a.log', os.O_WRONLY)
                    os.ftruncate(fd, 8)
                    print(os.pwrite(fd, b'one\\n', 0))
                    os.close(fd)
                    """), is: "4")
            expect(try await mount.contents("events/a.log"), is: "one\ntwo\n")
            try await mount.succeed(
                "touch events/e.log; mv events/e.log events/f.log; : > events/f.log; rm events/f.log")
            try await mount.killAndRemount()
            expect(try await mount.succeed("ls events; cat events/a.log"), is: "a.log\nd\ny.log\none\ntwo")
        }
    }

    @Test("R8 renaming over a stream a file that begins with it appends the rest, and keeps the stream")
    func renameOver() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("printf 'one\\n' > events/a.log")
            let inode = try await mount.succeed("stat -c %i events/a.log")
            try await mount.succeed(
                """
                printf 'one\\ntwo\\n' > events/.a.log.XyZ123; chmod 640 events/.a.log.XyZ123
                touch -d @99.5 events/.a.log.XyZ123; mv events/.a.log.XyZ123 events/a.log
                """)
            expect(try await mount.contents("events/a.log"), is: "one\ntwo\n")
            #expect(
                try await mount.succeed("stat -c '%i %a %.1Y %s' events/a.log; ls -A events")
                    == "\(inode) 640 99.5 8\na.log")
            try await mount.succeed("printf 'other\\n' > events/.a.log.XyZ123")
            expect(try await mount.errname("os.rename('events/.a.log.XyZ123', 'events/a.log')"), is: "EPERM")
            expect(try await mount.contents("events/a.log"), is: "one\ntwo\n")
        }
    }

    @Test("R8 events=rw allows what removes events")
    func removable() async throws {
        try await MountFixture.with(options: ["events=rw"]) { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "echo one > events/a.log; echo two > events/b.log; mv events/a.log events/c.log; rm events/b.log")
            expect(try await mount.succeed("ls events; cat events/c.log"), is: "c.log\none")
            try await mount.killAndRemount()
            expect(try await mount.contents("events/c.log"), is: "one\n")
            try await mount.succeed(
                """
                : > events/c.log; test ! -s events/c.log; echo two >> events/c.log
                echo 1 > events/d.log; exec 3>> events/d.log; truncate -s 0 events/d.log; echo 2 >&3
                """)
            expect(try await mount.errname("os.truncate('events/c.log', 2)"), is: "EPERM")
            try await mount.killAndRemount()
            expect(try await mount.succeed("cat events/c.log events/d.log"), is: "two\n2")
            let check = try await mount.outside([mount.binary, "check", fixture.store])
            #expect(check.succeeded, "\(check.output)")
        }
    }

    @Test("R8 one write of many lines stays adjacent among appenders of two mounts")
    func adjacency() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.succeed("touch events/a.log")
            let script = """
                fd = os.open('events/a.log', os.O_WRONLY | os.O_APPEND)
                for i in range(20):
                    block = b''.join(b'%s %d %d\\n' % (sys.argv[1].encode(), i, j) for j in range(500))
                    assert os.write(fd, block) == len(block)
                """
            async let first = mount.python(script, arguments: ["a"])
            async let second = other.python(script, arguments: ["b"])
            _ = try await (first, second)
            try await mount.python(
                """
                lines = [l.split() for l in open('events/a.log')]
                assert len(lines) == 20_000, len(lines)
                for k in range(0, len(lines), 500):
                    block = lines[k:k + 500]
                    assert [l[2] for l in block] == [str(j) for j in range(500)] and len({(l[0], l[1]) for l in block}) == 1, k
                """)
        }
    }
}
