import PersistTestKit
import Testing

/// What a mount leaves behind that is killed: its adapter goes on with what it was asked.
@Suite struct KilledMountTests {
    /// While the file `slow` is there, a put or delete of kv/a takes four seconds, and has its effect at their end.
    private static func adapter(_ fixture: MountFixture) throws -> String {
        let path = fixture.directory + "/adapter.py"
        try writeScript(
            path,
            """
            import os, sys, time
            sys.path.insert(0, '\(AdapterHost.hosts)/python')
            from persist_adapter import run
            from sqlite_adapter import SQLiteAdapter
            class Slow(SQLiteAdapter):
                def wait(self, key):
                    if key == 'kv/a' and os.path.exists('\(fixture.scratch)/slow'):
                        open('\(fixture.scratch)/begun', 'w').close()
                        time.sleep(4)
                def put(self, key, value):
                    self.wait(key)
                    super().put(key, value)
                def delete(self, key):
                    self.wait(key)
                    super().delete(key)
            run(Slow('\(fixture.directory)/far'))

            """)
        // What a shell has started stays when the shell is gone.
        let host = fixture.directory + "/host"
        try writeScript(host, "#!/bin/sh\npython3 \(path)\nexit $?\n")
        return "exec:\(host)"
    }

    @Test(
        "R2 what the adapter of a killed mount is still at does not come after what the next mount sends",
        arguments: ["echo v1 > kv/a", "rm kv/a"])
    func late(change: String) async throws {
        try await MountFixture.unmounted { fixture in
            let store = try Self.adapter(fixture)
            let mount = try await fixture.another(
                store: store, options: ["cache_dir=\(fixture.directory)/one", "refresh_seconds=1"])
            try await mount.succeed("echo base > kv/a")
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.succeed("touch \"$SCRATCH/slow\"; \(change)")
            try await eventually("the adapter is at it") {
                try await fixture.bash("test -e begun").succeeded
            }
            try await mount.kill9()
            try await fixture.succeed("rm slow")
            try await mount.start()
            try await mount.succeed("echo v2 > kv/a")
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 60).status, is: 0)
            // Longer than what was slow takes.
            try await mount.succeed("sleep 6; test \"$(cat kv/a)\" = v2")
            let other = try await fixture.another(store: store, options: ["cache_dir=\(fixture.directory)/two"])
            expect(try await other.succeed("cat kv/a"), is: "v2")
        }
    }
}
