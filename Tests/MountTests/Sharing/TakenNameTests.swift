import PersistTestKit
import Testing

/// A file that is being made in one mount of a store, while another mount makes a file of that name.
@Suite struct TakenNameTests {
    /// What the maker does after the other mount has made the name, with `fd`, which is open for writing.
    enum Then: String, CaseIterable, Sendable {
        /// A shell closes its copy of the descriptor before its command writes.
        case closesACopy = "os.close(os.dup(fd))"
        case lists = "os.listdir(os.path.dirname(name))"
        case syncs = "os.fsync(fd)"
        case setsTimes = "os.utime(fd)"
        case setsMode = "os.fchmod(fd, 0o600)"
        case looks = "os.fstat(fd)"
    }

    private func meet(
        _ name: String, first: String = "", then: String, shows: String? = nil, _ fixture: borrowing MountFixture,
        _ other: TestMount
    ) async throws -> String {
        let maker = try fixture.mount.begin([
            "python3", "-c",
            """
            import os, time
            name = '\(name)'
            fd = os.open(name, os.O_CREAT | os.O_RDWR)
            os.write(fd, b'\(first)')
            print('ready', flush=True)
            while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.02)
            time.sleep(0.2)
            \(then)
            os.write(fd, b'2')
            assert os.pread(fd, 100, 0) == b'\(first)2', os.pread(fd, 100, 0)
            os.close(fd)
            """,
        ])
        try await maker.waitForOutput("ready")
        try await other.succeed("echo 1 > \(name); touch $SCRATCH/go")
        let result = await maker.finish()
        expect(result.status, is: 0, result.error)
        return try await fixture.mount.succeed("rm $SCRATCH/go; cat \(shows ?? name)")
    }

    /// Runs a script with the points of two mounts of one store as `a`, where it is, and `b`.
    private func inBoth(_ script: String) async throws {
        try await MountFixture.with { fixture in
            let other = try await fixture.another()
            let names = "import os, sys, time\na, b = os.getcwd(), sys.argv[1]\n"
            _ = try await fixture.mount.python(names + script, arguments: [other.point])
        }
    }

    @Test("R10 of a blob whose name another mount makes the later close stands, whatever came before it")
    func blob() async throws {
        try await MountFixture.with { fixture in
            let other = try await fixture.another()
            for (number, then) in Then.allCases.enumerated() {
                for first in ["", "first"] {
                    let name = "blobs/\(first)\(number)"
                    let value = try await meet(name, first: first, then: then.rawValue, fixture, other)
                    #expect(value == first + "2", "\(then), \(first)")
                    try await eventually("the other mount shows it") { try await other.contents(name) == first + "2" }
                }
            }
        }
    }

    @Test("R10 a document whose name another mount makes stays theirs, and what is written here is a conflict")
    func document() async throws {
        try await MountFixture.with { fixture in
            let other = try await fixture.another()
            for (number, then) in Then.allCases.enumerated() {
                let name = "records/\(number).json"
                #expect(try await meet(name, then: then.rawValue, fixture, other) == "1", "\(then)")
                let kept = try await fixture.mount.succeed("cat .persist/conflicts/\(name)@*")
                #expect(kept == "2", "\(then)")
                #expect(try await other.contents(name) == "1\n", "\(then)")
            }
        }
    }

    @Test("R10 who writes on while another mount takes the name away is told so at close; of an own rm nobody is told")
    func takenAway() async throws {
        try await MountFixture.with { fixture in
            let other = try await fixture.another()
            let renames = "echo 3 > blobs/y; mv blobs/y blobs/x"
            for (take, isTold) in [("rm blobs/x", true), (renames, true), ("rm blobs/x", false)] {
                let maker = try fixture.mount.begin([
                    "python3", "-c",
                    """
                    import errno, os, time
                    fd = os.open('blobs/x', os.O_CREAT | os.O_WRONLY)
                    os.write(fd, b'1')
                    os.close(os.dup(fd))
                    print('ready', flush=True)
                    while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.02)
                    os.write(fd, b'2')
                    try: os.close(fd); print('ok')
                    except OSError as e: print(errno.errorcode[e.errno])
                    """,
                ])
                try await maker.waitForOutput("ready")
                let mount = isTold ? other : fixture.mount
                try await mount.succeed("\(take); touch $SCRATCH/go")
                let result = await maker.finish()
                #expect(result.output == "ready\n\(isTold ? "ESTALE" : "ok")", "\(take): \(result.error)")
                try await mount.succeed("rm -f $SCRATCH/go blobs/x")
            }
        }
    }

    @Test("R3 a file whose name another mount made first is renamed, and what is written then is where it is by then")
    func renamed() async throws {
        try await MountFixture.with { fixture in
            let other = try await fixture.another()
            let then = "os.rename(name, 'blobs/moved'); name = 'blobs/moved'"
            _ = try await meet("blobs/x", then: then, shows: "blobs/moved", fixture, other)
            #expect(try await fixture.mount.succeed("ls blobs; cat blobs/moved") == "moved\n2")
        }
    }

