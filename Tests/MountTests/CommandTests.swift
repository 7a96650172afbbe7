import Glibc
import PersistTestKit
import Testing

/// The command as a person and a script use it.
@Suite struct CommandTests {
    @Test("mount returns when the mount can be used, and says in one line what is served where")
    func background() async throws {
        try await MountFixture.unmounted { fixture in
            let said = try await fixture.bash(
                #"""
                "$PERSISTFS" mount "$STORE" "$MOUNT" && echo '{"a": 1}' > "$MOUNT/records/a.json"
                """#)
            #expect(said.succeeded, "\(said.error)")
            #expect(said.lines.count == 1)
            #expect(said.output.hasPrefix("\(fixture.store) is mounted at \(fixture.mount.point)"), "\(said.output)")
            // It is a session of its own, holds nothing of the caller's, and stands in no directory.
            try await fixture.succeed(
                #"""
                pid=$(jq .pid "$MOUNT/.persist/status.json")
                test "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid"
                test "$(readlink "/proc/$pid/cwd")" = /
                test "$(ps -o comm= -p "$pid")" = persistfs
                "$PERSISTFS" umount "$MOUNT"
                [[ $(ps -o stat= -p "$pid") = ?(Z*) ]]
                test "$(ls -A "${STORE%/*}")" = store.db
                test -z "$(ls -A persistfs)"
                "$PERSISTFS" get "$STORE" records/a | grep -qx '{"a": 1}'
                """#)
        }
    }

    @Test("a script's locks and pipes do not stay open in the background")
    func inherits() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                exec 9> lock
                flock -n 9
                said=$("$PERSISTFS" mount "$STORE" "$MOUNT")
                test -n "$said"
                exec 9>&-
                exec 8> lock
                flock -n 8
                "$PERSISTFS" umount "$MOUNT"
                """#)
        }
    }

    @Test("STORE DIR -o …, without a command, mounts: so mount(8) and fstab call it")
    func withoutCommand() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                "$PERSISTFS" "$STORE" "$MOUNT" -o rw,noatime,_netdev,x-test
                grep " $MOUNT " /proc/self/mountinfo | grep -q noatime
                "$PERSISTFS" umount "$MOUNT"
                "$PERSISTFS" "$STORE" "$MOUNT" -o ro
                ! touch "$MOUNT/kv/x" 2> error
                grep -q 'Read-only' error
                "$PERSISTFS" umount "$MOUNT"
                """#)
            guard runsAsRoot else { return }
            try await fixture.succeed(
                #"""
                # The same as -t fuse.persistfs, for a program that is not in mount(8)'s own path.
                mount -t fuse -o noatime,nofail "$PERSISTFS#$STORE" "$MOUNT"
                echo 1 > "$MOUNT/kv/x"
                umount "$MOUNT"
                """#)
        }
    }

    @Test("umount names who is in the directory, and exits with 7")
    func busy() async throws {
        try await MountFixture.with { fixture in
            let sleeper = try fixture.mount.begin(["sleep", "50"], in: "records")
            try await fixture.mount.succeed("echo x > blobs/open")
            let reader = try fixture.mount.beginPython(
                "f = open('blobs/open'); os.chdir('/'); print('ready'); time.sleep(50)")
            try await reader.waitForOutput("ready")
            let result = try await fixture.persistfs(#"umount "$MOUNT""#)
            #expect(result.status == 7)
            #expect(result.error.contains("sleep (process ") && result.error.contains("\(fixture.mount.point)/records"))
            #expect(result.error.contains("has open \(fixture.mount.point)/blobs/open"), "\(result.error)")
            sleeper.kill()
            reader.kill()
            _ = await sleeper.finish()
            _ = await reader.finish()
            try await fixture.succeed(#""$PERSISTFS" umount "$MOUNT""#)
        }
    }

    @Test("umount, status and sync of a directory that is no mount exit with 4; status of nothing is no error")
    func notMounted() async throws {
        try await MountFixture.unmounted { (fixture) async throws in
            #expect(try await fixture.persistfs(#"umount "$MOUNT""#).status == 4)
            #expect(try await fixture.persistfs(#"status "$MOUNT""#).status == 4)
            let sync = try await fixture.persistfs(#"sync "$MOUNT""#)
            expect(sync.status, is: 4)
            #expect(sync.error.contains("no persistfs is mounted here"), "\(sync.error)")
            #expect(try await fixture.persistfs("status").succeeded)
        }
    }

    @Test("sync of a mount that is stopped, or whose process is dead, says so, and does not wait longer than it may")
    func syncOfNoAnswer() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            mount.signal(SIGSTOP)
            let stopped = try await mount.outside([mount.binary, "sync", "--timeout", "2", mount.point], seconds: 30)
            mount.signal(SIGCONT)
            expect(stopped.status, is: 7)
            #expect(stopped.error.contains("does not answer"), "\(stopped.error)")
            mount.signal(SIGKILL)
            try await eventually("it is dead") {
                try await mount.outside(["stat", mount.point], seconds: 10).status != 0
            }
            let dead = try await mount.outside([mount.binary, "sync", mount.point], seconds: 30)
            expect(dead.status, is: 1)
            #expect(dead.error.contains("not connected"), "\(dead.error)")
            try await mount.kill9()
        }
    }

    @Test("SIGTERM, SIGINT and SIGHUP unmount cleanly", arguments: [15, 2, 1] as [Int32])
    func signals(_ number: Int32) async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed("echo 1 > kv/a")
            let daemon = try await fixture.succeed(#"jq .pid "$MOUNT/.persist/status.json""#)
            fixture.mount.signal(number)
            try await eventually("the daemon has ended") {
                try await !fixture.bash("kill -0 \(daemon)").succeeded
            }
            #expect(!fixture.mount.isMounted)
            #expect(try await fixture.storeFiles() == ["store.db"])
        }
    }

    @Test("status shows mounts, rejected documents and errors in 80 columns, and as JSON")
    func status() async throws {
        try await MountFixture.with { fixture in
            _ = try await fixture.mount.shell(
                "mkdir -p records/a-rather-long-directory/and-one-more; "
                    + "echo '{ bad' > records/a-rather-long-directory/and-one-more/with-a-long-name-too.json")
            try await eventually("it is rejected") {
                try await fixture.persistfs(#"status "$MOUNT""#).output.contains("rejected")
            }
            let said = try await fixture.persistfs(#"status "$MOUNT""#)
            #expect(said.lines.allSatisfy { $0.count <= 80 }, "\(said.output)")
            #expect(said.output.contains(fixture.store))
            try await fixture.succeed(
                #"""
                "$PERSISTFS" status --json "$MOUNT" > s
                jq -e '.[0].mountPoint == $m and (.[0].status | .store.path == $s and .rejected[0].bytes == 6
                       and (.rejected[0].words | contains("line 1")))' --arg m "$MOUNT" --arg s "$STORE" s
                jq -e '.[0].status.bounds[] | select(.name == "kv_bytes_max") | .value == 1048576' s
                """#)
        }
    }

    @Test("status does not hang on a mount that does not answer")
    func hungStatus() async throws {
        try await MountFixture.with { fixture in
            fixture.mount.signal(19)  // SIGSTOP
            let said = try await fixture.persistfs(#"status "$MOUNT""#, seconds: 50)
            fixture.mount.signal(18)  // SIGCONT
            #expect(said.succeeded && said.output.contains("does not answer"), "\(said.output) \(said.error)")
        }
    }

    @Test("every --help fits 80 columns and has an example; wrong usage exits with 2")
    func help() async throws {
        try await MountFixture.unmounted { fixture in
            for command in [
                "", "mount", "umount", "status", "watch", "ls", "get", "put", "rm", "check", "snapshot", "sync",
                "version",
            ] {
                let said = try await fixture.persistfs(command + " --help")
                #expect(said.succeeded && said.error == "")
                #expect(said.lines.allSatisfy { $0.count <= 80 }, "\(said.output)")
                #expect(said.output.contains("Example"), "\(command)")
                #expect(!said.outputBytes.contains(0x1b))
            }
            for usage in ["mount", "nonsense", "mount a b c", "get a b", "--bogus", "put a kv/x v --from f"] {
                let said = try await fixture.persistfs(usage)
                #expect(said.status == 2, "\(usage): \(said.error)")
                #expect(said.error.hasPrefix("persistfs: ") && said.output == "", "\(usage): \(said.error)")
            }
            #expect(try await fixture.persistfs("version").output.hasPrefix("persistfs "))
            try await fixture.succeed(
                #""$PERSISTFS" version --json | jq -e '.version and .adapters == ["sqlite", "exec", "s3"]'"#)
        }
    }
}
