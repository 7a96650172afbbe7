import Persist
import PersistTestKit
import S3Adapter
import Testing

/// Files where directories were, over servers that keep objects in directories.
@Suite struct S3DirectoryMountTests {
    @Test(
        "a directory that a file replaces, and a file that a directory does, arrive", arguments: S3Server.Kind.allCases)
    func replaced(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let proxy = try FaultProxy(before: bucket.endpoint)
            defer { proxy.end() }
            var proxied = bucket
            proxied.endpoint = proxy.endpoint
            let mount = try await fixture.mount(proxied, cache: "one")
            func sync() async throws {
                expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 60).status, is: 0)
            }
            try await mount.succeed(
                "mkdir -p blobs/x/y kv/k; for i in 1 2 3; do echo $i > blobs/x/y/$i; done; echo 1 > kv/k/a; echo f > blobs/f"
            )
            try await sync()
            // What takes their place is put while they are still there.
            proxy.rule = { $0.kind == .delete ? .stalled : nil }
            let releasing = Task.detached {
                while (try? await Task.sleep(for: .milliseconds(700))) != nil { proxy.release() }
            }
            defer { releasing.cancel() }
            try await mount.succeed(
                "rm -r blobs/x kv/k; echo file > blobs/x; echo value > kv/k; rm blobs/f; mkdir blobs/f; echo in > blobs/f/in"
            )
            try await sync()
            let here = try await mount.succeed(MountedBucket.tree)
            let other = try await fixture.mount(bucket, cache: "two")
            expect(try await other.succeed(MountedBucket.tree), is: here)
            expect(try await other.contents("blobs/x"), is: "file\n")
            expect(try await other.contents("blobs/f/in"), is: "in\n")
        }
    }

    @Test(
        "a file and objects below its name, of two machines: both stay, or what the server cannot hold is said, until it has another name",
        arguments: S3Server.Kind.allCases)
    func both(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            // It does not look again meanwhile.
            let mount = try await fixture.mount(bucket, cache: "one", refreshSeconds: 3_600)
            try await mount.succeed("ls -R blobs")
            let others = try S3Adapter(bucket.options(prefix: bucket.prefix)) { print($0) }
            try await others.put("blobs/x/theirs", [1])
            try await mount.succeed("echo mine > blobs/x")
            switch kind {
            case .seaweedfs:
                expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 60).status, is: 0)
                #expect(try await others.get("blobs/x") == Array("mine\n".utf8))
            case .juicefs:
                try await eventually("it is refused") {
                    let status = try await mount.outside([mount.binary, "status", mount.point]).output
                    return status.contains("refused") && status.contains("holds no object beside those below its name")
                }
                try await mount.succeed("mv blobs/x blobs/mine")
                expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 60).status, is: 0)
                #expect(try await others.get("blobs/mine") == Array("mine\n".utf8))
            }
            #expect(try await others.get("blobs/x/theirs") == [1])
            await others.close()
        }
    }
}
