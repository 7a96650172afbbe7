import Persist
import PersistTestKit
import Testing

@Suite("Configuration files")
struct StoreConfigurationTests {
    private static let environment = ["DB": "data/x.db", "DIR": "/srv", "NAME": "app"]

    private func read(_ text: String, file: String = "/etc/my.persist.json") throws -> StoreConfiguration {
        try StoreConfiguration.read(bytes(text), file: file, environment: Self.environment)
    }

    @Test("Both documented shapes are taken")
    func shapes() throws {
        let expected = StoreConfiguration.Adapter.sqlite(path: "/etc/data/my-app.db", busyMilliseconds: 5000)
        #expect(
            try read(#"{ adapter: "sqlite", path: "./data/my-app.db", sqlite: { busyTimeout: 5000 } }"#).adapter
                == expected)
        #expect(try read(#"{ adapter: "sqlite", filename: "data/my-app.db", busyTimeout: +5e3 }"#).adapter == expected)
        let nested = try read(#"{ name: 'my-app', sqlite: { path: "data//./my-app.db", busyTimeout: 0x1388, }, }"#)
        #expect(nested == StoreConfiguration(name: "my-app", adapter: expected))
        #expect(
            try read(#"{"name": "my-app", "encrypt": false}"#).adapter
                == .sqlite(path: "/etc/my-app.db", busyMilliseconds: nil))
    }

    @Test("Paths are relative to the directory of the file")
    func paths() throws {
        func path(_ path: String, _ file: String) throws -> String {
            guard case .sqlite(let found, _) = try read("{path: '\(path)'}", file: file).adapter else { return "" }
            return found
        }
        #expect(try path("./a.db", "my.persist.json") == "a.db")
        #expect(try path("a.db", "./conf/my.persist.json") == "conf/a.db")
        #expect(try path("../a.db", "/x/y/my.persist.json") == "/x/y/../a.db")
        #expect(try path("/srv/./a.db", "conf/my.persist.json") == "/srv/a.db")
    }

    @Test("Secrets and paths come from the environment that is passed in")
    func variables() throws {
        #expect(
            try read("{path: process.env.DB!, name: '${NAME}-$1 $'}")
                == StoreConfiguration(name: "app-$1 $", adapter: .sqlite(path: "/etc/data/x.db", busyMilliseconds: nil))
        )
        #expect(try read("{path: '${DIR}/${NAME}.db'}").adapter == .sqlite(path: "/srv/app.db", busyMilliseconds: nil))
    }

