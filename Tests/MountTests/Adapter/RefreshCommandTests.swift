import PersistTestKit
import Testing

/// `persistfs refresh`.
@Suite struct RefreshCommandTests {
    @Test("refresh shows what others have put just before, though no look would be for an hour")
    func refresh() async throws {
        try await MountFixture.unmounted { fixture in
            let far = fixture.directory + "/far"
            let mount = try await fixture.another(
                store: AdapterHost.python.store(far: far),
                options: ["cache_dir=\(fixture.directory)/cache", "refresh_seconds=3600"])
            try await mount.succeed(
                #"echo old > kv/a; echo old > kv/b; "$PERSISTFS" sync . > /dev/null; "$PERSISTFS" refresh ."#)
            // Each time anew: no look that was under way before counts.
            for round in 0..<15 {
                try await fixture.succeed(
                    #"""
                    "$PERSISTFS" put "\#(AdapterHost.python.store(far: far))" --cache-dir "$SCRATCH/other" kv/n\#(round) "new \#(round)"
                    """#)
                expect(
                    try await mount.succeed(#"test ! -e kv/n\#(round); "$PERSISTFS" refresh .; cat kv/n\#(round)"#),
                    is: "new \(round)")
            }
        }
    }

    @Test("refresh of a far side that cannot be looked through says why; when it can again, it shows what is there")
    func fails() async throws {
        try await MountFixture.unmounted { fixture in
            let path = fixture.directory + "/adapter.py"
            try writeScript(
                path,
                """
                import os, sys
                sys.path.insert(0, '\(AdapterHost.hosts)/python')
                from persist_adapter import Adapter, run
                class Listing(Adapter):
                    def get(self, key): return b'value' if key == 'kv/a' else None
                    def put(self, key, value): pass
                    def delete(self, key): pass
                    def list(self, prefix):
                        if os.path.exists('\(fixture.scratch)/down'): raise ValueError('the index is broken')
                        if os.path.exists('\(fixture.scratch)/there') and 'kv/a'.startswith(prefix): yield 'kv/a', b'value'
                run(Listing())

                """)
            let mount = try await fixture.another(
                store: "exec:python3 \(path)",
                options: ["cache_dir=\(fixture.directory)/cache", "refresh_seconds=3600"])
            expect(try await mount.succeed(#"ls kv; touch "$SCRATCH/down" "$SCRATCH/there""#), is: "")
            let said = try await mount.run(["sh", "-c", #""$PERSISTFS" refresh --timeout 20 ."#])
            expect(said.status, is: 1)
            #expect(said.error.contains("could not be looked through") && said.error.contains("the index is broken"))
            #expect(said.error.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(said.error)")
            expect(try await mount.succeed(#"rm "$SCRATCH/down"; "$PERSISTFS" refresh .; cat kv/a"#), is: "value")
        }
    }

    @Test("where there is no far side there is nothing to wait for; where nothing is mounted that is said")
    func without() async throws {
        try await MountFixture.with { fixture in
            expect(try await fixture.mount.succeed(#""$PERSISTFS" refresh ."#), is: "")
            let missing = try await fixture.persistfs("refresh /tmp")
            expect(missing.status, is: 4)
        }
    }
}
