import PersistTestKit
import Testing

/// R6: kv/ holds small values, whole or not at all.
@Suite struct R6ValueTests {
    @Test("R6 past its limit a value is EFBIG at write and at close, and the old value stays")
    func limit() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let answers = try await mount.python(
                """
                with open('kv/a', 'wb') as f: f.write(b'old')
                fd = os.open('kv/a', os.O_WRONLY | os.O_TRUNC)
                print(os.write(fd, b'x' * (1 << 20)))
                print(errname(os.write, fd, b'y'))
                print(errname(os.close, fd))
                """)
            #expect(answers == "1048576\nEFBIG\nEFBIG")
            try await eventually("the old value is back") { try await mount.contents("kv/a") == "old" }
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "old")
            try await mount.python("open('kv/a', 'wb').write(b'x' * (1 << 20))")
            expect(try await fixture.sql("SELECT length(value) FROM kv WHERE key = 'a'"), is: "1048576")
        }
    }

    @Test("R6 a working copy that a failed write has spoiled is never published, whoever closes it")
    func spoiled() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let answers = try await mount.python(
                """
                with open('kv/a', 'wb') as f: f.write(b'old')
                one = os.open('kv/a', os.O_WRONLY)
                two = os.open('kv/a', os.O_WRONLY)
                os.write(one, b'NEW')
                print(errname(os.pwrite, one, b'y', 2 << 20))
                print(errname(os.close, os.dup(one)))
                print(errname(os.close, two))
                print(errname(os.close, one))
                """)
            #expect(answers == "EFBIG\nEFBIG\nEFBIG\nEFBIG")
            try await eventually("the old value is back") { try await mount.contents("kv/a") == "old" }
            try await mount.killAndRemount()
            expect(try await mount.contents("kv/a"), is: "old")
            try await mount.write("new", to: "kv/a")
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a'"), is: "new")
        }
    }

    @Test("R6 the table holds TEXT where the bytes are UTF-8, else BLOB")
    func columnTypes() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed(
                #"printf 'h\303\251' > kv/text; printf '\377\000x' > kv/blob; : > kv/empty; printf '12' > kv/digits"#)
            #expect(
                try await fixture.sql("SELECT key, typeof(value), hex(value) FROM kv ORDER BY key")
                    == "blob|blob|FF0078\ndigits|text|3132\nempty|text|\ntext|text|68C3A9")
            try await fixture.mount.killAndRemount()
            expect(try await fixture.mount.succeed("od -An -tx1 kv/blob"), is: " ff 00 78")
        }
    }

    @Test("R6 a number that others stored stays one while it is written as a number")
    func numbers() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await fixture.sql("INSERT INTO kv(key, value) VALUES ('i', 42), ('r', 2.5), ('n', -7)")
            try await eventually("the values are there") { try await mount.exists("kv/n") }
            expect(try await mount.succeed("cat kv/i; echo; cat kv/r; echo; cat kv/n"), is: "42\n2.5\n-7")
            try await mount.succeed("echo 43 > kv/i; printf 3.5 > kv/r; echo 007 > kv/n")
            #expect(
                try await fixture.sql("SELECT key, typeof(value), rtrim(value, char(10)) FROM kv ORDER BY key")
                    == "i|integer|43\nn|text|007\nr|real|3.5")
        }
    }

    @Test("R6 names are keys, byte for byte, and directories are their separators")
    func keys() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "mkdir -p kv/a/b; echo 1 > 'kv/a/b/user:1'; echo 2 > 'kv/%41'; echo 3 > $'kv/e\\u0301'; echo 4 > $'kv/\\u00e9'"
            )
            expect(try await mount.succeed("ls kv | wc -l"), is: "4")
            expect(try await fixture.sql("SELECT count(*) FROM kv"), is: "4")
            expect(try await fixture.sql("SELECT value FROM kv WHERE key = 'a/b/user:1'"), is: "1")
            try await fixture.sql("INSERT INTO kv(key, value) VALUES ('x/y/z', 'deep')")
            try await eventually("the directories are there") { try await mount.exists("kv/x/y/z") }
            expect(try await mount.contents("kv/x/y/z"), is: "deep")
        }
    }
}
