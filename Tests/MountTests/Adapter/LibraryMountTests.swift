import PersistTestKit
import Testing

/// `Mount(adapter).run(at:)` of PersistMount, as the example uses it.
@Suite struct LibraryMountTests {
    @Test("a program mounts an adapter of its own; it ends with the mount, or with SIGTERM")
    func example() async throws {
        try await MountFixture.unmounted { fixture in
            let result = try await fixture.mount.outside(
                [
                    "bash", "-eux", "-c",
                    #"""
                    export XDG_CACHE_HOME=$2/cache; mkdir "$2/at"
                    for end in umount kill; do
                        "${1%/*}/memory-mount" "$2/at" > "$2/said" 2>&1 &
                        for i in $(seq 300); do mountpoint -q "$2/at" && break; sleep 0.1; done
                        cd "$2/at"; echo '{"a": 1}' > records/a.json; echo x > kv/k; sed -i s/1/2/ records/a.json
                        test "$(cat records/a.json)" = '{"a": 2}'; ls -R; grep -q '^persistfs_far_side_up 1' .persist/metrics
                        "$1" sync "$2/at"; "$1" status "$2/at"; cd /
                        if [ $end = umount ]; then "$1" umount "$2/at"; else kill -TERM $!; fi
                        wait $!
                        ! mountpoint -q "$2/at"
                    done
                    """#, "bash", fixture.mount.binary, fixture.scratch,
                ], seconds: 90)
            #expect(result.succeeded, "\(result.output)\n\(result.error)")
        }
    }
}
