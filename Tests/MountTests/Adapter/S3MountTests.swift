import Persist
import PersistTestKit
import S3Adapter
import Testing

/// Mounts of buckets of real servers.
@Suite struct S3MountTests {
    @Test(
        "what ordinary tools wrote is in the bucket when the mount is gone, and a machine that has nothing sees all of it",
        arguments: S3Server.Kind.allCases)
    func tools(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let mount = try await fixture.mount(bucket, cache: "one")
            try await mount.succeed(
                #"""
                printf '{ "n": 1, "x": [1, 2.50] }\n' > records/a.json; mkdir records/users
                echo '{"name": "Alice"}' > records/users/alice.json; printf dark > kv/theme; printf '\377\000' > kv/bytes
                mkdir -p blobs/d/e; head -c 300000 /dev/urandom > blobs/d/big; ln -s d/big blobs/link; : > blobs/empty
                echo readme > records/README.md; echo 1 > 'kv/odd +%=?#ü'; touch -d @1700000000.123456789 blobs/d/big
                for i in $(seq 1 20); do echo "{\"e\": $i}" >> events/orders.jsonl; echo "line $i" >> events/app.log; done
                chmod 640 records/a.json; chmod 750 blobs/d; setfattr -n user.a -v b kv/theme
                sed -i 's/Alice/Bob/' records/users/alice.json; echo x > kv/gone; rm kv/gone; mv kv/bytes kv/moved
                """#, seconds: 120)
            let here = try await mount.succeed(MountedBucket.tree)
            try await mount.unmount()
            let other = try await fixture.mount(bucket, cache: "two")
            expect(try await other.succeed(MountedBucket.tree), is: here)
            expect(try await other.succeed("getfattr --only-values -n user.a kv/theme"), is: "b")

            // Plain objects, as any tool reads them.
            let plain = try S3Adapter(bucket.options(prefix: "")) { print($0) }
            func object(_ name: String) async throws -> [UInt8]? {
                try await plain.get(StoreKey(stringLiteral: "\(bucket.prefix)/\(name)"))
            }
            #expect(try await object("records/a.json") == Array("{ \"n\": 1, \"x\": [1, 2.50] }\n".utf8))
            #expect(try await object("kv/theme") == Array("dark".utf8))
            #expect(try await object("blobs/d/big")?.count == 300_000)
            #expect(try await object("kv/gone") == nil)
            // And what other tools put there is shown.
            try await plain.put(StoreKey(stringLiteral: "\(bucket.prefix)/records/theirs.json"), Array("[1]".utf8))
            try await eventually("their record appears") {
                try await other.run(["cat", "records/theirs.json"]).output == "[1]"
            }
            await plain.close()
        }
    }

    @Test("R2 what was closed survives kill -9, and is sent by the next mount", arguments: S3Server.Kind.allCases)
    func kills(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let mount = try await fixture.mount(bucket, cache: "one")
            for round in 0..<3 {
                // Notes what was closed without an error; ends when the mount does.
                let writer = try mount.beginPython(
                    #"""
                    closed = os.open(os.environ['SCRATCH'] + '/closed', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                    try:
                        for i in range(400):
                            name = 'r\#(round)-%d' % i
                            fd = os.open('records/%s.json' % name, os.O_WRONLY | os.O_CREAT)
                            os.write(fd, b'{"i": %d}\n' % i)
                            os.close(fd)
                            os.write(closed, name.encode() + b'\n')
                            time.sleep(0.002)
                    except OSError:
                        pass
                    """#)
                try await eventually("it writes") {
                    try await mount.shell("grep -q '^r\(round)-' \"$SCRATCH/closed\"").succeeded
                }
                try await Task.sleep(for: .milliseconds(Int.random(in: 100...500)))
                try await mount.kill9()
                _ = await writer.finish()
                try await mount.start()
            }
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 120).status, is: 0)
            let other = try await fixture.mount(bucket, cache: "two")
            for place in [mount, other] {
                try await place.succeed(
                    #"""
                    test -s "$SCRATCH/closed"
                    while read -r name; do test -s records/$name.json || { echo "lost $name"; exit 1; }; done < "$SCRATCH/closed"
                    """#, seconds: 120)
            }
        }
    }

    /// As ECS hands them out, with a token, on loopback.
    private static let role = """
        import http.server, json
        class Role(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                known = self.headers.get('Authorization') == 'sesame'
                body = json.dumps({'AccessKeyId': sys.argv[1], 'SecretAccessKey': sys.argv[2], 'Token': '',
                    'Expiration': '2099-01-01T00:00:00Z'} if known else {}).encode()
                self.send_response(200 if known else 403)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words): pass
        server = http.server.HTTPServer(('127.0.0.1', 0), Role)
        print(server.server_port, flush=True)
        server.serve_forever()
        """

    @Test("a bucket is mounted with the credentials of a container's role alone; without its token that is said")
    func role() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let script = """
                coproc timeout 60 python3 -c "import sys$nl$ROLE" "$ID" "$SECRET"
                trap 'kill $COPROC_PID' EXIT
                read -r port <&"${COPROC[0]}"
                export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:$port/role
                echo hi | "$PERSISTFS" put --cache-dir "$HERE/without" "$STORE" kv/none
                echo "status $?"
                export AWS_CONTAINER_AUTHORIZATION_TOKEN=sesame
                echo hi | "$PERSISTFS" put --cache-dir "$HERE/one" "$STORE" kv/a
                "$PERSISTFS" get --cache-dir "$HERE/two" "$STORE" kv/a
                """
            let result = try await fixture.mount.outside(
                [
                    "env", "ROLE=\(Self.role)", "nl=\n", "ID=\(S3Server.accessKeyID)",
                    "SECRET=\(S3Server.secretAccessKey)", "PERSISTFS=\(fixture.mount.binary)", "STORE=\(bucket.store)",
                    "HERE=\(fixture.directory)", "bash", "-c", script,
                ], seconds: 60)
            #expect(result.output.trimmed == "status 5\nhi", "\(result.output) \(result.error)")
            #expect(result.error.contains("/role gives no credentials of the role (status 403)"), "\(result.error)")
        }
    }

    @Test("check --rebuild makes a copy that is damaged, or gone, anew from the bucket alone, and no other")
    func rebuild() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let mount = try await fixture.mount(bucket, cache: "one")
            try await mount.succeed(
                #"""
                echo '{"n": 1}' > records/a.json; chmod 640 records/a.json; mkdir blobs/d; touch -d @1700000000.5 blobs/d/f
                echo '{"e": 1}' >> events/log.jsonl; ln -s d/f blobs/link; head -c 100000 /dev/urandom > blobs/d/g
                """#)
            let here = try await mount.succeed(MountedBucket.tree)
            let store = "s3://\(S3Server.bucket)/\(bucket.prefix)?endpoint=\(bucket.endpoint)"
            func shell(_ script: String) async throws -> CommandResult {
                try await mount.outside(["bash", "-c", script])
            }
            let keys = "AWS_ACCESS_KEY_ID=\(S3Server.accessKeyID) AWS_SECRET_ACCESS_KEY='\(S3Server.secretAccessKey)'"
            func check(_ before: String) async throws -> CommandResult {
                try await shell(
                    "\(before)\n\(keys) '\(mount.binary)' check --rebuild --cache-dir '\(fixture.directory)/one' '\(store)'"
                )
            }
            // Mounted.
            expect(try await check("").status, is: 7)
            try await mount.unmount()
            let file = "'\(fixture.directory)'/one/*/cache.db"
            _ = try await shell("dd if=/dev/zero of=$(echo \(file)) bs=4k count=4 conv=notrunc status=none")
            let refused = try await shell(
                "\(keys) '\(mount.binary)' ls --cache-dir '\(fixture.directory)/one' '\(store)'")
            expect(refused.status, is: 5)
            #expect(refused.error.contains("persistfs check --rebuild STORE"), "\(refused.error)")
            var rebuilt = try await check("")
            expect(rebuilt.status, is: 0)
            #expect(rebuilt.output.contains("cache.db.before-rebuild"), "\(rebuilt.output)")
            try await mount.start()
            expect(try await mount.succeed(MountedBucket.tree), is: here)
            try await mount.unmount()
            rebuilt = try await check("rm \(file)*")
            expect(rebuilt.status, is: 0)
            #expect(!rebuilt.output.contains("could not be read"), "\(rebuilt.output)")
            expect(try await shell("ls \(file)*").output, is: try await shell("ls \(file)").output)
            // What is refused is kept in the copy alone.
            try await mount.start()
            _ = try await mount.shell("printf '{' > records/bad.json")
            expect(try await mount.succeed("ls .persist/rejected/records"), is: "bad.json")
            try await mount.unmount()
            rebuilt = try await check("")
            #expect(rebuilt.output.contains("rejected versions"), "\(rebuilt.output)")
            expect(try await shell("ls \(file).before-rebuild | wc -l").output.trimmed, is: "1")
        }
    }

    @Test("R10 whoever sets the modes of the same files in the same second, in the end both show the same")
    func modesOfOneSecond() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let one = try await fixture.mount(bucket, cache: "one", refreshSeconds: 1)
            let other = try await fixture.mount(bucket, cache: "two", refreshSeconds: 1)
            try await one.succeed("for i in {1..20}; do echo $i > blobs/f$i; done; \"$PERSISTFS\" sync .")
            try await eventually("they are there") { try await other.succeed("ls blobs | wc -l") == "20" }
            try await other.succeed(
                "for i in {1..20}; do chmod 640 blobs/f$i; chmod 604 '\(one.point)'/blobs/f$i; done", seconds: 60)
            for mount in [one, other] {
                expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 60).status, is: 0)
            }
            try await eventually("both show the same", within: .seconds(30)) {
                let modes = "stat -c '%n %a' blobs/*"
                return try await one.succeed(modes) == other.succeed(modes)
            }
        }
    }

    @Test("what is no name of an object is refused, and gone when it is removed here")
    func longNames() async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(.seaweedfs)
            let mount = try await fixture.mount(bucket, cache: "one")
            try await mount.succeed(
                "d=$(printf 'd%.0s' {1..250}); mkdir -p blobs/$d/$d/$d/$d; echo x > blobs/$d/$d/$d/$d/file; echo y > kv/y"
            )
            let refused = try await mount.outside([mount.binary, "sync", "--timeout", "3", mount.point], seconds: 60)
            expect(refused.status, is: 7)
            #expect(refused.error.contains("longer than S3 takes"), "\(refused.error)")
            try await mount.succeed("rm -r blobs/ddd*")
            expect(try await mount.outside([mount.binary, "sync", mount.point], seconds: 60).status, is: 0)
        }
    }

    @Test("a configuration names the bucket; status says what it can and what it was asked, and no secret")
    func configured() async throws {
        for kind in S3Server.Kind.allCases {
            try await MountFixture.unmounted { fixture in
                let bucket = try await MountedBucket.make(kind)
                let file = fixture.scratch + "/my.persist.json"
                try await fixture.succeed(
                    #"""
                    cat > my.persist.json <<'END'
                    { name: "my-app", adapter: "s3", bucket: "\#(S3Server.bucket)", endpoint: "\#(bucket.endpoint)",
                      prefix: "\#(bucket.prefix)", credentials: { accessKeyId: "${KEY_ID}", secretAccessKey: process.env.SECRET! },
                      s3: { cacheDir: "./cache", refreshSeconds: 2, prices: { put: 1000, currency: "EUR" } } }
                    END
                    """#)
                let mount = try await fixture.another(
                    store: file,
                    environment: ["KEY_ID": S3Server.accessKeyID, "SECRET": S3Server.secretAccessKey])
                try await mount.succeed("echo 1 > kv/a")
                expect(try await mount.outside([mount.binary, "sync", mount.point]).status, is: 0)
                let status = try await mount.outside([mount.binary, "status", mount.point]).output
                let json = try await mount.outside([mount.binary, "status", "--json", mount.point]).output
                #expect(status.contains("s3://\(S3Server.bucket)/\(bucket.prefix)"), "\(status)")
                #expect(status.contains("\(S3Server.bucket) at \(bucket.endpoint)"), "\(status)")
                let words = status.split(whereSeparator: { $0 == " " || $0 == "\n" }).joined(separator: " ")
                let isKept = kind == .seaweedfs
                #expect(words.contains("conditions of puts are \(isKept ? "kept" : "not kept")"), "\(status)")
                #expect(status.contains("best effort") == !isKept, "\(status)")
                #expect(words.contains("head 0, put "), "\(status)")
                // Each put and each listing is one here: what the probe of conditions takes, and the file.
                let cost = words.firstMatch(of: /cost about (\d+)\.\d+ EUR since/).flatMap { Int($0.1) } ?? 0
                #expect(cost >= 6, "\(status)")
                #expect(words.contains("put and list 1000.00, get and head 0.0004 a thousand"), "\(status)")
                #expect(try await mount.succeed("cat .persist/metrics").contains("\npersistfs_bytes_sent_total "))
                #expect(!(status + json + mount.log).contains(S3Server.secretAccessKey))
                #expect(!(status + json + mount.log).contains(S3Server.accessKeyID))
            }
        }
    }
}
