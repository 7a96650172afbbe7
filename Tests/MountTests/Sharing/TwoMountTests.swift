import PersistTestKit
import Testing

/// Two mounts of one file, in two processes.
@Suite struct TwoMountTests {
    /// Everything that a mount shows, to compare it with another.
    private static let everything = """
        find . -printf '%P %y %m %s %T@ %l\\n' | sort
        find . -type f | sort | xargs -d '\\n' sha256sum
        """

    private func expectEqual(_ one: TestMount, _ other: TestMount) async throws {
        try await eventually("both mounts show the same") {
            let first = try await one.succeed(Self.everything)
            let second = try await other.succeed(Self.everything)
            return first == second
        }
    }

    /// Edits, renames and appends; `sys.argv[1]` tells the mounts apart. Names of its own, and names of both.
    private static let work = """
        me = sys.argv[1]
        for d in ('blobs', 'records', 'kv'): os.makedirs(d + '/shared', exist_ok=True)
        os.makedirs('blobs/' + me, exist_ok=True)
        for i in range(30):
            with open('records/%s%d.json' % (me, i % 7), 'w') as f: json.dump({'by': me, 'i': i}, f)
            with open('kv/shared/k%d' % (i % 3), 'w') as f: f.write(me * 100 + str(i))
            with open('blobs/%s/f%d.tmp' % (me, i), 'wb') as f: f.write(me.encode() * (i * 1000))
            os.rename('blobs/%s/f%d.tmp' % (me, i), 'blobs/%s/f%d' % (me, i % 11))
            try: os.rename('blobs/%s/f%d' % (me, i % 11), 'blobs/shared/f%d' % (i % 5))
            except FileNotFoundError: pass
            with open('events/all.jsonl', 'a') as f: f.write(json.dumps({'by': me, 'i': i}) + '\\n')
            if i % 10 == 9: os.rename('blobs/' + me, 'blobs/%s-moved%d' % (me, i)); os.mkdir('blobs/' + me)
        """

