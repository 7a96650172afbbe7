import PersistTestKit
import Testing

/// Programs that edit a file in place, or seem to.
@Suite struct EditorTests {
    @Test("vim edits records, values and blobs, by each way it makes backups", arguments: ["yes", "no", "auto"])
    func vim(backupCopy: String) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "echo '{\"n\": 1}' > records/a.json; echo one > kv/a; echo one > blobs/a; chmod 640 blobs/a")
            for path in ["records/a.json", "kv/a", "blobs/a", "records/notes.md"] {
                let result = try await mount.run([
                    "vim", "-u", "NONE", "-N", "-es", "-c",
                    "set backup writebackup swapfile backupcopy=\(backupCopy) backupdir=. directory=.",
                    "-c", "%s/one/two/e", "-c", "%s/1/2/e", "-c",
                    "$put ='" + (path.hasSuffix("json") ? "  " : "more") + "'", "-c", "wq", path,
                ])
                #expect(result.succeeded, "\(path): \(result.output)\(result.error)")
            }
            try await mount.killAndRemount()
            expect(try await mount.contents("records/a.json"), is: "{\"n\": 2}\n  \n")
            expect(try await mount.contents("kv/a"), is: "two\nmore\n")
            expect(try await mount.contents("blobs/a"), is: "two\nmore\n")
            expect(try await mount.contents("records/notes.md"), is: "\nmore\n")
            expect(try await mount.succeed("stat -c %a blobs/a; find . -name '*.sw?' -o -name 4913"), is: "640")
            try await fixture.expectRows(
                "SELECT key FROM records; SELECT key FROM kv WHERE key NOT LIKE '%~'", is: "a\na")
        }
    }

    @Test("ex, and sed -i with and without a backup")
    func ex() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                for f in records/a.json kv/a blobs/a; do echo '["one"]' > $f; chmod 604 $f; done
                for f in records/a.json kv/a blobs/a; do printf '%%s/one/two/\\nwq\\n' | ex -s $f; done
                for f in records/a.json kv/a blobs/a; do sed -i 's/two/three/' $f; done
                sed -i.bak 's/three/four/' blobs/a kv/a
                """)
            #expect(
                try await mount.succeed("cat records/a.json kv/a blobs/a kv/a.bak blobs/a.bak")
                    == "[\"three\"]\n[\"four\"]\n[\"four\"]\n[\"three\"]\n[\"three\"]")
            #expect(
                try await mount.succeed("stat -c %a records/a.json kv/a blobs/a; ls -A records")
                    == "604\n604\n604\na.json")
            try await fixture.expectRows("SELECT value FROM records", is: "[\"three\"]")
            let refused = try await mount.shell("sed -i 's/]//' records/a.json")
            #expect(!refused.succeeded)
            expect(try await mount.contents("records/a.json"), is: "[\"three\"]\n")
        }
    }

    @Test("jq reads records and event logs, and rewrites a record through a temporary file")
    func jq() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                for i in 1 2 3; do jq -n --argjson i $i '{i: $i}' > records/r$i.json; jq -nc --argjson i $i '{i: $i}' >> events/e.jsonl; done
                jq '.i += 10' records/r1.json > records/r1.json.tmp; mv records/r1.json.tmp records/r1.json
                """)
            #expect(
                try await mount.succeed("jq -s 'map(.i) | add' records/*.json; jq -s 'map(.i) | add' events/e.jsonl")
                    == "16\n6")
            try await fixture.expectRows("SELECT sum(json_extract(value, '$.i')) FROM records", is: "16")
        }
    }
}
