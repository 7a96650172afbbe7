import Foundation
import PersistTestKit
import Testing

/// R14: memory, and what an operation costs, do not grow with the store.
@Suite struct R14ScaleTests {
    private static let keys = TestSize.number("PERSISTFS_TEST_KEYS", 100_000, long: 1_000_000)
    private static let mebibytes = TestSize.number("PERSISTFS_TEST_BLOB_MIB", 256, long: 2_048)
    private static let kibibytesMax = 64 << 10
    private static let seconds = 120 + keys / 2_000

    private static func anonymous(_ mount: TestMount) async throws -> Int {
        let daemon = try #require(mount.daemonID)
        let text = try await mount.outside(
            ["sed", "-n", "s/^RssAnon:[^0-9]*\\([0-9]*\\) kB/\\1/p", "/proc/\(daemon)/status"])
        return try #require(Int(text.output))
    }

    /// What the daemon does meanwhile: requests that it read from the kernel, pages that SQLite read from the file.
    private static func calls(
        of mount: TestMount, _ body: () async throws -> Void
    ) async throws -> (requests: Int, pages: Int) {
        let daemon = try #require(mount.daemonID)
        let trace = try mount.begin(
            [
                "bash", "-c",
                """
                rm -f $SCRATCH/stop
                strace -f -o $SCRATCH/trace -e trace=read,pread64 -p \(daemon) 2>&1 &
                until test -e $SCRATCH/stop; do sleep 0.02; done
                kill $!
                wait
                grep -c ' read(.*= [0-9]\\|<... read resumed.*= [0-9]' $SCRATCH/trace
                grep -c 'pread64(' $SCRATCH/trace || true
                """,
            ], outside: true, seconds: seconds)
        try await trace.waitForOutput("attached")
        try await body()
        _ = try await mount.outside(["bash", "-c", "touch $SCRATCH/stop"])
        let result = await trace.finish()
        let numbers = result.lines.compactMap { Int($0) }
        try #require(numbers.count == 2, "\(result.output)\n\(result.error)")
        return (numbers[0], numbers[1])
    }

    @Test("R14 a directory of very many keys: memory stays, a lookup is one round trip, a listing streams")
    func manyKeys() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.unmount()
            // Keys are in no order of their names.
            func fill(_ directory: String, _ count: Int) -> String {
                """
                INSERT INTO kv(key, value) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < \(count - 1))
                    SELECT '\(directory)/k' || (i * 7919 % \(count)), 'value ' || i FROM n;
                """
            }
            let sql = try await mount.outside(
                ["sqlite3", "-bail", fixture.store], input: fill("few", 1_000) + fill("many", Self.keys),
                seconds: Self.seconds)
            try #require(sql.succeeded, "\(sql.error)")
            // What others have written is taken in first.
            try await mount.start(seconds: Self.seconds)
            try await eventually("all keys are there", within: .seconds(Self.seconds)) {
                try await mount.run(["test", "-e", "kv/many/k\(Self.keys - 1)", "-a", "-e", "kv/few/k999"]).succeeded
            }
            let mounted = try await Self.anonymous(mount)
            #expect(mounted < Self.kibibytesMax, "\(mounted) KiB after mounting")

            func look(_ directory: String, _ count: Int) async throws -> (requests: Int, pages: Int) {
                try await Self.calls(of: mount) {
                    try await mount.python(
                        "for i in range(200): os.stat('kv/\(directory)/k%d' % (i * 4421 % \(count)))")
                }
            }
            _ = try await look("few", 1_000)
            let few = try await look("few", 999)
            let many = try await look("many", Self.keys)
            print("200 lookups among 1,000: \(few); among \(Self.keys): \(many)")
            #expect((200...300).contains(many.requests), "\(many.requests) requests for 200 lookups")
            // Two levels more of a tree: a page each at most.
            #expect(many.pages <= few.pages + 200 * 4, "\(many.pages) pages, \(few.pages) among few")

            let first = try await Self.calls(of: mount) {
                try await mount.python(
                    """
                    with os.scandir('kv/many') as names:
                        for i in range(10): next(names)
                    """)
            }
            #expect(first.requests < 40, "\(first.requests) requests before the tenth name")
            let listed = try await mount.succeed("ls -f kv/many | grep -c ^k", seconds: Self.seconds)
            #expect(listed == "\(Self.keys)")
            let after = try await Self.anonymous(mount)
            print("RssAnon: \(mounted) KiB mounted, \(after) KiB listed")
            #expect(after < Self.kibibytesMax, "\(after) KiB after listing")
        }
    }

    @Test("R14 memory stays while a large blob is written and read")
    func largeBlob() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let daemon = try #require(mount.daemonID)
            let most = try await mount.python(
                """
                count, most = int(sys.argv[1]), 0
                def look():
                    global most
                    for line in open('/proc/%s/status' % sys.argv[2]):
                        if line.startswith('RssAnon'): most = max(most, int(line.split()[1]))
                block = os.urandom(1 << 20)
                with open('blobs/large', 'wb', buffering=0) as f:
                    for i in range(count):
                        f.write(b'%08d' % i + block[8:])
                        if i % 8 == 0: look()
                    os.fsync(f.fileno())
                look()
                with open('blobs/large', 'rb', buffering=0) as f:
                    os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                    for i in range(count):
                        data = f.read(1 << 20)
                        assert data[:8] == b'%08d' % i and data[8:] == block[8:], i
                        if i % 8 == 0: look()
                print(most)
                """, arguments: ["\(Self.mebibytes)", "\(daemon)"], seconds: 120 + Self.mebibytes / 4)
            let kibibytes = try #require(Int(most))
            print("RssAnon: at most \(kibibytes) KiB with a blob of \(Self.mebibytes) MiB")
            #expect(kibibytes < Self.kibibytesMax, "\(kibibytes) KiB")
        }
    }
}
