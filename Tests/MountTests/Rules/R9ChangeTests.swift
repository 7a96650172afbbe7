import PersistTestKit
import Testing

/// R9: what others change is seen without remounting, attributes and pages.
@Suite struct R9ChangeTests {
    @Test("R9 any program's UPSERT, REPLACE, UPDATE and DELETE show in the files, listings included")
    func anySQL() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "mkdir records/users; echo '{\"v\":1}' > records/users/alice.json; echo old > kv/theme")
            // What the kernel now keeps: pages, attributes, listings, and that other names are not there.
            try await mount.succeed("cat records/users/alice.json kv/theme; ls -l records/users kv; test ! -e kv/new")
            try await fixture.sql(
                """
                INSERT INTO records(key, value) VALUES ('users/alice', '{"v":22222222}')
                    ON CONFLICT(key) DO UPDATE SET value = excluded.value;
                REPLACE INTO kv(key, value) VALUES ('theme', 'much longer than it was');
                INSERT INTO kv(key, value) VALUES ('new', 'appeared');
                INSERT INTO records(key, value) VALUES ('users/bob', '{}'), ('other/dir/carol', '[1]');
                """)
            try await eventually("the contents are new") {
                try await mount.shell("cat records/users/alice.json kv/theme kv/new").output
                    == "{\"v\":22222222}much longer than it wasappeared"
            }
            try await eventually("the sizes are new") {
                try await mount.succeed("stat -c %s records/users/alice.json kv/theme") == "14\n23"
            }
            try await eventually("the names are listed") {
                try await mount.succeed("ls kv records/users; find records/other -type f")
                    == "kv:\nnew\ntheme\n\nrecords/users:\nalice.json\nbob.json\nrecords/other/dir/carol.json"
            }
            try await fixture.sql(
                "UPDATE kv SET value = 7 WHERE key = 'theme'; DELETE FROM kv WHERE key = 'new'; DELETE FROM records WHERE key = 'users/bob'"
            )
            try await eventually("the deletions are seen") {
                try await mount.succeed("ls kv records/users; cat kv/theme")
                    == "kv:\ntheme\n\nrecords/users:\nalice.json\n7"
            }
            try await mount.remount()
            expect(try await mount.succeed("ls kv; cat kv/theme"), is: "theme\n7")
        }
    }

    @Test("R9 a value that another program has committed is read by the next open")
    func atOpen() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.write("00", to: "kv/n")
            for number in 10..<20 {
                try await fixture.sql("UPDATE kv SET value = '\(number)' WHERE key = 'n'")
                expect(try await mount.contents("kv/n"), is: "\(number)")
            }
        }
    }

    @Test("R9 another mount's edits show, in pages that are mapped too")
    func anotherMount() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            try await mount.succeed(
                "mkdir blobs/d; printf 'first text' > blobs/d/f; printf old > kv/k; ls -lR . > /dev/null")
            try await eventually("the files are there") { try await other.contents("blobs/d/f") == "first text" }
            let mapped = try other.beginPython(
                """
                m = mmap.mmap(os.open('blobs/d/f', os.O_RDONLY), 10, prot=mmap.PROT_READ)
                assert m[:] == b'first text'
                print('mapped')
                while m[:5] != b'SECON': time.sleep(0.01)
                """)
            try await mapped.waitForOutput("mapped")
            try await mount.succeed(
                "printf 'SECOND tex' > blobs/d/f; chmod 600 blobs/d/f; printf newer > kv/k; mkdir blobs/e")
            let result = await mapped.finish()
            #expect(result.succeeded, "\(result.error)")
            try await eventually("contents, mode and names are seen") {
                try await other.succeed("cat blobs/d/f kv/k; stat -c ' %a' blobs/d/f; ls blobs")
                    == "SECOND texnewer 600\nd\ne"
            }
            try await other.succeed("mv blobs/d/f blobs/e/g; rm kv/k; rmdir blobs/d")
            try await eventually("the rename is seen") {
                try await mount.succeed("ls blobs blobs/e kv; test ! -e kv/k") == "blobs:\ne\n\nblobs/e:\ng\n\nkv:"
            }
        }
    }

    @Test("R9 watch prints the changes of this mount and of any program")
    func watch() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            for arguments in [["watch"], ["watch", "--json"]] {
                let name = "k\(arguments.count)"
                let watch = try mount.begin([mount.binary] + arguments + [fixture.store], outside: true)
                // It may have begun to look a moment after it was started: the changes are repeated.
                try await eventually("watch prints both") {
                    try await mount.write("1", to: "kv/mine-\(name)")
                    try await fixture.sql("REPLACE INTO kv(key, value) VALUES ('theirs-\(name)', random())")
                    return watch.output.contains("kv/mine-\(name)") && watch.output.contains("kv/theirs-\(name)")
                }
                watch.kill()
                _ = await watch.finish()
                if arguments.contains("--json") {
                    let jq = try await mount.outside(["jq", "-e", "."], input: watch.output)
                    #expect(jq.succeeded, "\(watch.output)")
                }
            }
        }
    }
}
