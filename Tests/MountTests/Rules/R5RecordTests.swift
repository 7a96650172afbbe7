import PersistTestKit
import Testing

/// R5: a record is a JSON document, or nothing happens.
@Suite struct R5RecordTests {
    @Test("R5 a document that does not parse is refused by close, and leaves the last good version")
    func refusedByClose() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("mkdir records/users; printf '{\"v\":1}' > records/users/alice.json")
            let answer = try await mount.errname(
                """
                fd = os.open('records/users/alice.json', os.O_WRONLY | os.O_TRUNC)
                os.write(fd, b'{\\n  "v": 2,\\n  oops\\n}\\n')
                os.close(fd)
                """)
            #expect(answer == "EBADMSG")
            try await Self.expectRejected(mount)
            try await mount.killAndRemount()
            try await Self.expectRejected(mount)
            try await mount.write("{\"v\":3}", to: "records/users/alice.json")
            #expect(try await !mount.exists(".persist/rejected/records/users/alice.json"))
            expect(
                try await mount.errname("os.getxattr('records/users/alice.json', 'user.persist.error')"), is: "ENODATA")
            expect(try await mount.contents("records/users/alice.json"), is: "{\"v\":3}")
        }
    }

    private static func expectRejected(_ mount: TestMount) async throws {
        let path = "records/users/alice.json"
        try await eventually("the refused bytes are kept") { try await mount.exists(".persist/rejected/\(path)") }
        expect(try await mount.contents(path), is: "{\"v\":1}")
        expect(try await mount.contents(".persist/rejected/\(path)"), is: "{\n  \"v\": 2,\n  oops\n}\n")
        let words = try await mount.succeed("getfattr --only-values -n user.persist.error \(path)")
        #expect(words.contains("line 3") && words.contains("column 3"), "\(words)")
        expect(try await mount.succeed("getfattr --only-values -n user.persist.state \(path)"), is: "rejected")
    }

    @Test("R5 a document that does not parse is refused by rename, and both names stay as they were")
    func refusedByRename() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "echo '[1]' > records/a.json; echo '[2' > records/a.json.tmp; echo '{' > records/n.md")
            expect(try await mount.errname("os.rename('records/a.json.tmp', 'records/a.json')"), is: "EBADMSG")
            expect(try await mount.errname("os.rename('records/n.md', 'records/n.json')"), is: "EBADMSG")
            expect(try await mount.contents("records/a.json"), is: "[1]\n")
            expect(try await mount.contents("records/a.json.tmp"), is: "[2\n")
            expect(try await mount.succeed("cat records/n.md; ls records"), is: "{\na.json\na.json.tmp\nn.md")
            try await mount.succeed("echo '[2]' > records/a.json.tmp; mv records/a.json.tmp records/a.json")
            expect(try await fixture.sql("SELECT key, value FROM records"), is: "a|[2]")
        }
    }

    @Test("R5 a name without a value goes away again when its document is refused")
    func newNameRefused() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let result = try await mount.shell("echo '{bad' > records/new.json")
            #expect(result.succeeded, "a shell ignores the error of close")
            try await eventually("the name is gone") { try await !mount.exists("records/new.json") }
            expect(try await mount.contents(".persist/rejected/records/new.json"), is: "{bad\n")
            expect(try await mount.succeed("ls -A records"), is: "")
            try await mount.remount()
            expect(try await mount.succeed("ls -A records"), is: "")
        }
    }

    @Test("R5 an empty document where there is no record is a placeholder")
    func placeholder() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "touch records/p.json; : > records/q.json; touch records/r.tmp; mv records/r.tmp records/r.json")
            try await mount.succeed(
                "test -f records/p.json -a ! -s records/p.json -a -f records/q.json -a -f records/r.json")
            expect(try await fixture.sql("SELECT count(*) FROM records"), is: "0")
            _ = try await mount.shell("echo '{bad' > records/p.json")
            try await eventually("the bytes are kept aside") {
                try await mount.exists(".persist/rejected/records/p.json")
            }
            try await mount.succeed("test -f records/p.json -a ! -s records/p.json")
            try await mount.killAndRemount()
            try await mount.succeed("test -f records/p.json -a ! -s records/p.json")
            try await mount.succeed("echo '{}' > records/p.json; rm records/q.json")
            expect(try await fixture.sql("SELECT key, value FROM records"), is: "p|{}")
        }
    }

    @Test("R5 a record is never emptied: not by open, truncate or rename")
    func emptyingRefused() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("echo '{}' > records/a.json; : > records/empty.tmp")
            _ = try await mount.shell(": > records/a.json")
            try await eventually("the record is back") { try await mount.contents("records/a.json") == "{}\n" }
            expect(try await mount.errname("os.truncate('records/a.json', 0)"), is: "EBADMSG")
            expect(try await mount.errname("os.rename('records/empty.tmp', 'records/a.json')"), is: "EBADMSG")
            expect(try await mount.contents("records/a.json"), is: "{}\n")
            try await mount.killAndRemount()
            expect(try await mount.contents("records/a.json"), is: "{}\n")
            try await mount.succeed("echo '{\"b\":1}' > records/a.json")
            expect(try await mount.contents("records/a.json"), is: "{\"b\":1}\n")
        }
    }

    @Test("R5 who asks for a document right after its close was refused finds the last good version, or no name")
    func askedAtOnce() async throws {
        try await MountFixture.with { fixture in
            let answers = try await fixture.mount.python(
                #"""
                def put(path, bytes, flag):
                    fd = os.open(path, os.O_WRONLY | os.O_CREAT | flag)
                    os.write(fd, bytes)
                    try:
                        os.close(fd)
                        return 'kept'
                    except OSError:
                        return 'refused'
                def run(name):
                    path, new = f'records/{name}.json', f'records/new-{name}.json'
                    assert put(path, b'""', os.O_TRUNC) == 'kept'
                    for i in range(100):
                        assert put(path, b'[1,]', os.O_TRUNC) == 'refused'
                        if i % 3 == 0:
                            assert os.stat(path).st_size == 2, i
                        if i % 3 == 1:
                            assert put(path, b' [', os.O_APPEND) == 'refused'
                        with open(path, 'rb') as file:
                            assert (found := file.read()) == b'""', (i, found)
                        assert put(new, b'[', 0) == 'refused'
                        assert put(new, b'{', 0) == 'refused'
                        if i % 2 == 0:
                            assert not os.path.exists(new), i
                        else:
                            assert errname(open, new) == 'ENOENT', i
                children = []
                for name in range(6):
                    child = os.fork()
                    if child == 0:
                        run(name)
                        os._exit(0)
                    children.append(child)
                assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
                print('done')
                """#)
            #expect(answers == "done")
        }
    }

    @Test("R5 one validator: RFC 8259, UTF-8, no byte order mark, at most 512 deep")
    func validator() async throws {
        try await MountFixture.with { fixture in
            let answers = try await fixture.mount.python(
                #"""
                good = [b'1', b' {"a" : [ ] }\n\n', b'[1e400]', b'"\\ud800"', b'{"a":1,"a":2}', b'12345678901234567890123',
                        '"\u00e9\U0001f600"'.encode(), b'[' * 512 + b']' * 512, b'null', b'-0.0E-7', b'""']
                bad = [b' ', b'[1,]', b'\xef\xbb\xbf[1]', '[1]'.encode('utf-16'), b'"\xff"', b'[1]\0', b'[1] [2]', b"{'a':1}",
                       b'[' * 513 + b']' * 513, b'[1', b'NaN', b'01', b'"\t"', b'{"a"}', b'// x\n1', b'"\xc0\x80"']
                def put(bytes):
                    fd = os.open('records/a.json', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                    os.write(fd, bytes)
                    os.close(fd)
                for text in good:
                    assert errname(put, text) == 'ok', text
                    assert open('records/a.json', 'rb').read() == text, text
                last = good[-1]
                for text in bad:
                    assert errname(put, text) == 'EBADMSG', text
                assert open('records/a.json', 'rb').read() == last
                print('done')
                """#)
            #expect(answers == "done")
        }
    }

    @Test("R5 a document past its limit is EFBIG, and the old value stays")
    func tooLarge() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.write("[0]", to: "records/a.json")
            let answers = try await mount.python(
                """
                fd = os.open('records/a.json', os.O_WRONLY | os.O_TRUNC)
                text = b'"' + b'x' * (1 << 20) + b'"'
                def fill():
                    for i in range(17): os.write(fd, text)
                print(errname(fill))
                print(errname(os.close, fd))
                print(errname(os.truncate, 'records/a.json', (16 << 20) + 1))
                """)
            #expect(answers == "EFBIG\nEFBIG\nEFBIG")
            try await eventually("the value is back") { try await mount.contents("records/a.json") == "[0]" }
            try await mount.python("open('records/l.json', 'w').write('\"' + 'x' * ((16 << 20) - 2) + '\"')")
            expect(try await fixture.sql("SELECT length(value) FROM records WHERE key = 'l'"), is: "16777216")
        }
    }

    @Test("R5 what others wrote is shown as stored, and byte for byte what was written here")
    func bytesAreKept() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await fixture.sql("INSERT INTO records(key, value) VALUES ('theirs', '{ \"b\":1.0,\n\"a\" : 1e2 }')")
            try await eventually("the record is there") { try await mount.exists("records/theirs.json") }
            expect(try await mount.contents("records/theirs.json"), is: "{ \"b\":1.0,\n\"a\" : 1e2 }")
            let text = "{ \"z\" : 1.0, \"a\":[ ],\n\t\"z\" : 2 }  \n\n"
            try await mount.write(text, to: "records/ours.json")
            expect(try await fixture.sql("SELECT hex(value) = hex('\(text)') FROM records WHERE key = 'ours'"), is: "1")
            try await mount.remount()
            expect(try await mount.contents("records/ours.json"), is: text)
        }
    }

    @Test("R5 renaming a directory publishes or withdraws all documents under it, or nothing")
    func directoryRename() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                mkdir -p records/.~tmp~/deep; cd records/.~tmp~
                echo '[1]' > a.json; echo '[2]' > deep/b.json; echo '[' > deep/bad.json; echo text > notes.txt
                """)
            expect(try await fixture.sql("SELECT count(*) FROM records"), is: "0")
            expect(try await mount.errname("os.rename('records/.~tmp~', 'records/done')"), is: "EBADMSG")
            expect(try await mount.succeed("ls -A records"), is: ".~tmp~")
            expect(try await fixture.sql("SELECT count(*) FROM records"), is: "0")
            try await mount.succeed("echo '[3]' > records/.~tmp~/deep/bad.json; mv records/.~tmp~ records/done")
            expect(
                try await fixture.sql("SELECT key FROM records ORDER BY key"), is: "done/a\ndone/deep/b\ndone/deep/bad")
            try await mount.succeed("mv records/done records/.~tmp~")
            expect(try await fixture.sql("SELECT count(*) FROM records"), is: "0")
            expect(try await mount.contents("records/.~tmp~/deep/b.json"), is: "[2]\n")
        }
    }
}
