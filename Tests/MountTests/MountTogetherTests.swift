import Glibc
import PersistTestKit
import Testing

/// Several commands at one mount point at once, and mounts whose process does not answer.
@Suite struct MountTogetherTests {
    @Test("of several mounts at one place at the same moment one wins, and the others say that it is taken")
    func race() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                #"""
                for round in 1 2 3; do
                    for i in 1 2 3 4 5 6; do
                        { status=0; "$PERSISTFS" mount "$SCRATCH/$i.db" "$MOUNT" 2> error$i > out$i || status=$?
                          echo $status > status$i; } &
                    done
                    wait
                    test "$(cat status? | sort | tr -d '\n')" = 066666
                    test "$(cat error? | grep -c 'already mounted here')" = 5
                    test "$(grep -c " $MOUNT " /proc/self/mountinfo)" = 1
                    "$PERSISTFS" umount "$MOUNT"
                    ! grep " $MOUNT " /proc/self/mountinfo
                done
                """#, seconds: 120)
        }
    }

    @Test("status says soon that a mount does not answer, and umount keeps to its timeout")
    func stopped() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed("echo 1 > kv/a")
            let other = try await fixture.another(store: fixture.directory + "/s/other.db")
            fixture.mount.signal(SIGSTOP)
            defer { fixture.mount.signal(SIGCONT) }
            try await fixture.succeed(
                #"""
                now() { date +%s%3N; }
                start=$(now); "$PERSISTFS" status > status; took=$(($(now) - start))
                test $took -lt 30000
                grep -A 2 -F "$MOUNT" status | grep -q 'does not answer'
                grep -q '\#(other.point)' status
                start=$(now); "$PERSISTFS" status "$MOUNT" > status; took=$(($(now) - start))
                grep -q 'does not answer' status
                test $took -lt 30000
                start=$(now); status=0; "$PERSISTFS" umount --timeout 3 "$MOUNT" 2> error || status=$?
                took=$(($(now) - start))
                test $status = 7
                test $took -lt 30000
                grep -q 'has not finished' error
                """#)
            fixture.mount.signal(SIGCONT)
            try await eventually("the store is one file again") {
                try await fixture.storeFiles().filter { $0.hasPrefix("store.db") } == ["store.db"]
            }
            #expect(try await fixture.persistfs(#"get "$STORE" kv/a"#).output == "1")
        }
    }

    @Test("umount is not misled by a stopped process whose mount has gone: another has its number now")
    func sameNumber() async throws {
        try await MountFixture.with { fixture in
            fixture.mount.signal(SIGSTOP)
            defer { fixture.mount.signal(SIGCONT) }
            // umount(8) asks the mount first. As root; else by fusermount3.
            try await fixture.succeed(
                #"""
                python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).umount2(sys.argv[1].encode(), 0) != 0)'                     "$MOUNT" || fusermount3 -u "$MOUNT"
                """#)
            let other = try await fixture.another(store: fixture.directory + "/s/other.db")
            let end = try await other.outside([other.binary, "umount", other.point], seconds: 60)
            #expect(end.status == 0 && end.error == "", "\(end.error)")
        }
    }
}
