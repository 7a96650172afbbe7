import Persist
import PersistTestKit
import S3Adapter
import Testing

/// Files of many megabytes in a bucket: sent in parts, read in ranges.
@Suite struct S3LongTests {
    private static let mebibytes = TestSize.number("PERSISTFS_TEST_S3_MIB", 512, long: 4_096)
    private static let kibibytesMax = 128 << 10

    /// Prints the most RssAnon that a process has while a shell command runs, in KiB.
    private static let watching = """
        import subprocess, time
        most = 0
        running = subprocess.Popen(['bash', '-ec', sys.argv[2]])
        while running.poll() is None:
            for line in open('/proc/%s/status' % sys.argv[1]):
                if line.startswith('RssAnon'): most = max(most, int(line.split()[1]))
            time.sleep(0.05)
        assert running.returncode == 0, running.returncode
        print(most)
        """

    private func memory(_ mount: TestMount, _ command: String) async throws -> Int {
        let daemon = try #require(mount.daemonID)
        let most = try await mount.python(
            Self.watching, arguments: ["\(daemon)", command], seconds: 120 + Self.mebibytes / 2)
        return try #require(Int(most))
    }

    @Test("R14 memory does not grow with a file that is written and read, and a little of a long object costs little")
    func memory() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let proxy = try FaultProxy(before: bucket.endpoint)
            defer { proxy.end() }
            var proxied = bucket
            proxied.endpoint = proxy.endpoint
            let mount = try await fixture.mount(proxied, cache: "one", refreshSeconds: 3_600)
            let written = try await memory(
                mount,
                #"""
                head -c \#(Self.mebibytes)M /dev/urandom | tee blobs/long | sha256sum > "$SCRATCH/sum"
                "$PERSISTFS" sync . > "$SCRATCH/said"
                """#)
            #expect(written < Self.kibibytesMax, "\(written) KiB")
            // One more of the probe of conditions, and three completions.
            expect(proxy.counts[.part].requests, is: Self.mebibytes / 8 + 1)
            #expect(proxy.counts[.complete].requests <= 4, "\(proxy.counts)")
            try await mount.unmount()

            let other = try await fixture.mount(proxied, cache: "two", refreshSeconds: 3_600)
            try await other.succeed("ls -l blobs")
            let before = proxy.counts
            try await other.succeed(
                "dd if=blobs/long of=/dev/null bs=1M count=1 skip=\(Self.mebibytes / 2 + 1) status=none")
            let after = proxy.counts
            let bytes = after[.get].bytesReceived - before[.get].bytesReceived
            #expect(bytes >= 1 << 20 && bytes < 2 << 20, "\(bytes) bytes for 1 MiB")
            let read = try await memory(
                other, #"test "$(sha256sum < blobs/long)" = "$(cat "$SCRATCH/sum")""#)
            #expect(read < Self.kibibytesMax, "\(read) KiB")
            print(
                "RssAnon with \(Self.mebibytes) MiB: \(written) KiB written, \(read) KiB read; \(bytes) bytes for 1 MiB"
            )
        }
    }

    @Test("R7, R9 what was read before the first look had ended stays in the kernel's pages", arguments: [0, 200])
    func pages(milliseconds: Int) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let proxy = try FaultProxy(before: bucket.endpoint)
            defer { proxy.end() }
            let mount = try await fixture.mount(bucket, cache: "one")
            try await mount.succeed("head -c 8M /dev/urandom > blobs/long")
            try await mount.sync()
            try await mount.unmount()

            var distant = bucket
            distant.endpoint = proxy.endpoint
            proxy.latency = .milliseconds(milliseconds)
            let other = try await fixture.mount(distant, cache: "two", refreshSeconds: 3_600)
            let daemon = try #require(other.daemonID)
            let read = #"awk '/^rchar/ {print $2}' /proc/\#(daemon)/io"#
            let bytes = try await other.succeed(
                "cat blobs/long > /dev/null; before=$(\(read)); cat blobs/long > /dev/null; echo $(($(\(read)) - before))",
                seconds: 60)
            #expect(try #require(Int(bytes.split(separator: "\n").last ?? "")) < 1 << 20, "\(bytes) bytes")
            #expect(proxy.counts[.list].requests > 2)
        }
    }

    /// Where a mount is killed: the nth request of a kind, before the server has heard of it, or when it has done it.
    struct Stage: CustomTestStringConvertible, Sendable {
        let kind: FaultProxy.Request.Kind
        let number: Int
        let isDone: Bool
        var testDescription: String { "\(isDone ? "after" : "before") \(kind.rawValue) \(number)" }

        private static let requests: [(FaultProxy.Request.Kind, Int)] = [
            (.initiate, 1), (.part, 1), (.part, 2), (.part, 3), (.complete, 1),
        ]
        static let all = [false, true].flatMap { isDone in
            requests.map { Stage(kind: $0.0, number: $0.1, isDone: isDone) }
        }
    }

    @Test(
        "R2 killed at any stage of an upload in parts: the next mount sends it, and no upload stays open",
        arguments: S3Server.Kind.allCases)
    func kills(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let adapter = try S3Adapter(bucket.options(prefix: bucket.prefix)) { print($0) }
            let proxy = try FaultProxy(before: bucket.endpoint)
            defer { proxy.end() }
            var proxied = bucket
            proxied.endpoint = proxy.endpoint
            let mount = try await fixture.mount(proxied, cache: "one", refreshSeconds: 3_600)
            for (round, stage) in Stage.all.enumerated() {
                let from = proxy.counts[stage.kind].requests
                proxy.rule = { [unowned proxy] request in
                    guard request.kind == stage.kind, proxy.counts[stage.kind].requests - from == stage.number - 1
                    else {
                        return nil
                    }
                    return stage.isDone ? .cutAfter : .stalled
                }
                try await mount.succeed(
                    "head -c 20M /dev/urandom | tee blobs/f\(round) | sha256sum > \"$SCRATCH/sum\(round)\"")
                try await eventually("it is \(stage.testDescription)", within: .seconds(60)) {
                    let counts = proxy.counts
                    return counts[stage.kind].requests - from >= stage.number
                        && (!stage.isDone || counts.faults[.cutAfter, default: 0] > 0)
                }
                try await mount.kill9()
                // What stalls stays where it is: nothing of the process that was killed comes after the next one.
                proxy.rule = nil
                proxy.forget()
                try await mount.start()
                expect(
                    try await mount.outside([mount.binary, "sync", "--timeout", "60", mount.point], seconds: 90).status,
                    is: 0)
                let key = StoreKey(stringLiteral: "blobs/f\(round)")
                let open = try await adapter.openUploads(of: key)
                #expect(open.isEmpty, "\(stage.testDescription): \(open)")
            }
            let other = try await fixture.mount(proxied, cache: "two")
            try await other.succeed(
                #"""
                for i in {0..\#(Stage.all.count - 1)}; do
                    test "$(sha256sum < blobs/f$i)" = "$(cat "$SCRATCH/sum$i")" || { echo "f$i differs"; exit 1; }
                done
                """#, seconds: 120)
            await adapter.close()
        }
    }

    @Test("a file that others replace by a longer one while it is read is theirs; ours goes up as a file beside it")
    func conflict() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let one = try await fixture.mount(bucket, cache: "one", refreshSeconds: 3_600)
            try await one.succeed("head -c 20M /dev/urandom > blobs/f; \"$PERSISTFS\" sync .", seconds: 60)
            let other = try await fixture.mount(bucket, cache: "two", refreshSeconds: 3_600)
            try await other.succeed("cat blobs/f > /dev/null", seconds: 60)
            try await one.succeed("head -c 24M /dev/urandom > blobs/f; \"$PERSISTFS\" sync .", seconds: 60)
            try await other.succeed("head -c 17M /dev/urandom > blobs/f", seconds: 60)
            // A conflict is told.
            _ = try await other.outside([other.binary, "sync", "--timeout", "60", other.point], seconds: 90)
            let sum = "sha256sum < blobs/f"
            expect(try await other.succeed(sum), is: try await one.succeed(sum))
            expect(try await other.succeed("stat -c %s blobs/f@*"), is: "\(17 << 20)")
            expect(
                try await other.outside([other.binary, "sync", "--timeout", "60", other.point], seconds: 90).status,
                is: 0)
            let third = try await fixture.mount(bucket, cache: "three")
            expect(try await third.succeed("stat -c %s blobs/*", seconds: 60), is: "\(24 << 20)\n\(17 << 20)")
        }
    }
}
