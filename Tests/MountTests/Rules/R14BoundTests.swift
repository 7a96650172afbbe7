import PersistTestKit
import Testing

/// R14: each bound has an option, and an error when it is reached.
@Suite struct R14BoundTests {
    @Test("R14 sizes of values, lines and attributes")
    func sizes() async throws {
        let options = [
            "record_bytes_max=2K", "kv_bytes_max=1K", "blob_bytes_max=1M", "line_bytes_max=4K", "xattr_bytes_max=512",
        ]
        try await MountFixture.with(options: options) { fixture in
            let answers = try await fixture.mount.python(
                """
                def put(p, n, flags=0):
                    fd = os.open(p, os.O_WRONLY | os.O_CREAT | flags)
                    # The kernel brings 1 MiB at a time: what is over the limit comes with the second write.
                    text = b'"' + b'x' * (n - 3) + b'"\\n'
                    try:
                        while text: text = text[os.write(fd, text):]
                    finally: os.close(fd)
                for p, n in (('kv/a', 1024), ('records/a.json', 2048), ('blobs/a', 1 << 20), ('records/a.md', 1 << 20)):
                    print(errname(put, p, n), errname(put, p, n + 1))
                print(errname(put, 'events/a.jsonl', 4096, os.O_APPEND), errname(put, 'events/a.jsonl', 4098, os.O_APPEND))
                print(errname(os.setxattr, 'blobs/a', 'user.a', b'x' * 300), errname(os.setxattr, 'blobs/a', 'user.b', b'x' * 300))
                print(errname(os.truncate, 'blobs/a', (1 << 20) + 1))
                """)
            #expect(answers == "ok EFBIG\nok EFBIG\nok EFBIG\nok EFBIG\nok EFBIG\nok ENOSPC\nEFBIG")
        }
    }

    @Test("R14 a temporary file of any size gets the name of no value and no log that it is too large for")
    func renamed() async throws {
        try await MountFixture.with { fixture in
            let answers = try await fixture.mount.python(
                """
                open('events/old.log', 'w').write('one\\n')
                for p in ('kv/x', 'records/x.json', 'events/x.log', 'events/old.log'):
                    tmp = p + '.tmp'
                    with open(tmp, 'w') as f: f.write('one\\n' if 'old' in p else '')
                    os.truncate(tmp, 1 << 40)
                    print(errname(os.rename, tmp, p), os.stat(tmp).st_size == 1 << 40)
                """)
            #expect(answers == Array(repeating: "EFBIG True", count: 4).joined(separator: "\n"))
            expect(try await fixture.mount.contents("events/old.log"), is: "one\n")
        }
    }

    @Test("R14 a long log gets its name, and loses it, without being in memory as a whole")
    func renamedLog() async throws {
        try await MountFixture.with(options: ["events=rw"]) { fixture in
            try await fixture.mount.python(
                """
                line = b'x' * 99 + b'\\n'
                with open('events/x.tmp', 'wb') as f:
                    for i in range(120): f.write(line * 1000)
                """)
            let before = try await fixture.mount.succeed("sha256sum < events/x.tmp")
            for rename in [
                "mv events/x.tmp events/x.log", "mv events/x.log events/x.tmp", "mv events/x.tmp events/y.log",
            ] {
                try await fixture.mount.succeed(rename)
                let name = rename.split(separator: " ").last ?? ""
                expect(try await fixture.mount.succeed("sha256sum < \(name)"), is: before)
            }
        }
    }

    @Test("R14 an unfinished line is at most 1 MiB")
    func unfinishedLine() async throws {
        try await MountFixture.with { fixture in
            let answers = try await fixture.mount.python(
                """
                fd = os.open('events/a.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                total = 0
                try:
                    for i in range(3): total += os.write(fd, b'x' * (512 << 10))
                except OSError as e: print(errno.errorcode[e.errno])
                print(total <= 1 << 20)
                """)
            #expect(answers == "EFBIG\nTrue")
        }
    }

    @Test("R14 open files are bounded: EMFILE, and closing gives them back")
    func openFiles() async throws {
        try await MountFixture.with(options: ["open_files_max=20"]) { fixture in
            let answers = try await fixture.mount.python(
                """
                held = []
                def hold(n):
                    for i in range(n): held.append(os.open('blobs/f%d' % i, os.O_WRONLY | os.O_CREAT))
                print(errname(hold, 40), len(held))
                for fd in held: os.close(fd)
                deadline = time.time() + 30
                while errname(lambda: os.close(os.open('blobs/f0', os.O_RDONLY))) != 'ok' and time.time() < deadline: time.sleep(0.01)
                print(errname(lambda: os.close(os.open('blobs/f0', os.O_RDONLY))))
                """)
            #expect(answers == "EMFILE 20\nok")
        }
    }

    @Test("R14 unpublished bytes are bounded, and a blob of any size passes through that bound")
    func unpublishedBytes() async throws {
        try await MountFixture.with(options: ["unpublished_bytes_max=16M", "record_bytes_max=64M"]) { fixture in
            let mount = fixture.mount
            let answers = try await mount.python(
                """
                fd = os.open('records/a.json', os.O_WRONLY | os.O_CREAT)
                def fill():
                    for i in range(24): os.write(fd, b' ' * (1 << 20))
                print(errname(fill))
                try: os.close(fd)
                except OSError: pass
                """)
            #expect(answers == "ENOMEM")
            try await mount.succeed(
                "head -c 40M /dev/urandom > $SCRATCH/f; cp $SCRATCH/f blobs/f; cmp $SCRATCH/f blobs/f")
        }
    }

    @Test("R14 the WAL is brought into the file where the mount says", arguments: [1, 32])
    func walBytes(megabytes: Int) async throws {
        try await MountFixture.with(options: ["wal_bytes_max=\(megabytes)M"]) { fixture in
            try await fixture.mount.python(
                """
                for i in range(20):
                    open('blobs/%d' % i, 'wb').write(os.urandom(1 << 20))
                    time.sleep(0.1)
                """)
            let large = megabytes > 20
            try await eventually("the WAL is \(large ? "" : "not ")as large as what was written") {
                let size = Int(try await fixture.succeed(#"stat -c %s "$STORE-wal""#)) ?? 0
                return (size > 20 << 20) == large
            }
            let status = try await fixture.succeed(
                #"jq -r '.bounds[] | select(.name == "wal_bytes_max") | .value' "$MOUNT/.persist/status.json""#)
            #expect(status == "\(megabytes << 20)")
        }
    }

    @Test("R14 memory does not grow with a blob")
    func memory() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let daemon = try #require(mount.daemonID)
            let anonymous = "sed -n 's/^RssAnon:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/\(daemon)/status"
            try await mount.succeed("head -c 8M /dev/zero > blobs/warm; cat blobs/warm > /dev/null")
            let before = try #require(Int(try await mount.succeed(anonymous)))
            try await mount.succeed(
                "head -c 160M /dev/zero > blobs/large; cat blobs/large > /dev/null; cp blobs/large blobs/copy")
            let after = try #require(Int(try await mount.succeed(anonymous)))
            #expect(after - before < 64 << 10, "from \(before) to \(after) KiB")
        }
    }
}