    @Test("An adapter of the user's: its words, where it runs, and what may be seen of it")
    func exec() throws {
        let found = try read(
            """
            { name: 'app', adapter: 'exec', command: ['python3', './a.py', '--at=${DIR}', process.env.DB],
              environment: { TOKEN: '${NAME}', PLAIN: 'x' }, exec: { cacheDir: 'cache', refreshSeconds: 5, settleSeconds: 0 } }
            """)
        let expected = StoreConfiguration.Exec(
            command: ["python3", "/etc/a.py", "--at=/srv", "data/x.db"],
            shownCommand: ["python3", "/etc/a.py", "--at=${DIR}", "${DB}"],
            environment: ["TOKEN": "app", "PLAIN": "x"],
            directory: "/etc", cacheDirectory: "/etc/cache", refreshSeconds: 5, settleSeconds: 0)
        #expect(found == StoreConfiguration(name: "app", adapter: .exec(expected)))
        #expect(
            try read("{adapter: 'exec', command: ['bin/a', 'bin/b']}").adapter
                == .exec(StoreConfiguration.Exec(command: ["/etc/bin/a", "bin/b"], directory: "/etc")))
    }

    @Test("a bucket has a place and credentials, flat or in a section")
    func bucket() throws {
        var expected = StoreConfiguration.S3(bucket: "mine")
        #expect(try read("{adapter: 's3', bucket: 'mine'}").adapter == .s3(expected))
        expected.region = "eu-central-1"
        expected.endpoint = "https://s3.example.org"
        expected.prefix = "app"
        expected.isPathStyle = true
        (expected.accessKeyID, expected.secretAccessKey, expected.sessionToken) = ("a", "b", "c")
        expected.cacheDirectory = "/etc/cache"
        (expected.refreshSeconds, expected.settleSeconds) = (5, 0)
        let place = "region: 'eu-central-1', endpoint: 'https://s3.example.org', prefix: 'app', forcePathStyle: true"
        let rest = "credentials: {accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c'}, cacheDir: 'cache'"
        for text in [
            "{adapter: 's3', bucket: 'mine', \(place), \(rest), refreshSeconds: 5, settleSeconds: 0}",
            "{adapter: 's3', s3: {bucket: 'mine', \(place), \(rest), refreshSeconds: 5, settleSeconds: 0}}",
        ] {
            let found = try read(text)
            #expect(found.adapter == .s3(expected))
            #expect(found.warnings.isEmpty)
        }
    }

    @Test("prices of requests are numbers; what is not said is the default")
    func prices() throws {
        var expected = StoreConfiguration.S3(bucket: "b")
        var prices = RequestPrices()
        (prices.put, prices.gigabyte, prices.currency) = (0.01, 0, "EUR")
        expected.prices = prices
        let found = try read("{adapter: 's3', bucket: 'b', prices: {put: 1e-2, gigabyte: 0, currency: 'EUR'}}")
        #expect(found.adapter == .s3(expected))
        for odd in ["1", "{put: '1'}", "{put: -1}", "{get: Infinity}", "{currency: 1}", "{post: 1}"] {
            #expect(throws: ConfigurationError.self, "\(odd)") {
                try read("{adapter: 's3', bucket: 'b', prices: \(odd)}")
            }
        }
    }

    @Test("Options that mean nothing here give one line of warning each")
    func warnings() throws {
        let text = "{ path: 'a',\n  walMode: true, sqlite: { foreignKeys: 1, journalSizeLimit: '', sync: {} } }"
        let warnings = try read(text).warnings
        #expect(warnings.count == 4)
        #expect(
            warnings.first == "/etc/my.persist.json:2:3: 'walMode' means nothing here: persistfs sets it itself")
    }

    static let errors: [(text: String, error: String)] = [
        ("{\n  name: 'x',\n    pth: 'a'}", "3:5: unknown option 'pth' (did you mean 'path'?)"),
        ("{path: 'a', sqlite: {busyTimeuot: 1}}", "1:22: unknown option 'busyTimeuot' (did you mean 'busyTimeout'?)"),
        ("{pth: 'a'}", "1:2: unknown option 'pth' (did you mean 'path'?)"),
        ("{path: 'a', colour: 1}", "1:13: unknown option 'colour'"),
        ("{path: 'a', busyTimeout: '5'}", "1:26: 'busyTimeout' must be a number, not a string"),
        (
            "{path: 'a', busyTimeout: 1.5}",
            "1:26: 'busyTimeout' must be a whole number of milliseconds from 0 to 2147483647"
        ),
        (
            "{path: 'a', busyTimeout: -1}",
            "1:26: 'busyTimeout' must be a whole number of milliseconds from 0 to 2147483647"
        ),
        ("{path: 5}", "1:8: 'path' must be a string, not a number"),
        ("{path: ''}", "1:8: 'path' must be the path of a file"),
        ("{path: ':memory:'}", "1:8: a store in memory cannot be mounted: give the path of a file"),
        ("{path: 'a', filename: 'b'}", "1:8: 'path' and 'filename' are the same option: give one"),
        ("{path: 'a', path: 'b'}", "1:13: option 'path' is given twice"),
        ("{path: 'a', sqlite: {path: 'b'}}", "1:22: option 'path' is given twice"),
        ("{path: 'a', sqlite: true}", "1:21: 'sqlite' must be an object, not true or false"),
        ("{path: 'a', encrypt: true}", "1:22: encryption is not built yet: the store would lie open on the disk"),
        ("{path: 'a', encrypt: 'no'}", "1:22: 'encrypt' must be true or false, not a string"),
        ("{path: '${NONE}'}", "1:8: the environment variable 'NONE' is not set"),
        ("{path: '${NONE'}", "1:8: '${' without '}'"),
        ("{path: process.env.NONE}", "1:8: the environment variable 'NONE' is not set"),
        ("{adapter: 'sqlite'}", "1:1: no 'path': where is the store?"),
        ("{name: 'a/b'}", "1:1: no 'path': where is the store?"),
        ("[]", "1:1: the configuration must be an object, not an array"),
        ("{path 'a'}", "1:7: expected ':' after a key"),
        (
            "{adapter: 'postgres', connection: {}}",
            "1:11: the adapter 'postgres' is not built yet; this version has sqlite, exec, s3"
        ),
        ("{adapter: 's3'}", "1:1: no 'bucket'"),
        ("{adapter: 's3', bucket: 'a/b'}", "1:1: no 'bucket'"),
        (
            "{adapter: 's3', bucket: 'b', credentials: {accessKeyId: 'a'}}",
            "1:43: 'credentials' needs accessKeyId and secretAccessKey"
        ),
        (
            "{adapter: 's3', bucket: 'b', credentials: {accessKeyId: 'a', secretKey: 'b'}}",
            "1:43: 'credentials' has accessKeyId, secretAccessKey and sessionToken, not 'secretKey'"
        ),
        ("{adapter: 'mysql'}", "1:11: unknown adapter 'mysql'; this version has sqlite, exec, s3"),
        ("{adapter: '${NAME}'}", "1:11: unknown adapter; this version has sqlite, exec, s3"),
        ("{adapter: 'exec'}", #"1:1: no 'command': which program is the adapter? ["python3", "./adapter.py"]"#),
        (
            "{adapter: 'exec', command: []}",
            #"1:1: no 'command': which program is the adapter? ["python3", "./adapter.py"]"#
        ),
        ("{adapter: 'exec', command: './a'}", "1:28: 'command' must be an array of strings, not a string"),
        ("{adapter: 'exec', command: ['a', 5]}", "1:34: 'command' must hold strings, not a number"),
        ("{adapter: 'exec', comand: ['a']}", "1:19: unknown option 'comand' (did you mean 'command'?)"),
        ("{adapter: 'exec', command: ['${NONE}']}", "1:29: the environment variable 'NONE' is not set"),
        ("{adapter: 'exec', command: ['a\\0']}", "1:29: it holds a NUL"),
        (
            "{adapter: 'exec', command: ['a'], environment: []}",
            "1:48: 'environment' must be an object of strings, not an array"
        ),
        (
            "{adapter: 'exec', command: ['a'], environment: {A: 1}}",
            "1:52: 'A' in 'environment' must be a string, not a number"
        ),
        ("{adapter: 'exec', command: ['a'], environment: {'A=': '1'}}", "1:49: 'environment' holds what is no name"),
        (
            "{adapter: 'exec', command: ['a'], exec: {refreshSeconds: 0}}",
            "1:58: 'refreshSeconds' must be a whole number of seconds from 1 to 86400"
        ),
        ("{adapter: 'exec', command: ['a'], path: 'a'}", "1:35: unknown option 'path'"),
        ("{adapter: process.env.NAME}", "1:11: unknown adapter; this version has sqlite, exec, s3"),
    ]

    @Test("What is wrong is refused with file, line and column", arguments: errors)
    func refuses(_ row: (text: String, error: String)) {
        do throws(ConfigurationError) {
            let found = try StoreConfiguration.read(
                bytes(row.text), file: "my.persist.json", environment: Self.environment)
            Issue.record("accepted: \(found)")
        } catch {
            #expect("\(error)" == "my.persist.json:" + row.error)
        }
    }
}
