import PersistTestKit
import Testing

/// R3: rename over a name is one transaction; what the root and the namespaces refuse.
@Suite struct R3ReplaceTests {
    @Test("R3 readers of a name that is replaced again and again see a whole value, and never none")
    func readersDuringReplace() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("echo '[0,0]' | tee records/a.json kv/a > blobs/a")
            let readers = try ["records/a.json", "kv/a", "blobs/a"].map { path in
                try mount.beginPython(
                    """
                    print('started')
                    reads = 0
                    while not os.path.exists(os.environ['SCRATCH'] + '/stop'):
                        a, b = json.loads(open('\(path)').read().split('#')[0])
                        assert a == b
                        reads += 1
                    assert reads > 0
                    """)
            }
            for reader in readers { try await reader.waitForOutput("started") }
            try await mount.python(
                """
                for i in range(1, 201):
                    for p in ('records/a.json', 'kv/a', 'blobs/a'):
                        text = '[%d,%d]' % (i, i)
                        if not p.startswith('records'): text += '#' * (i * 37 % 9_000)
                        with open(p + '.tmp', 'w') as f: f.write(text)
                        os.rename(p + '.tmp', p)
                """)
            try await mount.succeed("touch $SCRATCH/stop")
            for reader in readers {
                let result = await reader.finish()
                #expect(result.succeeded, "\(result.error)")
            }
        }
    }

    @Test("R3 a new document that is renamed over another before it is closed takes its place with what was written")
    func renamedWhileOpen() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.python(
                """
                for p, name in (('records/x.json', 'records/y.json'), ('kv/x', 'kv/y')):
                    for syncs in (True, False):
                        with open(name, 'w') as f: f.write('"old"')
                        fd = os.open(p, os.O_RDWR | os.O_CREAT | os.O_EXCL)
                        os.write(fd, b'"new"')
                        if syncs: os.fsync(fd)
                        os.rename(p, name)
                        assert open(name).read() == '"new"' and not os.path.exists(p), name
                        os.write(fd, b' ')
                        os.close(fd)
                        assert open(name).read() == '"new" ', name
                # What is no value replaces none, and is still there to be finished.
                fd = os.open('records/x.json', os.O_RDWR | os.O_CREAT | os.O_EXCL)
                os.write(fd, b'{"a": ')
                try: os.rename('records/x.json', 'records/y.json'); assert False
                except OSError as e: assert e.errno == errno.EBADMSG, e
                assert open('records/y.json').read() == '"new" '
                os.write(fd, b'1}')
                os.rename('records/x.json', 'records/y.json')
                os.close(fd)
                assert json.load(open('records/y.json')) == {'a': 1}
                """)
            let row = try await fixture.succeed("sqlite3 $STORE \"SELECT value FROM records WHERE key = 'y'\"")
            #expect(row == #"{"a": 1}"#)
        }
    }

    @Test("R3 R10 where another program has given the new name a value, that moves, and no byte is lost")
    func renamedWhileOpenWithValueOfOthers() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.python(
                """
                import sqlite3
                with open('records/y.json', 'w') as f: f.write('"old"')
                fd = os.open('records/x.json', os.O_RDWR | os.O_CREAT)
                os.write(fd, b'"mine"')
                os.fsync(fd)
                db = sqlite3.connect(os.environ['STORE'], timeout=20)
                db.execute("INSERT INTO records(key, value) VALUES ('x', '\\"theirs\\"')")
                db.commit()
                os.rename('records/x.json', 'records/y.json')
                os.close(fd)
                assert open('records/y.json').read() == '"theirs"', open('records/y.json').read()
                kept = [os.path.join(d, n) for d, _, names in os.walk('.persist/conflicts') for n in names]
                assert [open(k).read() for k in kept] == ['"mine"'], kept
                """)
        }
    }

    @Test("R3 renaming across namespaces is EXDEV, so that mv copies")
    func acrossNamespaces() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("printf '{}' > blobs/a.json; mkdir blobs/d; echo 1 > blobs/d/f")
            expect(try await mount.errname("os.rename('blobs/a.json', 'records/a.json')"), is: "EXDEV")
            expect(try await mount.errname("os.rename('blobs/d', 'kv/d')"), is: "EXDEV")
            try await mount.succeed("mv blobs/a.json records/a.json; mv blobs/d kv/d")
            expect(try await mount.succeed("find blobs -mindepth 1; cat records/a.json kv/d/f"), is: "{}1")
            expect(try await fixture.sql("SELECT value FROM records WHERE key = 'a'"), is: "{}")
        }
    }

    @Test("R3 the root takes no names, and gives none of its own away")
    func root() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            expect(try await mount.errname("os.mkdir('more')"), is: "EPERM")
            expect(try await mount.errname("open('file', 'w')"), is: "EPERM")
            expect(try await mount.errname("os.symlink('x', 'link')"), is: "EPERM")
            expect(try await mount.errname("os.mkfifo('fifo')"), is: "EPERM")
            for namespace in ["records", "kv", "blobs", "events"] {
                expect(try await mount.errname("os.rmdir('\(namespace)')"), is: "EBUSY")
                expect(try await mount.errname("os.rename('\(namespace)', 'other')"), is: "EBUSY")
            }
            let names = try await mount.succeed("ls -A")
            #expect(names == "blobs\nevents\nkv\nrecords")
        }
    }

    @Test("R3 mode, owner and times of the namespaces and of the root are kept")
    func namespaceAttributes() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("chmod 750 . blobs; chmod 1777 kv; touch -d @1000.5 events .")
            try await mount.succeed("[ $(id -u) != 0 ] || chown 12:34 records .")
            let before = try await mount.succeed("stat -c '%n %a %u %g %Y %y' . records kv blobs events")
            #expect(before.contains(". 750") && before.contains("kv 1777") && before.contains("events 755"))
            try await mount.killAndRemount()
            expect(try await mount.succeed("stat -c '%n %a %u %g %Y %y' . records kv blobs events"), is: before)
        }
    }

    @Test("R3 renaming a directory in blobs/ costs the same whatever it holds")
    func directoryRenameCost() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.python(
                """
                os.mkdir('blobs/small'); os.mkdir('blobs/large')
                open('blobs/small/f', 'w').close()
                for i in range(1500): open('blobs/large/f%d' % i, 'w').close()
                """)
            let cost = """
                before=$(stat -c %s $STORE-wal); mv blobs/$0 blobs/$0-moved; echo $(($(stat -c %s $STORE-wal) - before))
                """
            // The log may start over between the two looks at it: it never grows by much either way.
            for name in ["small", "large"] {
                let result = try await mount.run(["bash", "-c", cost, name])
                let grown = try #require(Int(result.output))
                #expect(grown < 128 << 10, "\(name): \(grown) bytes of log")
            }
            expect(try await mount.succeed("ls blobs/large-moved | wc -l"), is: "1500")
        }
    }

    @Test("R3 RENAME_NOREPLACE refuses, RENAME_EXCHANGE exchanges")
    func flags() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let answers = try await mount.python(
                """
                import ctypes
                libc = ctypes.CDLL(None, use_errno=True)
                def renameat2(a, b, flags):
                    if libc.renameat2(-100, a.encode(), -100, b.encode(), flags) != 0:
                        e = ctypes.get_errno()
                        raise OSError(e, os.strerror(e))
                for d in ('blobs/', 'kv/', 'records/'):
                    for n, t in (('a.json', '"a"'), ('b.json', '"b"')):
                        with open(d + n, 'w') as f: f.write(t)
                    print(errname(renameat2, d + 'a.json', d + 'b.json', 1))
                    print(errname(renameat2, d + 'a.json', d + 'c.json', 1))
                    print(errname(renameat2, d + 'b.json', d + 'c.json', 2))
                    print(open(d + 'b.json').read(), open(d + 'c.json').read())
                """)
            let each = "EEXIST\nok\nok\n\"a\" \"b\""
            #expect(answers == [each, each, each].joined(separator: "\n"))
        }
    }
}
