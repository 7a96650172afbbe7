import Glibc
import PersistTestKit
import Testing

/// What `status`, `sync` and `umount` say of a far side.
@Suite struct ExecStatusTests {
    /// Puts wait for the file `go`, and `refused` is refused.
    private static func adapter(_ fixture: MountFixture) throws -> String {
        let path = fixture.directory + "/adapter.py"
        try writeScript(
            path,
            """
            import os, sys, time
            sys.path.insert(0, '\(AdapterHost.hosts)/python')
            from persist_adapter import Adapter, run
            class Waiting(Adapter):
                concurrency = 8
                def __init__(self): self.values = {}
                def get(self, key): return self.values.get(key)
                def put(self, key, value):
                    if key == 'kv/refused': raise ValueError('no such colour')
                    while not os.path.exists('\(fixture.scratch)/go'): time.sleep(0.02)
                    self.values[key] = value
                def delete(self, key): self.values.pop(key, None)
                def list(self, prefix):
                    for key in sorted(self.values, key=str.encode):
                        if key.startswith(prefix): yield key, self.values[key]
            run(Waiting())

            """)
        return "exec:python3 \(path)"
    }

    @Test("R2 what umount(8) leaves to be sent is in status, with the process that sends it, until it is sent")
    func drains() async throws {
        try await MountFixture.unmounted { fixture in
            let store = try Self.adapter(fixture)
            let set = #"export XDG_CACHE_HOME="$SCRATCH/cache"; "#
            try await fixture.succeed(
                set + #"""
                    "$PERSISTFS" mount "\#(store)" "$MOUNT"
                    for i in 1 2 3; do echo $i > "$MOUNT/kv/$i"; done
                    jq .pid "$MOUNT/.persist/status.json" > pid
                    umount "$MOUNT" || fusermount3 -u "$MOUNT"
                    if mountpoint -q "$MOUNT"; then exit 1; fi
                    """#)
            try await eventually("status shows the process that sends on") {
                try await fixture.succeed(
                    #"""
                    "$PERSISTFS" status "$MOUNT" > said; cat said
                    grep -q '^  unmounted ' said
                    # The directory too.
                    grep -q 'to send  *4 files, 6 B' said
                    test "$(grep -c 'kv/[123], 2 B, uploading' said)" = 3
                    grep -q "process $(cat pid)" said
                    "$PERSISTFS" status --json | jq -e ".[] | select(.status.pid == $(cat pid)) | .status.isUnmounted"
                    """#)
                return true
            }
            let conflicts = try await fixture.persistfs(#"conflicts "$MOUNT""#)
            expect(conflicts.status, is: 4)
            #expect(conflicts.error.contains("is unmounted"), "\(conflicts.error)")
            let sync = try await fixture.persistfs(#"sync "$MOUNT""#)
            expect(sync.status, is: 4)
            #expect(sync.error.contains("is unmounted, and its process still sends"), "\(sync.error)")
            try await fixture.succeed("touch go")
            try await eventually("it has sent all, and is gone") {
                try await fixture.bash(#""$PERSISTFS" status "$MOUNT""#).status == 4
            }
            expect(try await fixture.bash("ls persistfs | grep sending").output, is: "")
        }
    }

    @Test("what still sends and has been killed is in status no more, whoever has its number by then")
    func isKilled() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                export XDG_CACHE_HOME="$SCRATCH/cache"
                "$PERSISTFS" mount "\#(try Self.adapter(fixture))" "$MOUNT"
                echo 1 > "$MOUNT/kv/1"
                daemon=$(jq .pid "$MOUNT/.persist/status.json")
                umount "$MOUNT" || fusermount3 -u "$MOUNT"
                until "$PERSISTFS" status | grep "process $daemon"; do sleep 0.05; done
                note=$(ls persistfs/sending-$daemon*)
                # Its number is that of another process now.
                sleep 100 & other=$!
                trap 'kill $other || true' EXIT
                jq ".pid = $other" "$note" > "${note/$daemon/$other}"
                "$PERSISTFS" status > said
                grep -q "process $daemon" said
                ! grep "process $other" said || exit 1
                kill -9 "$daemon"
                # It may stay as a zombie for a while.
                for i in {1..100}; do
                    grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$daemon/status" || break
                    sleep 0.05
                done
                "$PERSISTFS" status > said
                ! grep "process $daemon" said || exit 1
                ls persistfs > names
                ! grep sending names || exit 1
                """#)
        }
    }

    @Test("umount --timeout N takes that long in all where the far side hangs, and the few seconds for the end")
    func timeOfUmount() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await fixture.another(
                store: Self.adapter(fixture), options: ["cache_dir=\(fixture.directory)/one"])
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

    @Test("who mounts what does not run, or does not answer, is told so at once; the mount can be used")
    func firstWord() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                export XDG_CACHE_HOME="$SCRATCH/cache" AWS_EC2_METADATA_DISABLED=true
                cat > bucket.persist.json <<'END'
                { adapter: "s3", bucket: "b", prefix: "p", endpoint: "http://127.0.0.1:1", region: "us-east-1",
                  credentials: { accessKeyId: "x", secretAccessKey: "y" } }
                END
                for store in 'exec:python3 ./gone.py' bucket.persist.json; do
                    "$PERSISTFS" mount "$store" "$MOUNT" 2> said
                    grep 'warning: the far side cannot be used yet: .*; what it has is not known, and nothing can be written' said
                    grep -qE "No such file or directory|127.0.0.1:1: " said
                    ls "$MOUNT"
                    "$PERSISTFS" umount "$MOUNT"
                done
                "$PERSISTFS" mount "\#(try Self.adapter(fixture))" "$MOUNT" 2> said
                test ! -s said
                "$PERSISTFS" umount "$MOUNT"
                """#, seconds: 60)
        }
    }

    @Test("R2 umount where the far side refuses a file is soon done, sends the others, and names it")
    func refused() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed("touch go")
            let mount = try await fixture.another(
                store: Self.adapter(fixture), options: ["cache_dir=\(fixture.directory)/one"])
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
                store: Self.adapter(fixture), options: ["cache_dir=\(fixture.directory)/one"])
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

    @Test("put and rm answer for what they have written themselves; of what else is refused they warn")
    func othersFiles() async throws {
        try await MountFixture.unmounted { fixture in
            let store = try Self.adapter(fixture)
            try await fixture.succeed(
                #"""
                touch go
                export XDG_CACHE_HOME="$SCRATCH/cache"
                if "$PERSISTFS" put "\#(store)" kv/refused x 2> error; then exit 1; else test $? = 7; fi
                grep -q 'does not take it now: kv/refused.*no such colour' error
                "$PERSISTFS" put "\#(store)" kv/taken y 2> error
                grep -q 'does not take 1 file that was written before: kv/refused.*no such colour' error
                if "$PERSISTFS" put "\#(store)" kv/refused z 2> error; then exit 1; else test $? = 7; fi
                "$PERSISTFS" rm "\#(store)" kv/refused 2> error
                test ! -s error
                """#)
        }
    }

    @Test("an adapter that ends at once is shown so at once, with its exit status and its last words")
    func endsAtOnce() async throws {
        try await MountFixture.unmounted { fixture in
            let host = fixture.directory + "/host"
            try writeScript(host, "#!/bin/sh\necho 'no network' >&2; exit 3\n")
            let mount = try await fixture.another(
                store: "exec:\(host)", options: ["cache_dir=\(fixture.directory)/one"])
            // Its requests fail after 30 s.
            try await eventually("status says it", within: .seconds(15)) {
                let said = try await mount.outside([mount.binary, "status", mount.point]).output
                return said.contains("offline") && said.contains("exit status 3: no network")
            }
            try await mount.succeed("grep -q '^persistfs_far_side_up 0' .persist/metrics")
        }
    }

    @Test("sync says why it waits, and that it may be left; status says what such a mount can and cannot")
    func waits() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed("touch go")
            let mount = try await fixture.another(
                store: Self.adapter(fixture), options: ["cache_dir=\(fixture.directory)/one"])
            try await mount.succeed("echo x > kv/refused; echo y > kv/taken")
            let sync = try await mount.outside([mount.binary, "sync", "--timeout", "3", mount.point])
            expect(sync.status, is: 7)
            #expect(sync.error.contains("the far side refuses kv/refused"), "\(sync.error)")
            #expect(
                sync.error.contains("no such colour") && sync.error.contains("Ctrl-C loses nothing"), "\(sync.error)")
            let status = try await mount.outside([mount.binary, "status", mount.point]).output
            #expect(status.contains("cannot") && status.contains("best effort"), "\(status)")
            #expect(status.contains("kv/refused, 2 B, refused, tried"), "\(status)")
            #expect(status.split(separator: "\n").allSatisfy { $0.count <= 80 || !$0.contains(" ") }, "\(status)")
            let version = try await fixture.persistfs("version --json")
            #expect(version.output.contains(#""exec""#) && version.output.contains(#""sqlite""#), "\(version.output)")
        }
    }
}
