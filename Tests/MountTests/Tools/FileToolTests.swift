import PersistTestKit
import Testing

/// The tools that everybody uses on files.
@Suite struct FileToolTests {
    /// A tree with most of what trees have.
    static let tree = """
        mkdir -p $SCRATCH/src/a/b/empty "$SCRATCH/src/with space"; cd $SCRATCH/src
        for i in $(seq 20); do echo "file $i" > a/f$i; done
        head -c 300000 /dev/urandom > a/b/random; echo text > "with space/näme"; : > a/none
        truncate -s 1M a/sparse; echo end >> a/sparse
        ln -s ../f1 a/b/link; ln -s nowhere a/broken; mkfifo a/fifo
        chmod 600 a/f1; chmod 755 a/f2; chmod 1770 a/b; touch -d '2001-02-03 04:05:06.789012345' a/f3 a/b/empty
        setfattr -n user.color -v red a/f4
        if [ $(id -u) = 0 ]; then chown 123:456 a/f5 a/b; chown -h 7:8 a/b/link; fi
        cd - > /dev/null
        """
    @Test("tar and cp -a bring a tree in and out unchanged")
    func copies() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(Self.tree)
            let result = try await mount.succeed(
                """
                list() { (cd "$1"; find . -type f -printf '%P %m %U %G %T@ %s\\n' -o -printf '%P %y %m %U %G %T@ %l\\n' | sort); }
                cp -a $SCRATCH/src blobs/copied
                tar -C $SCRATCH/src --xattrs -cf blobs/t.tar .
                mkdir blobs/tarred; tar -C blobs/tarred --xattrs -xpf blobs/t.tar
                tar -C blobs/tarred -df blobs/t.tar
                cp -a blobs/tarred $SCRATCH/out
                for d in blobs/copied blobs/tarred $SCRATCH/out; do
                    diff <(list $SCRATCH/src) <(list $d)
                    diff -r --no-dereference -x fifo $SCRATCH/src $d
                    test "$(getfattr --only-values -n user.color $d/a/f4)" = red
                done
                """)
            #expect(result == "")
            try await mount.killAndRemount()
            try await mount.succeed("diff -r --no-dereference -x fifo $SCRATCH/src blobs/tarred")
        }
    }

    @Test("mv, touch, rm -r, ln -s, install and du")
    func names() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                mkdir -p blobs/a/b/c blobs/target; for i in $(seq 300); do echo $i > blobs/a/b/f$i; done
                mv blobs/a blobs/target/; mv blobs/target/a/b/f1 blobs/target/a/b/c/; mv -n blobs/target/a/b/f2 blobs/target/a/b/f3
                touch -r blobs/target/a/b/f4 -d @5 blobs/touched; touch blobs/target/a/b/f4
                install -m 640 blobs/target/a/b/f5 blobs/installed
                rm -r blobs/target/a/b/c; ln -sf target/a blobs/link
                """)
            #expect(
                try await mount.succeed(
                    "cat blobs/installed blobs/target/a/b/f2 blobs/target/a/b/f3; ls blobs/link/b | wc -l")
                    == "5\n2\n3\n299")
            try await mount.succeed("du -s blobs > /dev/null; rm -rf blobs/target; test ! -e blobs/target")
            #expect(
                try await mount.succeed(
                    "stat -c '%a %Y' blobs/installed blobs/touched | head -1 | cut -d' ' -f1; stat -c %Y blobs/touched")
                    == "640\n5")
        }
    }

    @Test("find and grep -r find what is there")
    func searching() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                mkdir -p records/users blobs/x/y; echo '{"name":"needle"}' > records/users/n.json; echo needle > kv/k
                echo needle > blobs/x/y/deep; echo '{"m":"needle"}' > events/e.jsonl; echo hay > blobs/x/hay
                """)
            #expect(
                try await mount.succeed("grep -rl needle . | sort")
                    == "./blobs/x/y/deep\n./events/e.jsonl\n./kv/k\n./records/users/n.json")
            #expect(
                try await mount.succeed("find . -name '*.json*' -type f | sort")
                    == "./events/e.jsonl\n./records/users/n.json")
            #expect(
                try await mount.succeed("touch -d @1 kv/k; find blobs -type f -newer kv/k -size -2 | sort")
                    == "blobs/x/hay\nblobs/x/y/deep")
            try await mount.succeed("find blobs -mindepth 1 -delete")
            expect(try await mount.succeed("find blobs -mindepth 1"), is: "")
        }
    }

    @Test("a listing of a large directory has each name once, also while names come and go")
    func listings() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let answer = try await mount.python(
                """
                os.mkdir('blobs/d')
                for i in range(2000): open('blobs/d/stay%04d' % i, 'w').close()
                stay = {'stay%04d' % i for i in range(2000)}
                seen = []
                with os.scandir('blobs/d') as entries:
                    for k, e in enumerate(entries):
                        seen.append(e.name)
                        if k % 100 == 0:
                            open('blobs/d/come%d' % k, 'w').close()
                            if k >= 100: os.unlink('blobs/d/come%d' % (k - 100))
                kept = [n for n in seen if n in stay]
                assert len(kept) == len(set(kept)) and set(kept) == stay, (len(kept), len(set(kept)))
                assert len(seen) == len(set(seen))
                for name in os.listdir('blobs/d'): os.unlink('blobs/d/' + name)
                os.rmdir('blobs/d')
                print('done')
                """)
            #expect(answer == "done")
        }
    }

    @Test("dd with O_DIRECT writes and reads")
    func direct() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed(
                """
                head -c 1000000 /dev/urandom > $SCRATCH/f
                for p in blobs/f kv/f; do
                    dd if=$SCRATCH/f of=$p bs=64k oflag=direct status=none
                    cmp $SCRATCH/f $p
                    dd if=$p of=$SCRATCH/back bs=4k iflag=direct status=none
                    cmp $SCRATCH/f $SCRATCH/back
                done
                dd if=$SCRATCH/f of=blobs/f bs=4k count=2 seek=3 conv=notrunc oflag=direct status=none
                dd if=$SCRATCH/f of=$SCRATCH/f2 bs=1M status=none; dd if=$SCRATCH/f of=$SCRATCH/f2 bs=4k count=2 seek=3 conv=notrunc status=none
                cmp blobs/f $SCRATCH/f2
                """)
        }
    }

    @Test("flock and fcntl locks exclude processes of one mount")
    func locks() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                """
                echo 0 > kv/count; touch blobs/lock
                for w in 1 2 3 4; do
                    (for i in $(seq 15); do flock blobs/lock sh -c 'n=$(cat kv/count); echo $((n + 1)) > kv/count'; done) &
                done
                wait
                """)
            expect(try await mount.contents("kv/count"), is: "60\n")
            let answer = try await mount.python(
                """
                fd = os.open('blobs/lock', os.O_RDWR)
                fcntl.lockf(fd, fcntl.LOCK_EX)
                if os.fork() == 0:
                    other = os.open('blobs/lock', os.O_RDWR)
                    print(errname(fcntl.lockf, other, fcntl.LOCK_EX | fcntl.LOCK_NB), flush=True)
                    os._exit(0)
                os.wait()
                """)
            #expect(answer == "EAGAIN" || answer == "EACCES")
        }
    }
}
