import Glibc
import PersistTestKit
import Testing

/// What `status` and `sync` say of a far side.
@Suite struct ExecStatusTests {
    @Test("R2 what umount(8) leaves to be sent is in status, with the process that sends it, until it is sent")
    func drains() async throws {
        try await MountFixture.unmounted { fixture in
            let store = try WaitingAdapter.store(fixture)
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
                "$PERSISTFS" mount "\#(try WaitingAdapter.store(fixture))" "$MOUNT"
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
                "$PERSISTFS" mount "\#(try WaitingAdapter.store(fixture))" "$MOUNT" 2> said
                test ! -s said
                "$PERSISTFS" umount "$MOUNT"
                """#, seconds: 60)
        }
    }

    @Test("put and rm answer for what they have written themselves; of what else is refused they warn")
    func othersFiles() async throws {
        try await MountFixture.unmounted { fixture in
            let store = try WaitingAdapter.store(fixture)
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
                store: WaitingAdapter.store(fixture), options: ["cache_dir=\(fixture.directory)/one"])
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
