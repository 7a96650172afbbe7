import Foundation
import PersistMount
import S3Adapter
import Testing

@Suite("What STORE means")
struct StoreReferenceTests {
    @Test("a path is a SQLite file, there or not, and so is sqlite:PATH")
    func paths() throws {
        #expect(try StoreReference.parse("/no/where/my.db").path == "/no/where/my.db")
        #expect(try StoreReference.parse("sqlite:/no/where/my.db").path == "/no/where/my.db")
        #expect(try StoreReference.parse("sqlite:///no/where/my.db").path == "/no/where/my.db")
        #expect(try StoreReference.parse("SQLITE:a.db").path.hasSuffix("/a.db"))
        let here = FileManager.default.currentDirectoryPath
        #expect(try StoreReference.parse("./a//b.db").path == here + "/a/b.db")
        // A colon alone makes no URL.
        #expect(try StoreReference.parse("/a/b:c.db").path == "/a/b:c.db")
        #expect(try StoreReference.parse("notes:2026.db").path == here + "/notes:2026.db")
    }

    @Test(
        "what looks like a URL is never taken as a path",
        arguments: [
            "postgres://u:hunter2@h/db", "postgresql://h/db", "s3:bucket", "p2p:topic",
            "exec:", "exec:'a", "mysql://u:hunter2@h/db", "s3://", "https://example.org/hunter2", "file:a.db",
            ":memory:", "", "sqlite:", "sqlite://host/a.db",
        ])
    func schemes(_ text: String) throws {
        let failure = try #require(throws: MountFailure.self) { _ = try StoreReference.parse(text) }
        #expect(failure.status == .usage)
        #expect(!failure.description.contains("hunter2"), "secrets are in no message")
    }

    @Test("adapters to come say that they are not built yet")
    func notBuilt() throws {
        for text in ["postgres://h/db", "p2p:t"] {
            let failure = try #require(throws: MountFailure.self) { _ = try StoreReference.parse(text) }
            #expect(failure.why.contains("not built yet"))
        }
    }

    @Test("exec: has a command, whose words are split as a shell does, and whose own paths become absolute")
    func exec() throws {
        let here = FileManager.default.currentDirectoryPath
        #expect(
            try StoreReference.parse("exec:python3 ./a.py 'two words' x").source
                == .exec(["python3", here + "/a.py", "two words", "x"], in: here))
        #expect(
            try StoreReference.parse(#"exec:/bin/sh -c "a \"b\" c""#).source
                == .exec(["/bin/sh", "-c", #"a "b" c"#], in: here))
        #expect(try StoreReference.parse("exec:/bin/sh").shown == "exec:/bin/sh")
    }

    @Test("s3: names a bucket, a prefix and where it is; no credentials")
    func bucket() throws {
        let found = try StoreReference.parse(
            "s3://b/a%20b/c/?endpoint=http://127.0.0.1:9000&region=eu-1&profile=p&path_style=false")
        var options = S3Options(bucket: "b", region: "eu-1")
        (options.prefix, options.endpoint, options.profile) = ("a b/c", "http://127.0.0.1:9000", "p")
        options.isPathStyle = false
        #expect(found.source == .s3(options))
        #expect(found.shown == "s3://b/a b/c")
        #expect(try StoreReference.parse("s3://b").shown == "s3://b")
        for (text, words) in [
            ("s3:b", "is no bucket"), ("s3://", "names no bucket"), ("s3://me:hunter2@b", "credentials"),
            ("s3://b?region=", "'region' has no value"), ("s3://b?secret=hunter2", "'secret' is no setting"),
            ("s3://b?path_style=hunter2", "true or false"),
        ] {
            let failure = try #require(throws: MountFailure.self) { _ = try StoreReference.parse(text) }
            #expect(failure.why.contains(words), "\(failure)")
            #expect(failure.status == .usage && !failure.description.contains("hunter2"), "\(failure)")
        }
    }

    @Test("a directory or a device is no store")
    func notAFile() throws {
        for (path, words) in [
            ("/tmp", "is a directory"), ("/dev/null", "no regular file"), ("/tmp/none/such/", "a directory"),
            ("/etc/passwd/", "a directory"),
        ] {
            let failure = try #require(throws: MountFailure.self) { _ = try StoreReference.parse(path) }
            #expect(failure.why.contains(words))
            #expect(failure.status == .store)
        }
    }
}

@Suite("A configuration as STORE")
struct ConfiguredStoreTests {
    private func parse(_ text: String) throws -> StoreReference {
        let place = NSTemporaryDirectory() + "pfs-configuration-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: place + "/my.persist.json"))
        var found = try StoreReference.parse(place + "/my.persist.json")
        #expect(found.path.hasPrefix(place + "/"), "a path in it is relative to the file")
        found.path.removeFirst(place.count + 1)
        return found
    }

    @Test("both documented shapes name a file, the mount's name and the patience")
    func shapes() throws {
        let flat = try parse(
            "{ name: 'my-app', adapter: 'sqlite', path: './data/a.db', busyTimeout: 50, walMode: true }")
        #expect(flat.path == "data/a.db" && flat.name == "my-app" && flat.busyMilliseconds == 50)
        #expect(flat.warnings.count == 1)
        let nested = try parse("{ adapter: 'sqlite', path: 'a.db', sqlite: { busyTimeout: 70 } }")
        #expect(nested.path == "a.db" && nested.busyMilliseconds == 70 && nested.warnings.isEmpty)
    }

    @Test("what is wrong in it is told with line and column")
    func errors() throws {
        let failure = try #require(throws: MountFailure.self) { _ = try parse("{\n  adapter: 'postgres' }") }
        #expect(failure.description.contains("my.persist.json:2:"))
        #expect(failure.description.contains("not built yet"))
        #expect(failure.status == .usage)
        let missing = try #require(throws: MountFailure.self) { _ = try StoreReference.parse("/no/x.persist.json") }
        #expect(missing.status == .store)
    }
}
