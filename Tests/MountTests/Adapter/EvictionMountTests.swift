import PersistTestKit
import Testing

/// A cache that is smaller than the store, under a real mount.
@Suite struct EvictionMountTests {
    @Test("R4, R7 ordinary tools see all of a store that does not fit into the cache", arguments: [AdapterHost.python])
    func tools(host: AdapterHost) async throws {
        try await MountFixture.unmounted { fixture in
            let options = ["cache_size=1M", "free_bytes_min=0"]
            let mount = try await fixture.mount(host, cache: "one", options: options)
            try await mount.succeed(
                #"""
                mkdir "$SCRATCH/src"; for i in $(seq 1 24); do head -c 120000 /dev/urandom > "$SCRATCH/src/f$i"; done
                for i in $(seq 1 30); do printf '{"n": %d, "s": "%s"}' $i "$(head -c 9000 /dev/zero | tr '\0' x)" \
                    > records/r$i.json; done
                rsync -a "$SCRATCH/src/" blobs/src/; (cd records; sha256sum *.json) > "$SCRATCH/sums"
                """#, seconds: 180)
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 120).status, is: 0)
            // Within two looks at what it takes.
            try await mount.python(
                #"""
                import glob, sqlite3
                for wait in range(300):
                    db = sqlite3.connect('file:' + glob.glob('\#(fixture.directory)/one/**/*.db', recursive=True)[0] + '?mode=ro', uri=True)
                    away = db.execute('SELECT count(*) FROM away').fetchone()[0]
                    db.close()
                    if away >= 12: break
                    time.sleep(0.1)
                else:
                    sys.exit('only %d files are away' % away)
                """#, seconds: 60)
            try await mount.succeed(
                #"""
                test -z "$(rsync -ain "$SCRATCH/src/" blobs/src/)"; test -z "$(rsync -aicn "$SCRATCH/src/" blobs/src/)"
                (cd records; sha256sum --quiet -c "$SCRATCH/sums")
                tar -C blobs -cSf "$SCRATCH/a.tar" src; mkdir "$SCRATCH/out"; tar -C "$SCRATCH/out" -xf "$SCRATCH/a.tar"
                cmp "$SCRATCH/src/f7" "$SCRATCH/out/src/f7"; cp --sparse=always blobs/src/f8 "$SCRATCH/f8"
                cmp "$SCRATCH/src/f8" "$SCRATCH/f8"; cp blobs/src/f9 blobs/copy; cmp "$SCRATCH/src/f9" blobs/copy
                for i in $(seq 1 24); do printf x | dd of=blobs/src/f$i bs=1 seek=70000 conv=notrunc status=none
                    printf x | dd of="$SCRATCH/src/f$i" bs=1 seek=70000 conv=notrunc status=none; done
                sed -i 's/"n": 7,/"n": 77,/' records/r7.json; truncate -s 100 blobs/src/f1 "$SCRATCH/src/f1"
                : > blobs/src/f2; : > "$SCRATCH/src/f2"; mv blobs/src/f3 blobs/src/g3; mv "$SCRATCH/src/f3" "$SCRATCH/src/g3"
                echo more >> blobs/src/f4; echo more >> "$SCRATCH/src/f4"
                diff -r "$SCRATCH/src" blobs/src; grep -q '"n": 77,' records/r7.json
                """#, seconds: 180)
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 120).status, is: 0)
            let other = try await fixture.mount(host, cache: "two", options: options)
            try await other.succeed(
                #"diff -r "$SCRATCH/src" blobs/src; grep -q '"n": 77,' records/r7.json;"#,
                seconds: 180)
        }
    }

    @Test("R13 a disk that is full of what the far side has is not full", .enabled(if: isRoot))
    func full() async throws {
        try await MountFixture.unmounted { fixture in
            let disk = fixture.directory + "/disk"
            let result = try await fixture.bash("mkdir '\(disk)' && mount -t tmpfs -o size=40M disk '\(disk)'")
            try #require(result.succeeded, "\(result.error)")
            let mount = try await fixture.another(
                store: AdapterHost.python.store(far: fixture.directory + "/far"),
                options: ["cache_dir=\(disk)/one", "free_bytes_min=1M", "refresh_seconds=3600"])
            try await mount.succeed(
                #"""
                for i in $(seq 1 10); do head -c 3M /dev/urandom | tee "$SCRATCH/f$i" > blobs/f$i; done
                for i in $(seq 1 10); do cmp "$SCRATCH/f$i" blobs/f$i; done
                """#, seconds: 240)
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 60).status, is: 0)
            try await mount.unmount()
            _ = try await fixture.bash("umount '\(disk)'")
        }
    }

    @Test(
        "R13 who reads long files, one after the other, on a disk that holds hardly one finds room",
        .enabled(if: isRoot))
    func fullOfRead() async throws {
        try await MountFixture.unmounted { fixture in
            let disk = fixture.directory + "/disk"
            let result = try await fixture.bash("mkdir '\(disk)' && mount -t tmpfs -o size=60M disk '\(disk)'")
            try #require(result.succeeded, "\(result.error)")
            let bucket = try await MountedBucket.make(.seaweedfs)
            let one = try await fixture.mount(bucket, cache: "one")
            try await one.succeed(
                #"for i in 1 2 3; do head -c 50M /dev/urandom > blobs/f$i; done; md5sum blobs/f* > "$SCRATCH/sums""#)
            try await one.sync(seconds: 120)
            let two = try await fixture.another(
                store: bucket.store, options: ["cache_dir=\(disk)/two", "free_bytes_min=4M", "refresh_seconds=3600"],
                environment: MountedBucket.credentials)
            try await two.succeed(
                #"md5sum --quiet -c "$SCRATCH/sums"; md5sum --quiet -c "$SCRATCH/sums""#, seconds: 240)
            try await two.unmount()
            _ = try await fixture.bash("umount '\(disk)'")
        }
    }
}
