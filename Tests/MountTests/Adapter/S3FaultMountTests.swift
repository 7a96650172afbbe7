import PersistTestKit
import Testing

/// Mounts of buckets behind a network and a server that fail now and then.
@Suite struct S3FaultMountTests {
    @Test(
        "R2, R10 one request in four fails, in every manner: all arrives, once, and nothing is taken for a conflict",
        arguments: S3Server.Kind.allCases)
    func faults(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let proxy = try FaultProxy(before: bucket.endpoint)
            defer { proxy.end() }
            var proxied = bucket
            proxied.endpoint = proxy.endpoint
            let mount = try await fixture.mount(proxied, cache: "one")
            var random = Seeded("faults \(kind)")
            let seeded = FaultProxy.SeededRule(
                seed: random.next(), rate: 0.25,
                [
                    .cutBefore, .cutAfter, .refused(.slowDown), .refused(.internalError), .refused(.tooManyRequests),
                    .truncated, .stalled, .flipped, .flippedSent,
                ])
            proxy.latency = .milliseconds(20)
            proxy.rule = { request in
                let fault = seeded.fault(for: request)
                // What has no sum, nobody can see the damage of.
                return fault == .flipped && (request.kind != .get || request.isRanged) ? .cutAfter : fault
            }
            let releasing = Task.detached {
                while (try? await Task.sleep(for: .milliseconds(100))) != nil { proxy.release() }
            }
            defer { releasing.cancel() }
            for part in 0..<4 {
                try await mount.succeed(
                    #"""
                    mkdir -p blobs/d\#(part)
                    for i in $(seq 1 20); do
                        echo "{\"i\": $i}" > records/r\#(part)-$i.json; echo "v$i" > kv/v\#(part)-$i
                        head -c $((i * 1000)) /dev/urandom > blobs/d\#(part)/b$i
                    done
                    """#, seconds: 120)
                // So that what is renamed and removed has been sent, or is under way.
                try await eventually("requests go") { proxy.counts.requests > 40 * (part + 1) }
                try await mount.succeed(
                    #"""
                    for i in 1 2 3 4 5; do
                        mv records/r\#(part)-$i.json records/moved\#(part)-$i.json; rm kv/v\#(part)-$i
                        mv -f blobs/d\#(part)/b$i blobs/d\#(part)/b$((i + 5)); echo "w$i" > kv/v\#(part)-$((i + 5))
                    done
                    chmod 600 kv/v\#(part)-20
                    """#, seconds: 120)
            }
            try await mount.succeed("mv blobs/d0 blobs/e; rm -r blobs/d1", seconds: 60)
            try await eventually("there were faults") { proxy.counts.faults.values.reduce(0, +) > 60 }
            #expect(proxy.counts.faults.count >= 7, "\(proxy.counts.faults)")

            proxy.rule = nil
            proxy.latency = .zero
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 120).status, is: 0)
            let here = try await mount.succeed(MountedBucket.tree)
            expect(try await mount.outside([mount.binary, "conflicts", mount.point]).output, is: "No conflicts.")
            let other = try await fixture.mount(bucket, cache: "two")
            expect(try await other.succeed(MountedBucket.tree), is: here)
            #expect(here.split(separator: "\n").count > 2 * 150)
        }
    }

    @Test(
        "R2 a put that was under way when the mount was killed, and that the server does late, replaces nothing newer",
        arguments: S3Server.Kind.allCases)
    func latePut(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let proxy = try FaultProxy(before: bucket.endpoint)
            defer { proxy.end() }
            var proxied = bucket
            proxied.endpoint = proxy.endpoint
            let mount = try await fixture.mount(proxied, cache: "one", refreshSeconds: 1)
            // Conditions are found out.
            try await mount.succeed("echo 1 > kv/first")
            try await mount.sync()
            proxy.rule = { $0.kind == .put && $0.path.hasSuffix("/blobs/f") ? .stalled : nil }
            try await mount.succeed("echo old > blobs/f")
            try await eventually("it is put") { proxy.counts.faults[.stalled] != nil }
            try await mount.kill9()
            proxy.rule = nil
            try await mount.start()
            try await mount.succeed("echo new > blobs/f")
            try await mount.sync()
            let before = proxy.counts[.list].requests
            proxy.release()
            try await eventually("it has looked") { proxy.counts[.list].requests > before + 20 }
            let shown = try await mount.contents("blobs/f")
            // Without conditions nobody can tell that put from one of another machine.
            withKnownIssue("conditions are not kept") {
                expect(shown, is: "new\n")
            } when: {
                kind == .juicefs
            }
        }
    }
}
