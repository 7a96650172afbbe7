import PersistTestKit
import Synchronization
import Testing

/// How often a bucket is asked: each request costs money, and 10 to 50 ms where it is far away.
@Suite struct S3RequestTests {
    private static let files = TestSize.number("PERSISTFS_TEST_S3_FILES", 1_000, long: 10_000)
    /// Of a look at all of them with modes and times.
    private static let looksMax = files <= 1_000 ? 30 : 60
    private static let lists = [FaultProxy.Request.Kind.list, .get, .head]

    private func asked(_ before: FaultProxy.Counts, _ after: FaultProxy.Counts, _ kinds: [FaultProxy.Request.Kind])
        -> Int
    {
        kinds.reduce(0) { $0 + after[$1].requests - before[$1].requests }
    }

    @Test(
        "a created file is one put, a cold ls -lR reads listings and an index, what is warm asks nothing",
        arguments: S3Server.Kind.allCases)
    func counts(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let proxy = try FaultProxy(before: bucket.endpoint)
            defer { proxy.end() }
            var proxied = bucket
            proxied.endpoint = proxy.endpoint
            let mount = try await fixture.mount(proxied, cache: "one", refreshSeconds: 3_600)
            try await eventually("it has looked") { proxy.counts[.list].requests >= 5 }
            try await Task.sleep(for: .milliseconds(500))

            var before = proxy.counts
            // As careful programs write: to a temporary name, then renamed, with a mode and a time.
            try await mount.python(
                """
                for i in range(\(Self.files)):
                    directory = 'blobs/d%d' % (i // (\(Self.files) // 10))
                    os.makedirs(directory, exist_ok=True)
                    fd = os.open(directory + '/.f.tmp', os.O_WRONLY | os.O_CREAT, 0o600)
                    os.write(fd, b'content of %d' % i)
                    os.fchmod(fd, 0o640 if i % 2 else 0o604)
                    os.utime(fd, ns=(1_600_000_000_123_456_789 + i, 1_600_000_000_123_456_789 + i))
                    os.close(fd)
                    os.rename(directory + '/.f.tmp', directory + '/f%d' % i)
                """, seconds: 60 + Self.files / 50)
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 300).status, is: 0)
            let here = try await mount.succeed(MountedBucket.tree, seconds: 120)
            try await mount.succeed("cp -a blobs/. \"$SCRATCH/src\"", seconds: 120)
            // Its last segment of the index.
            try await mount.unmount()
            var after = proxy.counts
            let created = asked(before, after, [.put, .copy])
            #expect(created >= Self.files)
            // Five in a hundred for the index; the four puts of a probe, and the directories.
            #expect(created <= Self.files * 105 / 100 + 4 + 2 * 11, "\(created) puts")
            // Without conditions what is there is looked at before it is replaced.
            #expect(asked(before, after, Self.lists) <= 20 + (kind == .seaweedfs ? 0 : Self.files), "\(after)")

            before = after
            let other = try await fixture.mount(proxied, cache: "two", refreshSeconds: 3_600)
            let listed = try await other.succeed("ls -lR; find blobs -type f | wc -l")
            #expect(listed.hasSuffix("\n\(Self.files)"))
            after = proxy.counts
            #expect(asked(before, after, Self.lists) <= Self.looksMax, "\(after)")
            #expect(asked(before, after, [.put, .copy]) == 0)

            // What has been copied there once is not copied again from a machine that has nothing.
            before = after
            let put = Mutex<[String]>([])
            proxy.rule = { request in
                if [.put, .copy].contains(request.kind) { put.withLock { $0.append(request.path) } }
                return nil
            }
            let third = try await fixture.mount(proxied, cache: "three", refreshSeconds: 3_600)
            let copied = try await third.succeed(#"rsync -ai "$SCRATCH/src/" blobs/"#, seconds: 120)
            // The time of blobs/ itself is each machine's own, and rsync sets it, once: a put of its side data. A request that
            // failed is sent again.
            #expect(copied.split(separator: "\n").filter { !$0.hasSuffix(" ./") }.isEmpty, "\(copied.prefix(500))")
            expect(try await third.outside([third.binary, "sync", third.point], seconds: 120).status, is: 0)
            after = proxy.counts
            #expect(asked(before, after, Self.lists) <= Self.looksMax, "\(after)")
            proxy.rule = nil
            let puts = put.withLock { $0 }
            #expect(puts.count <= 2 && puts.allSatisfy { $0.hasSuffix("/.persist/meta/blobs/%25") }, "\(puts)")

            before = after
            try await other.succeed("ls -lR; find . -printf '%m %T@' ; stat blobs/d3/f\(Self.files * 3 / 10 + 45)")
            #expect(asked(before, proxy.counts, Self.lists) == 0)
            try await other.succeed(
                "cat blobs/d3/f\(Self.files * 3 / 10 + 45); cat blobs/d3/f\(Self.files * 3 / 10 + 45)")
            #expect(asked(before, proxy.counts, Self.lists) == 1)
            expect(try await other.succeed(MountedBucket.tree, seconds: 300), is: here)

            before = proxy.counts
            try await other.succeed("rm -r blobs/d1 blobs/d2")
            expect(try await other.outside([other.binary, "sync", other.point], seconds: 300).status, is: 0)
            after = proxy.counts
            #expect(after.requests - before.requests <= Self.files / 10, "\(after)")
            expect(try await other.succeed("find blobs -type f | wc -l"), is: "\(Self.files * 8 / 10)")
        }
    }
}
