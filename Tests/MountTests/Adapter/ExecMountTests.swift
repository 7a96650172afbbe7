import PersistTestKit
import Testing

/// Mounts of `exec:`: a real interpreter with an adapter of four methods behind a real mount.
@Suite struct ExecMountTests {
    /// All that is to be the same on another machine, times of files included.
    private static let tree = #"""
        find records kv blobs events -mindepth 1 \( -type d -printf '%p %y %m\n' -o -printf '%p %y %m %s %T@ %l\n' \) | sort
        find records kv blobs events -type f -print0 | sort -z | xargs -0 -r sha256sum
        """#

    @Test("ordinary tools work, and a machine that has nothing sees all of it", arguments: AdapterHost.allCases)
    func tools(host: AdapterHost) async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await fixture.mount(host, cache: "one")
            try await mount.succeed(
                #"""
                mkdir "$SCRATCH/src"; (cd "$SCRATCH/src"; for i in $(seq 1 60); do mkdir -p d$((i % 5))
                    head -c $((i * 331)) /dev/urandom > d$((i % 5))/f$i; done; ln -s d1/f1 link; touch -d @1700000000.123456789 d2/f2)
                rsync -a "$SCRATCH/src/" blobs/src/
                test -z "$(rsync -ain "$SCRATCH/src/" blobs/src/)"
                for i in $(seq 1 20); do printf '{ "n": %d, "x": [1, 2.50, "\\u00e9"] }\n' $i > records/r$i.json; done
                sed -i 's/"n": 7,/"n": 77,/' records/r7.json
                mkdir records/users; mv records/r1.json records/users/alice.json; rm records/r2.json
                printf 'dark' > kv/theme; printf '\377\000' > kv/bytes; echo 5 > kv/number; mkdir kv/d; echo x > kv/d/x
                for i in $(seq 1 30); do echo "{\"e\": $i}" >> events/orders.jsonl; echo "line $i" >> events/app.log; done
                cp -a blobs/src blobs/copy; mv blobs/copy/d3 blobs/moved; rm -r blobs/copy/d1
                (cd blobs; git init -q g; cd g; git config user.email a@b; git config user.name a; cp ../src/d0/* .
                    git add .; git commit -qm one; git gc -q)
                tar -C blobs -cf - src | tar -C blobs/moved -xf -
                chmod 750 blobs/moved; setfattr -n user.a -v b records/users/alice.json
                """#, seconds: 180)
            let here = try await mount.succeed(Self.tree)
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 120).status, is: 0)
            let other = try await fixture.mount(host, cache: "two")
            expect(try await other.succeed(Self.tree), is: here)
            expect(try await other.succeed("getfattr --only-values -n user.a records/users/alice.json"), is: "b")
            try await other.succeed(
                #"test -z "$(rsync -ain "$SCRATCH/src/" blobs/src/)"; git -C blobs/g fsck --strict; git -C blobs/g status"#,
                seconds: 120)
        }
    }

    /// For each host.
    private static let kills = TestSize.number("PERSISTFS_TEST_FAR_KILLS", 4, long: 50)

    @Test("R2 what was closed survives kill -9 of persistfs, and of the adapter", arguments: AdapterHost.allCases)
    func kills(host: AdapterHost) async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await fixture.mount(host, cache: "one")
            for round in 0..<Self.kills {
                // Notes what was closed without an error; ends when the mount does.
                let writer = try mount.beginPython(
                    #"""
                    closed = os.open(os.environ['SCRATCH'] + '/closed', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                    lines = os.open(os.environ['SCRATCH'] + '/lines', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                    try:
                        log = os.open('events/log.jsonl', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                        for i in range(5000):
                            name = 'r\#(round)-%d' % i
                            fd = os.open('records/%s.json' % name, os.O_WRONLY | os.O_CREAT)
                            os.write(fd, b'{"i": %d}\n' % i)
                            os.close(fd)
                            os.write(closed, name.encode() + b'\n')
                            line = b'{"e":"%s"}\n' % name.encode()
                            os.write(log, line)
                            os.write(lines, line)
                    except OSError:
                        pass
                    """#)
                try await Task.sleep(for: .milliseconds(Int.random(in: 200...900)))
                if round % 2 == 1 {
                    try await mount.killAdapter()
                    try await Task.sleep(for: .milliseconds(300))
                }
                try await mount.kill9()
                _ = await writer.finish()
                try await mount.start()
            }
            // Thousands of each round are left to be sent by the last one.
            let sync = try await mount.outside(
                [mount.binary, "sync", mount.point], seconds: 120 + 10 * Self.kills)
            expect(sync.status, is: 0)
            let other = try await fixture.mount(host, cache: "two")
            // Its first look at so many files takes longer than a program waits for a name.
            try await eventually("its names are known", within: .seconds(120 + 10 * Self.kills)) {
                try await other.shell("ls records").succeeded
            }
            for (name, place) in [("here", mount), ("there", other)] {
                try await place.succeed(
                    #"""
                    echo \#(name)
                    test -s "$SCRATCH/closed"
                    while read -r name; do test -s records/$name.json || { echo "lost $name"; exit 1; }; done < "$SCRATCH/closed"
                    sort events/log.jsonl > "$SCRATCH/found"; sort "$SCRATCH/lines" > "$SCRATCH/wanted"
                    test -z "$(comm -13 "$SCRATCH/found" "$SCRATCH/wanted")"
                    test -z "$(uniq -d "$SCRATCH/found")"
                    """#, seconds: 120 + 10 * Self.kills)
            }
        }
    }

    @Test("a far side that is down is no reason not to mount; status says so, and what was written waits")
    func down() async throws {
        try await MountFixture.unmounted { fixture in
            let far = fixture.directory + "/far"
            let host = fixture.directory + "/host"
            let store = "exec:\(host)"
            try writeScript(host, "#!/bin/sh\nexec sleep 1000\n")
            let options = ["cache_dir=\(fixture.directory)/one", "refresh_seconds=1"]
            // One look at the far side, so that all names are known.
            try writeScript(host, "#!/bin/sh\nexec \(AdapterHost.python.store(far: far).dropFirst(5))\n")
            let mount = try await fixture.another(store: store, options: options)
            try await mount.succeed("echo 1 > kv/a")
            expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
            try await mount.unmount()
            try writeScript(host, "#!/bin/sh\necho 'no network' >&2; exit 3\n")
            try await mount.start()
            try await mount.succeed(
                """
                test "$(cat kv/a)" = 1; echo 2 > kv/a; echo 3 > kv/b; ls kv; test "$(cat kv/a)" = 2
                ! cat kv/none
                """)
            let sync = try await mount.outside([mount.binary, "sync", "--timeout", "1", mount.point])
            expect(sync.status, is: 7)
            #expect(sync.error.contains("have not been sent"), "\(sync.error)")
            try await eventually("status says that the far side is down", within: .seconds(60)) {
                let status = try await mount.outside([mount.binary, "status", mount.point]).output
                return status.contains("offline") && status.contains("kv/a")
            }
            try await mount.unmount()
            try writeScript(host, "#!/bin/sh\nexec \(AdapterHost.python.store(far: far).dropFirst(5))\n")
            try await mount.start()
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 90).status, is: 0)
            let other = try await fixture.another(
                store: AdapterHost.python.store(far: far), options: ["cache_dir=\(fixture.directory)/two"])
            expect(try await other.succeed("cat kv/a kv/b"), is: "2\n3")
        }
    }

    @Test("one cache has one mount; another mount of the same far side with it is refused")
    func locked() async throws {
        try await MountFixture.unmounted { fixture in
            let mount = try await fixture.mount(.python, cache: "one")
            let second = try await mount.outside(
                [
                    mount.binary, "mount", "-o", "cache_dir=\(fixture.directory)/one",
                    AdapterHost.python.store(far: fixture.directory + "/far"), fixture.scratch,
                ])
            expect(second.status, is: 7)
            #expect(second.error.contains("is mounted already, at \(mount.point)"), "\(second.error)")
        }
    }

    @Test("R4 the value of a key that is a prefix too has its own mode and time on another machine")
    func selfValue() async throws {
        try await MountFixture.unmounted { fixture in
            let one = try await fixture.mount(.python, cache: "one")
            try await one.succeed(
                """
                mkdir kv/a; echo 1 > kv/a/%self; echo 2 > kv/a/b
                chmod 600 kv/a/%self; touch -d @1000000000 kv/a/%self; chmod 750 kv/a
                """)
            expect(try await one.outside([one.binary, "sync", one.point]).status, is: 0)
            let two = try await fixture.mount(.python, cache: "two")
            expect(
                try await two.succeed("stat -c '%a %Y' kv/a/%self; cat kv/a/%self; stat -c %a kv/a"),
                is: "600 1000000000\n1\n750")
        }
    }
}
