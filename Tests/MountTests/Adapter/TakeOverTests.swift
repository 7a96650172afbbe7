import PersistTestKit
import Testing

/// A store whose former mount still sends: whoever comes next takes over.
@Suite struct TakeOverTests {
    /// One whose puts never come to an end where there was a file `hangs` when it started; each key is a file.
    private static func adapter(_ fixture: MountFixture) throws -> String {
        let path = fixture.directory + "/adapter.py"
        try writeScript(
            path,
            """
            import os, pickle, sys, time
            from urllib.parse import quote, unquote
            sys.path.insert(0, '\(AdapterHost.hosts)/python')
            from persist_adapter import Adapter, run
            here, far = '\(fixture.scratch)/', '\(fixture.scratch)/far/'
            class Hanging(Adapter):
                concurrency = 8
                def __init__(self):
                    os.makedirs(far, exist_ok=True)
                    self.hangs = os.path.exists(here + 'hangs')
                    open(here + 'adapter.pid', 'w').write(str(os.getpid()))
                def file(self, key): return far + quote(key, safe='')
                def get(self, key):
                    try: return pickle.load(open(self.file(key), 'rb'))
                    except FileNotFoundError: return None
                def put(self, key, value):
                    while self.hangs:
                        open(here + 'asked', 'w').close()
                        time.sleep(0.1)
                    part = here + quote(key, safe='') + '.part'
                    pickle.dump(value, open(part, 'wb'))
                    os.rename(part, self.file(key))
                def delete(self, key):
                    if os.path.exists(self.file(key)): os.unlink(self.file(key))
                def list(self, prefix):
                    for key in sorted(map(unquote, os.listdir(far)), key=str.encode):
                        if key.startswith(prefix): yield key, self.get(key)
            run(Hanging())

            """)
        return "exec:python3 \(path)"
    }

    /// `leave a` leaves a process behind that sends `kv/a`, and will never be done with it; its number is `$daemon`, that
    /// of its adapter `$adapter`. The next adapter works.
    private static func prelude(_ store: String) -> String {
        #"""
        export XDG_CACHE_HOME="$SCRATCH/cache"; store='\#(store)'
        ends() {
            for i in {1..200}; do
                grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status" || return 0
                sleep 0.05
            done
            echo "process $1 is there still" >&2; return 1
        }
        leave() {
            touch hangs; rm -f asked
            "$PERSISTFS" mount "$store" "$MOUNT"
            daemon=$(jq .pid "$MOUNT/.persist/status.json")
            echo 1 > "$MOUNT/kv/$1"
            until test -e asked; do sleep 0.05; done
            adapter=$(cat adapter.pid)
            trap 'kill -9 "$daemon" "$adapter" 2>/dev/null || true' EXIT
            rm hangs
            umount "$MOUNT" || fusermount3 -u "$MOUNT"
            until "$PERSISTFS" status > said; grep -q "process $daemon" said; do sleep 0.05; done
            grep -q '^  unmounted ' said
        }

        """#
    }

    @Test(
        "R2 a mount takes over from a process that still sends to a far side that hangs: soon, and nothing is lost",
        arguments: ["true", "kill -STOP $adapter"])
    func mount(_ first: String) async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                Self.prelude(try Self.adapter(fixture)) + #"""
                    leave a
                    \#(first)
                    begin=$(date +%s%N)
                    "$PERSISTFS" mount "$store" "$MOUNT"
                    milliseconds=$((($(date +%s%N) - begin) / 1000000))
                    # 1 s by itself.
                    test "$milliseconds" -lt 12000 || { echo "it took $milliseconds ms"; exit 1; }
                    "$PERSISTFS" sync "$MOUNT"
                    test "$(cat "$MOUNT/kv/a")" = 1
                    test -e far/kv%2Fa
                    ends "$daemon"; ends "$adapter"; trap - EXIT
                    "$PERSISTFS" status > said
                    ! grep '^  unmounted ' said || exit 1
                    "$PERSISTFS" umount "$MOUNT"
                    """#, seconds: 90)
        }
    }

    @Test("put takes over and sends what the mount had left; get, which sends nothing, says that something waits")
    func commands() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                Self.prelude(try Self.adapter(fixture)) + #"""
                    leave a
                    test "$("$PERSISTFS" get "$store" kv/a 2> error)" = 1
                    grep -q 'waits? for the next put, rm or mount of this store' -E error || { cat error; exit 1; }
                    test ! -e far/kv%2Fa
                    ends "$daemon"; ends "$adapter"; trap - EXIT
                    "$PERSISTFS" put "$store" kv/b 2
                    test -e far/kv%2Fa -a -e far/kv%2Fb
                    leave d
                    "$PERSISTFS" put "$store" kv/c 3 2> error
                    test ! -s error || { cat error; exit 1; }
                    test -e far/kv%2Fd -a -e far/kv%2Fc
                    ends "$daemon"; ends "$adapter"; trap - EXIT
                    """#, seconds: 120)
        }
    }

    @Test("a process that still sends, and is stopped, cannot be taken over from: the error says so")
    func stopped() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                Self.prelude(try Self.adapter(fixture)) + #"""
                    leave a
                    kill -STOP $daemon
                    if "$PERSISTFS" mount "$store" "$MOUNT" 2> error; then exit 1; else test $? = 7; fi
                    cat error
                    grep -q "is in use: process $daemon, which is stopped, still sends" error
                    grep -q "kill -CONT $daemon" error
                    # It goes on: nobody wants it any more.
                    kill -CONT $daemon
                    sleep 2
                    "$PERSISTFS" status > said; grep -q "process $daemon" said
                    """#, seconds: 90)
        }
    }

    @Test(
        "R2 a mounted directory is not disturbed by one who waits for its store, and cannot see that it is mounted",
        .enabled(if: runsAsRoot))
    func mountedElsewhere() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                Self.prelude(try Self.adapter(fixture)) + #"""
                    mkdir other
                    "$PERSISTFS" mount "$store" "$MOUNT"
                    daemon=$(jq .pid "$MOUNT/.persist/status.json")
                    export store
                    if unshare --mount --propagation private bash -c '
                        umount -l "$MOUNT"; "$PERSISTFS" mount "$store" other' 2> error
                    then exit 1; else test $? = 7; fi
                    grep -q "is in use: process $daemon" error || { cat error; exit 1; }
                    echo 1 > "$MOUNT/kv/a"
                    "$PERSISTFS" sync "$MOUNT"
                    test -e far/kv%2Fa
                    "$PERSISTFS" umount "$MOUNT"
                    """#, seconds: 90)
        }
    }
}
