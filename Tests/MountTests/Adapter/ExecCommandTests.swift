import Glibc
import PersistTestKit
import Testing

/// `ls`, `get`, `put` and `rm` of a store with a far side, and its configuration.
@Suite struct ExecCommandTests {
    @Test("the four commands work on a far side without a mount, and with the same cache as a mount")
    func withoutMount() async throws {
        try await MountFixture.unmounted { fixture in
            let store = AdapterHost.python.store(far: fixture.directory + "/far")
            try await fixture.succeed(
                #"""
                export XDG_CACHE_HOME="$SCRATCH/one"
                put() { "$PERSISTFS" put "\#(store)" "$@"; }
                put records/users/alice '{"a": 1}'
                put kv/theme dark; put kv/gone x; put events/log '{"e": 1}'; put events/log '{"e": 2}'
                head -c 100000 /dev/urandom > blob; put blobs/d/blob --from blob
                "$PERSISTFS" rm "\#(store)" kv/gone
                export XDG_CACHE_HOME="$SCRATCH/two"
                "$PERSISTFS" get "\#(store)" records/users/alice | grep -qx '{"a": 1}'
                "$PERSISTFS" get "\#(store)" blobs/d/blob | cmp - blob
                "$PERSISTFS" get "\#(store)" events/log | tail -1 | grep -qx '{"e": 2}'
                "$PERSISTFS" ls -R "\#(store)" | sort | tr '\n' ' ' > list
                test "$(cat list)" = 'blobs/ blobs/d/ blobs/d/blob events/ events/log.jsonl kv/ kv/theme records/ records/users/ records/users/alice ' || { cat list; exit 1; }
                set +e
                "$PERSISTFS" get "\#(store)" kv/gone; test $? = 4 || exit 1
                """#)
        }
    }

    @Test("a mount has the cache: the commands say where; a far side that is down loses nothing that was put")
    func inTheWay() async throws {
        try await MountFixture.unmounted { fixture in
            let host = fixture.directory + "/host"
            let works = "#!/bin/sh\nexec \(AdapterHost.python.store(far: fixture.directory + "/far").dropFirst(5))\n"
            try writeScript(host, works)
            // From wherever it is used, it is the same far side.
            let store = "exec:\(host) \(fixture.directory)/far"
            let options = ["cache_dir=\(fixture.directory)/one"]
            let mount = try await fixture.another(store: store, options: options)
            try await mount.succeed("echo 1 > kv/a")
            let command = #""$PERSISTFS" "# + "%s --cache-dir \(fixture.directory)/one '\(store)'"
            func run(_ verb: String, _ rest: String) async throws -> CommandResult {
                try await fixture.bash(
                    command.split(separator: "%s").joined(separator: verb) + " " + rest, seconds: 120)
            }
            let refused = try await run("put", "kv/b 2")
            expect(refused.status, is: 7)
            #expect(refused.error.contains("is mounted already, at \(mount.point)"), "\(refused.error)")
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.unmount()

            try writeScript(host, "#!/bin/sh\necho 'no network' >&2; exit 3\n")
            let read = try await run("get", "kv/a")
            expect(read.output, is: "1")
            #expect(read.error.contains("does not answer; this is as of 20"), "\(read.error)")
            let put = try await run("put", "kv/b 2")
            expect(put.status, is: 7)
            #expect(put.error.contains("no network") && put.error.contains("safe on this machine"), "\(put.error)")
            try writeScript(host, works)
            let sent = try await run("put", "kv/c 3")
            #expect(sent.succeeded, "\(sent.error)")
            let other = try await fixture.another(
                store: store, options: ["cache_dir=\(fixture.directory)/two"])
            expect(try await other.succeed("cat kv/a kv/b kv/c"), is: "1\n23")
        }
    }

    @Test("one command in two directories is two far sides: what waits for the one is never sent to the other")
    func directories() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed("mkdir bin a b")
            try writeScript(
                fixture.scratch + "/bin/my-adapter",
                """
                #!/bin/sh
                test ! -e down || exit 3
                exec \(AdapterHost.python.store(far: "").dropFirst(5)) "${1#--db=}"

                """)
            try await fixture.succeed(
                #"""
                export PATH="$SCRATCH/bin:$PATH" XDG_CACHE_HOME="$SCRATCH/cache"
                store='exec:my-adapter --db=x.db'
                cd a; "$PERSISTFS" put "$store" kv/a 1
                touch down
                if "$PERSISTFS" put "$store" kv/waits secret; then exit 1; fi
                cd ../b; "$PERSISTFS" put "$store" kv/b 2
                test "$("$PERSISTFS" ls -R "$store" | grep kv/. | sort | tr '\n' ' ')" = 'kv/b '
                rm ../a/down
                cd ../a; "$PERSISTFS" put "$store" kv/c 3
                test "$("$PERSISTFS" ls -R "$store" | grep kv/. | sort | tr '\n' ' ')" = 'kv/a kv/c kv/waits '
                """#, seconds: 120)
        }
    }

    @Test("a configuration names the adapter, its words and its environment; no secret of it is shown")
    func configured() async throws {
        try await MountFixture.unmounted { fixture in
            try writeScript(
                fixture.scratch + "/host",
                """
                #!/bin/sh
                test "$TOKEN" = hunter2 && test "$1" = --key=hunter3 || { echo "no token" >&2; exit 1; }
                exec \(AdapterHost.python.store(far: fixture.directory + "/far").dropFirst(5))

                """)
            try await fixture.succeed(
                #"""
                export SECRET=hunter2 KEY=hunter3
                cat > my.persist.json <<'END'
                { name: "my-app", adapter: "exec", command: ["./host", "--key=${KEY}"],
                  environment: { TOKEN: process.env.SECRET! }, exec: { cacheDir: "./cache", refreshSeconds: 2 } }
                END
                mkdir -p away; cd away
                "$PERSISTFS" mount ../my.persist.json "$MOUNT" > said
                echo 1 > "$MOUNT/kv/a"
                "$PERSISTFS" sync "$MOUNT"
                "$PERSISTFS" status "$MOUNT" --json > status; "$PERSISTFS" status "$MOUNT" >> status
                cp "$MOUNT/.persist/status.json" control; df "$MOUNT" > df; cat /proc/self/mountinfo > mountinfo
                pid=$(jq .pid control); tr '\0' ' ' < "/proc/$pid/cmdline" > cmdline
                log=$(jq -r .log control); cp "$log" log
                ls ../cache
                if "$PERSISTFS" put ../my.persist.json kv/a 2 2> refused; then exit 1; fi
                "$PERSISTFS" umount "$MOUNT"
                "$PERSISTFS" get ../my.persist.json kv/a | grep -qx 1
                grep -q my-app df
                grep -q '[$]{KEY}' said
                ! grep -rl hunter . || exit 1
                sed -i s/command/comand/ ../my.persist.json
                set +e
                "$PERSISTFS" ls ../my.persist.json 2> error; test $? = 2 || exit 1
                grep -q "my.persist.json:1:36: unknown option 'comand' (did you mean 'command'?)" error || { cat error; exit 1; }
                """#)
        }
    }
}

/// An executable, for `exec:`.
func writeScript(_ path: String, _ text: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
    guard descriptor >= 0 else { throw HarnessError("open \(path)") }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw HarnessError("write \(path)") }
}