    @Test("Two mounts work at once: edits, renames and appends of both, and then they are equal")
    func bothWork() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            async let first = mount.python(Self.work, arguments: ["a"])
            async let second = other.python(Self.work, arguments: ["b"])
            _ = try await (first, second)
            try await expectEqual(mount, other)
            for each in [mount, other] {
                try await each.python(
                    """
                    events = [json.loads(l) for l in open('events/all.jsonl')]
                    for me in 'ab':
                        assert [e['i'] for e in events if e['by'] == me] == list(range(30)), me
                        for i in range(23, 30): assert json.load(open('records/%s%d.json' % (me, i % 7))) == {'by': me, 'i': i}
                    for k in range(3):
                        text = open('kv/shared/k%d' % k).read()
                        assert text[:100] in ('a' * 100, 'b' * 100) and text[100:].isdigit(), text
                    for k in range(5):
                        data = open('blobs/shared/f%d' % k, 'rb').read()
                        assert len(data) % 1000 == 0 and len(set(data)) <= 1, k
                    """)
            }
            let before = try await mount.succeed(Self.everything)
            try await other.unmount()
            try await fixture.unmountToOneFile()
            try await mount.start()
            expect(try await mount.succeed(Self.everything), is: before)
        }
    }

    @Test("One mount is killed and mounted again and again while the other works, and then they are equal")
    func oneIsKilled() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            let worker = try mount.begin(
                ["python3", "-c", "import os, sys, json\nsys.argv[1:] = ['a']\nfor n in range(3):\n" + Self.indented])
            var rounds = 0
            while worker.isRunning || rounds < 3 {
                let load = try other.beginPython(
                    """
                    print('started')
                    for i in range(1000):
                        with open('kv/theirs%d' % (i % 3), 'w') as f: f.write('x' * 1000)
                        with open('events/theirs.log', 'a') as f: f.write('%d line\\n' % i)
                        with open('blobs/theirs', 'wb') as f: f.write(b'y' * 200_000)
                        os.unlink('blobs/theirs')
                    """)
                try await load.waitForOutput("started")
                try await Task.sleep(for: .milliseconds(60))
                try await other.kill9()
                load.kill()
                _ = await load.finish()
                try await other.start()
                rounds += 1
            }
            let result = await worker.finish()
            #expect(result.succeeded, "\(result.error)")
            try await mount.python(
                """
                events = [json.loads(l) for l in open('events/all.jsonl')]
                assert [e['i'] for e in events] == list(range(30)) * 3
                for i in range(23, 30): assert json.load(open('records/a%d.json' % (i % 7)))['i'] == i
                assert all(l.endswith(' line\\n') for l in open('events/theirs.log'))
                """)
            try await expectEqual(mount, other)
            let check = try await mount.outside([mount.binary, "check", fixture.store])
            #expect(check.succeeded, "\(check.output)\(check.error)")
        }
    }

    private static let indented = work.split(separator: "\n", omittingEmptySubsequences: false)
        .map { "    \($0)\n" }.joined()

    @Test("A mount that recovers from a kill publishes and collects nothing of the living mount")
    func livingMountIsLeftAlone() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.succeed("printf old > kv/a; printf old > blobs/a; printf gone > blobs/unlinked")
            let writer = try mount.beginPython(
                """
                a = os.open('kv/a', os.O_WRONLY | os.O_TRUNC)
                os.write(a, b'new'); os.fsync(a)
                b = os.open('blobs/a', os.O_RDWR)
                os.pwrite(b, b'NEW' * 3_000_000, 0); os.fsync(b)
                u = os.open('blobs/unlinked', os.O_RDONLY)
                os.unlink('blobs/unlinked')
                print('open')
                while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.01)
                assert os.pread(b, 9_000_001, 0) == b'NEW' * 3_000_000
                os.close(a); os.close(b)
                assert os.read(u, 100) == b'gone'
                """)
            try await writer.waitForOutput("open")
            for _ in 0..<3 {
                try await other.killAndRemount()
                expect(try await other.succeed("cat kv/a blobs/a; test ! -e blobs/unlinked"), is: "oldold")
            }
            try await mount.succeed("touch $SCRATCH/go")
            let result = await writer.finish()
            #expect(result.succeeded, "\(result.error)")
            try await eventually("what was closed is seen") {
                try await other.succeed("cat kv/a; stat -c ' %s' blobs/a") == "new 9000000"
            }
        }
    }

    @Test("A mount sees another die, and publishes what that one had synced")
    func otherRecovers() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.succeed("printf old > kv/a")
            let writer = try mount.beginPython(
                """
                a = os.open('kv/a', os.O_WRONLY | os.O_TRUNC)
                os.write(a, b'synced'); os.fsync(a)
                print('synced')
                time.sleep(50)
                """)
            try await writer.waitForOutput("synced")
            try await mount.kill9()
            writer.kill()
            try await eventually("the living mount shows it") { try await other.contents("kv/a") == "synced" }
        }
    }

    @Test("mkdir and exclusive rename exclude between mounts")
    func exclusion() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            let script = """
                won = 0
                for i in range(40):
                    try: os.mkdir('blobs/d%d' % i); won += 1
                    except FileExistsError: pass
                print(won)
                """
            async let first = mount.python(script)
            async let second = other.python(script)
            let won = try await (Int(first) ?? 0, Int(second) ?? 0)
            #expect(won.0 + won.1 == 40, "\(won)")
            try await expectEqual(mount, other)
        }
    }

    @Test("A directory that one mount renames is where the other works on")
    func directoryRenamedBelow() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.succeed("mkdir -p blobs/d/e; echo 1 > blobs/d/e/f")
            try await eventually("the file is there") { try await other.exists("blobs/d/e/f") }
            let worker = try other.begin(
                ["bash", "-c", "echo ready; until test -e $SCRATCH/go; do sleep 0.02; done; echo 2 > g; cat f; ls"],
                in: "blobs/d/e")
            try await worker.waitForOutput("ready")
            try await mount.succeed("mv blobs/d blobs/moved; touch $SCRATCH/go")
            let result = await worker.finish()
            #expect(result.output == "ready\n1\nf\ng", "\(result.error)")
            try await eventually("its file is in the directory") { try await mount.exists("blobs/moved/e/g") }
            try await expectEqual(mount, other)
        }
    }

    @Test("R10 who makes a file whose directory or name the other mount takes is told at its close; nothing lingers")
    func takenWhileMade() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.succeed("mkdir blobs/d blobs/e")
            try await eventually("the directories are there") { try await other.exists("blobs/e") }
            let maker = try mount.begin(
                [
                    "python3", "-c",
                    """
                    import errno, os, time
                    files = []
                    for name in ('blobs/d/written', 'blobs/e/empty', 'blobs/x'):
                        files.append(os.open(name, os.O_CREAT | os.O_WRONLY))
                        if name != 'blobs/e/empty': os.write(files[-1], b'mine')
                    print('ready', flush=True)
                    while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.02)
                    for file in files:
                        try: os.close(file); print('ok')
                        except OSError as e: print(errno.errorcode[e.errno])
                    """,
                ])
            try await maker.waitForOutput("ready")
            try await other.succeed("rmdir blobs/d blobs/e; mkdir blobs/x; touch $SCRATCH/go")
            let result = await maker.finish()
            #expect(result.output == "ready\nESTALE\nESTALE\nEBADMSG", "\(result.output) \(result.error)")
            try await eventually("what has lost its name is kept") {
                try await mount.contents(".persist/rejected/blobs/x") == "mine"
            }
            try await expectEqual(mount, other)
            for each in [other, mount] {
                let end = try await each.outside([each.binary, "umount", each.point])
                expect(end.status, is: 0, end.error)
            }
        }
    }
}
