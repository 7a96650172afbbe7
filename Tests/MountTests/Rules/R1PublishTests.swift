import PersistTestKit
import Testing

/// R1: one working copy an inode, published by FLUSH and RELEASE.
@Suite struct R1PublishTests {
    @Test("R1 redirections of bash and dash write what they say", arguments: ["bash", "dash"])
    func redirections(shell: String) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let script = """
                set -e
                echo one > kv/a; echo two >> kv/a
                (echo three; echo four) > kv/b
                { echo five; echo six; } > kv/c
                echo '{"n":1}' > records/d.json
                for i in 1 2 3; do echo "$i"; done > blobs/e
                cat > kv/f <<END
                here
                END
                exec 3> kv/g; echo seven >&3; echo eight >&3; exec 3>&-
                printf '%s\\n' '{"i":1}' >> events/h.jsonl; printf '%s\\n' '{"i":2}' >> events/h.jsonl
                : > kv/empty
                """
            let result = try await mount.run([shell, "-c", script])
            #expect(result.succeeded && result.errorBytes.isEmpty, "\(result.error)")
            try await mount.killAndRemount()
            expect(try await mount.contents("kv/a"), is: "one\ntwo\n")
            expect(try await mount.contents("kv/b"), is: "three\nfour\n")
            expect(try await mount.contents("kv/c"), is: "five\nsix\n")
            expect(try await mount.contents("records/d.json"), is: "{\"n\":1}\n")
            expect(try await mount.contents("blobs/e"), is: "1\n2\n3\n")
            expect(try await mount.contents("kv/f"), is: "here\n")
            expect(try await mount.contents("kv/g"), is: "seven\neight\n")
            expect(try await mount.contents("kv/empty"), is: "")
            expect(try await mount.contents("events/h.jsonl"), is: "{\"i\":1}\n{\"i\":2}\n")
        }
    }

    @Test("R1 a value written by a forked group is whole at the last close")
    func forkedGroup() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            for shell in ["bash", "dash"] {
                try await mount.succeed("\(shell) -c '(echo a; (echo b); echo c & wait) > kv/group'")
                expect(try await mount.contents("kv/group"), is: "a\nb\nc\n")
                try await mount.succeed(#"\#(shell) -c '(printf "{\"a\":"; /bin/echo "1}") > records/g.json'"#)
                expect(try await mount.contents("records/g.json"), is: "{\"a\":1}\n")
            }
            expect(try await fixture.sql("SELECT value FROM records WHERE key = 'g'"), is: "{\"a\":1}")
        }
    }

    @Test("R1 a flush before the first byte leaves the old value at a kill")
    func flushBeforeFirstByte() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.write("old", to: "kv/a")
            try await mount.write("{\"old\":1}", to: "records/a.json")
            // The shell's recipe: open(O_TRUNC), dup, close (FLUSH), and the first byte only much later.
            let writer = try mount.beginPython(
                """
                for name in ('kv/a', 'records/a.json'):
                    os.close(os.dup(os.open(name, os.O_WRONLY | os.O_TRUNC)))
                print('flushed')
                time.sleep(50)
                """)
            try await writer.waitForOutput("flushed")
            expect(try await mount.contents("kv/a"), is: "", "seen at once on this mount")
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "old")
            try await mount.kill9()
            writer.kill()
            try await mount.start()
            expect(try await mount.contents("kv/a"), is: "old")
            expect(try await mount.contents("records/a.json"), is: "{\"old\":1}")
        }
    }

    @Test("R1 a descriptor that is shared publishes at each close")
    func sharedDescriptor() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let writer = try mount.beginPython(
                """
                fd = os.open('kv/a', os.O_WRONLY | os.O_CREAT)
                os.write(fd, b'one')
                os.close(os.dup(fd))
                print('first', flush=True)
                while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.01)
                os.write(fd, b' two')
                os.close(fd)
                """)
            try await writer.waitForOutput("first")
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "one")
            try await mount.succeed("touch $SCRATCH/go")
            let result = await writer.finish()
            #expect(result.succeeded, "\(result.error)")
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "one two")
        }
    }

    @Test("R1 stores through mmap after close are published", arguments: ["kv/m", "blobs/m"])
    func mappedAfterClose(path: String) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.python(
                """
                p = '\(path)'
                with open(p, 'wb') as f: f.write(b'.' * 8192)
                f = open(p, 'r+b')
                m = mmap.mmap(f.fileno(), 8192)
                f.close()
                m[0:5] = b'later'
                m[5000:5003] = b'end'
                m.close()
                """)
            let whole = "later" + String(repeating: ".", count: 4_995) + "end" + String(repeating: ".", count: 3_189)
            expect(try await mount.contents(path), is: whole)
            // RELEASE, which publishes them, is not waited for by munmap; sync is.
            if path == "kv/m" {
                try await eventually("the stores are in the table") {
                    try await fixture.sql("SELECT substr(value, 1, 5) FROM kv WHERE key = 'm'") == "later"
                }
                try await mount.kill9()
                try await mount.start()
            } else {
                try await mount.remount()
            }
            expect(try await mount.contents(path), is: whole)
        }
    }

    @Test("R1 truncate by path is an open, an ftruncate and a close")
    func truncateByPath() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.write("abcdef", to: "kv/a")
            try await mount.write("[1,2]     ", to: "records/a.json")
            try await mount.python("os.truncate('kv/a', 3); os.truncate('records/a.json', 5)")
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "abc")
            expect(try await mount.errname("os.truncate('records/a.json', 4)"), is: "EBADMSG")
            try await mount.killAndRemount()
            expect(try await mount.contents("kv/a"), is: "abc")
            expect(try await mount.contents("records/a.json"), is: "[1,2]")
        }
    }

    @Test("R1 O_TRUNC without a byte publishes the empty value at the last close")
    func truncatedByOpen() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.write("old", to: "kv/a")
            try await mount.write("old", to: "blobs/a")
            try await mount.succeed(": > kv/a; : > blobs/a")
            expect(try await mount.contents("kv/a"), is: "")
            try await eventually("the table holds the empty value") {
                try await fixture.sql("SELECT length(value) FROM kv WHERE key = 'a'") == "0"
            }
            try await mount.remount()
            expect(try await mount.contents("kv/a"), is: "")
            expect(try await mount.contents("blobs/a"), is: "")
        }
    }

    @Test("R1 a second opener sees bytes that are not published, other programs do not")
    func unpublishedIsShared() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.write("old", to: "kv/a")
            let writer = try mount.beginPython(
                """
                fd = os.open('kv/a', os.O_WRONLY | os.O_TRUNC)
                os.write(fd, b'new')
                print('written')
                while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.01)
                os.close(fd)
                """)
            try await writer.waitForOutput("written")
            expect(try await mount.contents("kv/a"), is: "new")
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "old")
            try await mount.succeed("touch $SCRATCH/go")
            let result = await writer.finish()
            #expect(result.succeeded)
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "new")
        }
    }

    @Test("R1 a file that was unlinked stays readable and writable while it is open")
    func unlinkedButOpen() async throws {
        try await MountFixture.with { fixture in
            let answers = try await fixture.mount.python(
                """
                for p in ('kv/u', 'blobs/u', 'records/u.md'):
                    with open(p, 'w') as f: f.write('kept')
                    fd = os.open(p, os.O_RDWR)
                    os.unlink(p)
                    os.pwrite(fd, b'K', 0)
                    print(os.pread(fd, 10, 0).decode(), os.fstat(fd).st_nlink, os.path.exists(p))
                    os.close(fd)
                """)
            #expect(answers == "Kept 0 False\nKept 0 False\nKept 0 False")
            expect(try await fixture.sql("SELECT count(*) FROM kv"), is: "0")
        }
    }
}