    @Test("R10 who writes on after the other mount's close is the later one, whoever made the name first")
    func laterClose() async throws {
        try await inBoth(
            """
            def close(fd):
                os.close(fd); time.sleep(0.15)
            def show(name): return [open(m + '/' + name, 'rb').read() for m in (a, b)]
            # B appends on and on; A, which was making the name before, closes in between.
            fa = os.open(a + '/blobs/y', os.O_CREAT | os.O_WRONLY)
            open(b + '/blobs/y', 'w').write('1\\n'); time.sleep(0.1)
            fb = os.open(b + '/blobs/y', os.O_WRONLY | os.O_APPEND)
            os.write(fb, b'2\\n'); os.fsync(fb)
            os.write(fa, b'a'); close(fa)
            os.write(fb, b'3\\n'); close(fb)
            assert show('blobs/y') == [b'1\\n2\\n3\\n'] * 2, show('blobs/y')
            # rm takes the file that is seen.
            fa = os.open(a + '/blobs/z', os.O_CREAT | os.O_WRONLY); os.write(fa, b'mine')
            open(b + '/blobs/z', 'w').write('theirs'); time.sleep(0.15)
            os.listdir(a + '/blobs')
            os.remove(a + '/blobs/z'); close(fa)
            assert 'z' not in os.listdir(a + '/blobs') + os.listdir(b + '/blobs')
            # A second program on the same mount.
            fa = os.open(a + '/blobs/w', os.O_CREAT | os.O_WRONLY); os.write(fa, b'a')
            open(b + '/blobs/w', 'w').write('theirs'); time.sleep(0.15)
            os.listdir(a + '/blobs')
            f2 = os.open(a + '/blobs/w', os.O_RDWR | os.O_TRUNC); os.write(f2, b'p2')
            close(fa)
            os.write(f2, b'-last'); close(f2)
            assert show('blobs/w') == [b'p2-last'] * 2, show('blobs/w')
            # Each fsync of a document keeps no copy, and what met its conflict does not come back.
            fa = os.open(a + '/kv/g', os.O_CREAT | os.O_WRONLY)
            open(b + '/kv/g', 'w').write('theirs'); time.sleep(0.15)
            for i in range(4): os.write(fa, b'%d' % i); os.fsync(fa)
            os.close(os.dup(fa)); os.remove(b + '/kv/g'); time.sleep(0.15); close(fa)
            assert not os.path.exists(a + '/kv/g')
            kept = os.listdir(a + '/.persist/conflicts/kv')
            assert [open(a + '/.persist/conflicts/kv/' + k, 'rb').read() for k in kept] == [b'0123'], kept
            """)
    }

    @Test("R1 all programs of the mount see what one of them writes to a file whose name others made first")
    func oneFile() async throws {
        try await inBoth(
            """
            def read(path): return open(path, 'rb').read()
            def taken(name, first):
                fd = os.open(a + '/blobs/' + name, os.O_CREAT | os.O_RDWR); os.write(fd, first)
                open(b + '/blobs/' + name, 'w').write('theirs'); time.sleep(0.15)
                os.fsync(fd)
                return fd
            fd = taken('seen', b'first')
            assert read('blobs/seen') == b'first'
            os.write(fd, b'+'); time.sleep(0.15)
            assert read('blobs/seen') == b'first+' and os.stat('blobs/seen').st_size == 6
            os.write(fd, b'last'); os.close(fd); time.sleep(0.15)
            assert read('blobs/seen') == read(b + '/blobs/seen') == b'first+last', read('blobs/seen')
            one = taken('both', b'AAAAAAAA')
            two = os.open('blobs/both', os.O_RDWR)
            os.pwrite(one, b'1', 0); os.pwrite(two, b'2', 7)
            os.close(one); os.close(two)
            assert read(b + '/blobs/both') == b'1AAAAAA2', read(b + '/blobs/both')
            """)
    }

    @Test("R8 who has a log open goes on where another program renames an open file over it, and closes that")
    func overAnOpenLog() async throws {
        try await MountFixture.with { fixture in
            let script = """
                import os, time
                open('events/x.log', 'w').write('1\\n')
                log = os.open('events/x.log', os.O_WRONLY | os.O_APPEND); os.write(log, b'2\\n')
                new = os.open('events/x.log.tmp', os.O_CREAT | os.O_WRONLY); os.write(new, b'1\\n2\\n3\\n')
                os.rename('events/x.log.tmp', 'events/x.log')
                # RELEASE comes a little later.
                os.close(new); time.sleep(0.2)
                os.write(log, b'4\\n'); os.close(log)
                assert open('events/x.log').read() == '1\\n2\\n3\\n4\\n', open('events/x.log').read()
                """
            _ = try await fixture.mount.python(script)
        }
    }
}
