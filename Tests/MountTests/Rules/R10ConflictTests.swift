import PersistTestKit
import Testing

/// R10: a conflict loses nothing.
@Suite struct R10ConflictTests {
    /// Opens a document, lets another change it, then writes and closes.
    private static func edit(_ path: String, text: String) -> String {
        """
        fd = os.open('\(path)', os.O_RDWR)
        os.read(fd, 100)
        os.pwrite(fd, b'\(text)', 0)
        print('open')
        while not os.path.exists(os.environ['SCRATCH'] + '/go'): time.sleep(0.01)
        os.ftruncate(fd, \(text.utf8.count))
        os.close(fd)
        """
    }

    @Test("R10 a document that a program changed meanwhile stays as that left it; ours lies in .persist/conflicts")
    func changedBySQL() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("echo '[1]' > records/a.json; printf base > kv/a")
            let writers = try [("records/a.json", "[3,3]"), ("kv/a", "ours")].map { path, text in
                try mount.beginPython(Self.edit(path, text: text))
            }
            for writer in writers { try await writer.waitForOutput("open") }
            try await fixture.sql(
                "UPDATE records SET value = '[2]' WHERE key = 'a'; UPDATE kv SET value = 'theirs' WHERE key = 'a'")
            try await mount.succeed("touch $SCRATCH/go")
            for writer in writers {
                let result = await writer.finish()
                #expect(result.succeeded, "\(result.error)")
            }
            try await Self.expectBoth(mount)
            try await mount.killAndRemount()
            try await Self.expectBoth(mount)
            expect(try await fixture.sql("SELECT value FROM records; SELECT value FROM kv"), is: "[2]\ntheirs")
            try await mount.succeed("rm .persist/conflicts/kv/a@*")
            expect(try await mount.succeed("find .persist/conflicts -type f | wc -l"), is: "1")
        }
    }

    private static func expectBoth(_ mount: TestMount) async throws {
        try await eventually("the far values are shown") {
            try await mount.succeed("cat records/a.json kv/a") == "[2]theirs"
        }
        expect(try await mount.succeed("cat .persist/conflicts/records/a.json@*"), is: "[3,3]")
        expect(try await mount.succeed("cat .persist/conflicts/kv/a@*"), is: "ours")
        #expect(try await mount.succeed("ls .persist/conflicts/kv").hasPrefix("a@"))
    }

    @Test("R10 of two mounts that edit one document, the first close stands and the second is kept aside")
    func changedByAnotherMount() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.write("base", to: "kv/a")
            try await eventually("the value is there") { try await other.contents("kv/a") == "base" }
            let writer = try mount.beginPython(Self.edit("kv/a", text: "ours"))
            try await writer.waitForOutput("open")
            try await other.write("theirs", to: "kv/a")
            try await mount.succeed("touch $SCRATCH/go")
            let result = await writer.finish()
            #expect(result.succeeded, "\(result.error)")
            for each in [mount, other] {
                try await eventually("theirs stands") { try await each.contents("kv/a") == "theirs" }
                expect(try await each.succeed("cat .persist/conflicts/kv/a@*"), is: "ours")
            }
        }
    }

    @Test("R10 of a blob the later publish stands, whole, and two editors on one mount have no conflict")
    func noConflict() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.succeed("printf base > blobs/a; printf base > kv/b")
            try await eventually("the blob is there") { try await other.contents("blobs/a") == "base" }
            let writers = try ["blobs/a", "kv/b"].map { try mount.beginPython(Self.edit($0, text: "ours")) }
            for writer in writers { try await writer.waitForOutput("open") }
            try await other.write("theirs, longer", to: "blobs/a")
            try await mount.write("also", to: "kv/b")
            try await mount.succeed("touch $SCRATCH/go")
            for writer in writers { _ = await writer.finish() }
            for each in [mount, other] {
                try await eventually("ours stands") { try await each.contents("blobs/a") == "ours" }
            }
            expect(try await mount.succeed("find .persist/conflicts -type f"), is: "")
        }
    }
}
