import Glibc
import PersistTestKit
import Testing

/// What `umount` says of a far side.
@Suite struct ExecUnmountTests {
    @Test("umount --timeout N takes that long in all where the far side hangs, and the few seconds for the end")
    func timeOfUmount() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await fixture.another(
                store: WaitingAdapter.store(fixture), options: ["cache_dir=\(fixture.directory)/one"])
            let before = try await mount.succeed(
                #"""
                echo 1 > kv/1
                until grep -q '"uploading"' .persist/status.json; do sleep 0.05; done
                pid=$(jq .pid .persist/status.json)
                for child in $(cat /proc/$pid/task/*/children); do kill -STOP $child; done
                date +%s
                """#)
            let end = try await mount.outside([mount.binary, "umount", "--timeout", "20", mount.point], seconds: 90)
            let after = try await mount.outside(["date", "+%s"]).output
            expect(end.status, is: 7)
            // Where the machine is busy, the far side may have been given up before.
            #expect(
                end.error.contains("has not finished") || end.error.contains("1 file has not been sent"),
                "\(end.error)")
            let lines = [before, after].compactMap { Int($0.split(separator: "\n").last ?? "") }
            #expect(lines.count == 2 && lines[1] - lines[0] < 35, "\(lines)")
            try await fixture.succeed("touch go")
        }
    }

    @Test("R2 umount where the far side refuses a file is soon done, sends the others, and names it")
    func refused() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed("touch go")
            let mount = try await fixture.another(
                store: WaitingAdapter.store(fixture), options: ["cache_dir=\(fixture.directory)/one"])
            try await mount.succeed("echo x > kv/refused; echo y > kv/taken")
            let end = try await mount.outside(["timeout", "40", mount.binary, "umount", mount.point], seconds: 90)
            expect(end.status, is: 7)
            #expect(end.error.contains("1 file has not been sent"), "\(end.error)")
            #expect(end.error.contains("refuses kv/refused") && end.error.contains("no such colour"), "\(end.error)")
        }
    }

    @Test("R2 umount of a mount that did not answer at first names what has not been sent")
    func answersLate() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed("touch go")
            let mount = try await fixture.another(
                store: WaitingAdapter.store(fixture), options: ["cache_dir=\(fixture.directory)/one"])
            let pid = try await mount.succeed("echo x > kv/refused; echo y > kv/taken; jq .pid .persist/status.json")
            mount.signal(SIGSTOP)
            let end = try await mount.outside(
                [
                    "bash", "-c", #""$0" umount "$1" & sleep 1; kill -CONT "$2"; wait $!"#, mount.binary, mount.point,
                    pid.filter(\.isNumber),
                ], seconds: 90)
            expect(end.status, is: 7)
            #expect(end.error.contains("1 file has not been sent"), "\(end.error)")
        }
    }

    @Test("R2 umount goes by what was left at the end: a far side that answers again after all has everything")
    func answersAgain() async throws {
        try await MountFixture.unmounted { fixture in
            let path = fixture.directory + "/adapter.py"
            // Once it has failed it waits until nothing is mounted.
            try writeScript(
                path,
                """
                import sys, time
                sys.path.insert(0, '\(AdapterHost.hosts)/python')
                from persist_adapter import Adapter, Unavailable, run
                class Late(Adapter):
                    concurrency = 8
                    def __init__(self): self.values, self.has_failed = {}, False
                    def wait(self):
                        while self.has_failed and '\(fixture.directory)/' in open('/proc/self/mountinfo').read():
                            time.sleep(0.02)
                    def get(self, key):
                        self.wait()
                        return self.values.get(key)
                    def put(self, key, value):
                        self.wait()
                        if not self.has_failed:
                            self.has_failed = True
                            raise Unavailable('the door is closed')
                        self.values[key] = value
                    def delete(self, key):
                        self.wait()
                        self.values.pop(key, None)
                    def list(self, prefix):
                        self.wait()
                        for key in sorted(self.values, key=str.encode):
                            if key.startswith(prefix): yield key, self.values[key]
                run(Late())

                """)
            let mount = try await fixture.another(
                store: "exec:python3 \(path)", options: ["cache_dir=\(fixture.directory)/one"])
            try await mount.succeed("echo x > kv/a")
            try await eventually("it does not answer", within: .seconds(60)) {
                try await mount.contents(".persist/status.json").contains("offlineSince")
            }
            let end = try await mount.outside([mount.binary, "umount", mount.point])
            expect(end.status, is: 0, end.error)
        }
    }
}
