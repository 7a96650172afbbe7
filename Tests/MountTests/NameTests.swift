import PersistTestKit
import Testing

@Suite("Names that no key can have")
struct NameTests {
    @Test("they are plain files: in no table, without a key; renaming publishes and withdraws")
    func plain() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let names = ["records/%self.json", "records/.json", "records/..json", "records/...json", "kv/%self"]
            let hashed = "kv/%~" + String(repeating: "a", count: 64)
            try await mount.python(
                """
                for p in sys.argv[1:]:
                    with open(p, 'w') as f: f.write('no JSON')
                    assert open(p).read() == 'no JSON', p
                    assert errname(os.getxattr, p, 'user.persist.key') == 'ENODATA', p
                    assert os.getxattr(p, 'user.persist.state') == b'clean', p
                """, arguments: names + [hashed])
            let rows = "SELECT (SELECT count(*) FROM records) || ' ' || (SELECT count(*) FROM kv)"
            expect(try await fixture.sql(rows), is: "0 0")

            expect(try await mount.errname("os.rename('records/%self.json', 'records/a.json')"), is: "EBADMSG")
            try await mount.succeed(
                "echo '[1]' > records/%self.json; mv records/%self.json records/a.json; mv kv/%self kv/v")
            expect(
                try await fixture.sql("SELECT key, value FROM records; SELECT key, value FROM kv"),
                is:
                    "a|[1]\n\nv|no JSON")
            try await mount.succeed("mv records/a.json records/%self.json; mv kv/v kv/%self")
            expect(try await fixture.sql(rows), is: "0 0")
            expect(try await mount.errname("os.getxattr('kv/%self', 'user.persist.key')"), is: "ENODATA")

            try await mount.killAndRemount()
            expect(try await mount.succeed("cat records/%self.json kv/%self records/.json"), is: "[1]\nno JSONno JSON")
            let check = try await fixture.persistfs(#"check "$STORE""#)
            #expect(check.succeeded, "\(check.output)\(check.error)")
        }
    }

    @Test("%self in a directory is the value of the key that the directory is named after")
    func prefix() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("mkdir kv/d; echo 1 > kv/d/x; echo self > kv/d/%self")
            expect(try await fixture.sql("SELECT key FROM kv ORDER BY key"), is: "d\nd/x")
            expect(try await mount.succeed("getfattr --only-values -n user.persist.key kv/d/%self"), is: "kv/d")
            let check = try await fixture.persistfs(#"check "$STORE""#)
            #expect(check.succeeded, "\(check.output)\(check.error)")
        }
    }
}
