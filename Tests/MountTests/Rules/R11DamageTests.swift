import Glibc
import PersistTestKit
import Testing

/// R11: errors of the disk below the store, and of nodes that are gone.
@Suite struct R11DamageTests {
    @Test("R11 a damaged page is EIO for the file that it belongs to, and named; everything else is read")
    func damage() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                head -c 300000 /dev/urandom | tee $SCRATCH/bad > blobs/bad
                head -c 300000 /dev/urandom | tee $SCRATCH/good > blobs/good
                echo value > kv/a; echo '[1]' > records/a.json; echo 1 > events/a.jsonl
                """)
            try await fixture.unmountToOneFile()
            // In the middle of the second chunk: of the last page of a chunk nobody could tell.
            try await fixture.succeed(
                """
                python3 - <<'END'
                import os
                part = open(os.environ['SCRATCH'] + '/bad', 'rb').read()[100_000:100_040]
                with open(os.environ['STORE'], 'r+b') as f:
                    offset = f.read().index(part)
                    f.seek(offset // 8192 * 8192)
                    f.write(bytes(8192))
                END
                """)
            try await mount.start()
            expect(try await mount.errname("open('blobs/bad', 'rb').read()"), is: "EIO")
            try await eventually("the log names it") {
                mount.log.split(separator: "\n").contains { $0.contains("blobs/bad") && $0.contains("damaged") }
            }
            try await mount.python(
                """
                whole = open(os.environ['SCRATCH'] + '/bad', 'rb').read()
                fd = os.open('blobs/bad', os.O_RDONLY)
                assert os.pread(fd, 65_536, 0) == whole[:65_536]
                assert os.pread(fd, 37_856, 262_144) == whole[262_144:]
                """)
            try await mount.succeed("cmp blobs/good $SCRATCH/good; ls -l blobs kv records events")
            expect(try await mount.succeed("cat kv/a records/a.json events/a.jsonl"), is: "value\n[1]\n1")
            try await mount.succeed("echo new > kv/a; echo 2 >> events/a.jsonl; mv blobs/bad blobs/worse")
            try await fixture.unmountToOneFile()
            let check = try await fixture.persistfs(#"check "$STORE""#)
            #expect(check.status == 3, "\(check.output)\(check.error)")
        }
    }

    @Test("R11 a symlink whose row is damaged is EIO, and everything else is there", arguments: [-1, Int64.max])
    func symlinkSize(bytes: Int64) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("ln -s target blobs/link; echo 1 > kv/a")
            try await mount.unmount()
            try await fixture.sql("UPDATE node SET size = \(bytes) WHERE kind = 3")
            try await mount.start()
            expect(try await mount.errname("os.readlink('blobs/link')"), is: "EIO")
            expect(try await mount.contents("kv/a"), is: "1\n")
        }
    }

    @Test("R11 a node that is gone is ESTALE to who kept a way to it")
    func stale() async throws {
        try await MountFixture.with { fixture in
            let answer = try await fixture.mount.python(
                """
                open('blobs/f', 'w').close()
                path = '/proc/self/fd/%d' % os.open('blobs/f', os.O_PATH)
                os.unlink('blobs/f')
                print(errname(os.open, path, os.O_RDONLY))
                """)
            expect(answer, is: "ESTALE")
        }
    }

    /// btrfs limits a subvolume, and root too; user quotas of ext4 and xfs are not in every kernel (CONFIG_QFMT_V2,
    /// CONFIG_XFS_QUOTA), and do not bind root.
    private static let hasQuotas =
        isRoot && access("/sys/fs/btrfs", F_OK) == 0 && access("/sbin/mkfs.btrfs", X_OK) == 0

    // The shared memory lies elsewhere: btrfs copies on write, and where there is no room for a copy of a mapped page,
    // whoever stores to it gets SIGBUS, which no program that uses SQLite's WAL can turn into an error.
    @Test("R11 R13 a quota that is used up is EDQUOT; nothing is lost, and rm makes room", .enabled(if: hasQuotas))
    func quota() async throws {
        try await MountFixture.unmounted { fixture in
            try await fixture.succeed(
                """
                truncate -s 256M $SCRATCH/image
                mkfs.btrfs -q $SCRATCH/image > /dev/null
                mount -o loop $SCRATCH/image ${STORE%/*}
                btrfs quota enable ${STORE%/*}
                btrfs qgroup limit 48M 0/5 ${STORE%/*}
                touch $SCRATCH/shm $STORE-shm
                mount --bind $SCRATCH/shm $STORE-shm
                """)
            let mount = fixture.mount
            try await mount.start()
            try await mount.succeed("echo old > kv/a")
            try await mount.python(
                """
                def put(p):
                    fd = os.open(p, os.O_WRONLY | os.O_CREAT)
                    try: os.write(fd, os.urandom(1 << 20))
                    finally: os.close(fd)
                n = 0
                while n < 64:
                    answer = errname(put, 'blobs/%d' % n)
                    if answer != 'ok': break
                    n += 1
                assert answer == 'EDQUOT' and n > 2, (answer, n)
                """)
            expect(try await mount.contents("kv/a"), is: "old\n")
            try await mount.succeed("rm blobs/*")
            try await eventually("there is room again") {
                try await mount.shell("echo new > kv/b && test $(cat kv/b) = new").succeeded
            }
            try await mount.unmount()
        }
    }
}
