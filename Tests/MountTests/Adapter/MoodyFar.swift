import PersistTestKit

/// A far side whose adapter, a program of Python, does as the test tells it: it fails, ends, is late, is down. It counts
/// what it is asked.
struct MoodyFar {
    let fixture: MountFixture
    private var values: String { fixture.directory + "/far" }

    /// STORE of a mount.
    var store: String { "exec:python3 -B \(fixture.directory)/moody.py \(values)" }

    /// - Parameter source: of a class `Moody`.
    init(_ fixture: MountFixture) async throws {
        self.fixture = fixture
        _ = try await fixture.succeed(
            "cat > ../moody.py", input: "import sys\nsys.path.append('\(AdapterHost.hosts)/python')\n" + Self.program)
    }

    private static let program = """
        import json, os, random, time
        from persist_adapter import Unavailable, run
        from sqlite_adapter import SQLiteAdapter

        class Moody(SQLiteAdapter):
            def __init__(self, path):
                super().__init__(path)
                # What is tested is not the disk.
                self.db.execute('PRAGMA synchronous=OFF')
                self.path = path
                self.asked = os.open(path + '.asked', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

            def mood(self, share='fails'):
                os.write(self.asked, b'.')
                try:
                    with open(self.path + '.mood') as f: mood = json.load(f)
                except OSError: mood = {}
                if random.random() < mood.get('ends', 0): os._exit(3)
                time.sleep(mood.get('seconds', 0))
                if random.random() < mood.get(share, 0): raise Unavailable('a bad day')

            def get(self, key):
                self.mood()
                return super().get(key)
            def put(self, key, value):
                self.mood()
                super().put(key, value)
            def delete(self, key):
                self.mood()
                super().delete(key)
            def list(self, prefix):
                self.mood('lists')
                return super().list(prefix)

        run(Moody(sys.argv[1]))
        """

    /// - Parameter mood: JSON: shares from 0 to 1 of requests that fail (`fails`; `lists` of listings) and at which the
    ///   adapter ends (`ends`), and `seconds` that each takes.
    func set(_ mood: String) async throws {
        _ = try await fixture.succeed("cat > ../far.new; mv ../far.new ../far.mood", input: mood)
    }

    /// How many requests have come.
    func asked() async throws -> Int {
        Int(try await fixture.succeed("stat -c %s ../far.asked").trimmed) ?? 0
    }

    /// A mount of it, with a cache of its own.
    func mount(_ cache: String, options: [String] = ["refresh_seconds=2"]) async throws -> TestMount {
        try await fixture.another(store: store, options: ["cache_dir=\(fixture.directory)/\(cache)"] + options)
    }
}

extension String {
    var trimmed: String { split(separator: "\n").joined(separator: "\n") }
}

extension TestMount {
    /// `persistfs sync`, which must come to its end. - Returns: how many seconds it took.
    @discardableResult
    func sync(seconds: Int = 120) async throws -> Double {
        let start = ContinuousClock.now
        let result = try await outside([binary, "sync", point], seconds: seconds)
        guard result.succeeded else {
            let status = try await outside([binary, "status", point])
            throw HarnessError("sync of \(point): \(result.status)\n\(result.error)\n\(status.output)")
        }
        return (ContinuousClock.now - start) / .seconds(1)
    }

    /// SIGKILL to the adapter's process, by that of the mount. - Returns: false where there was none just then.
    @discardableResult
    func killAdapter() async throws -> Bool {
        guard let daemonID else { return false }
        let result = try await outside(["pkill", "-KILL", "-P", "\(daemonID)"])
        guard result.status <= 1 else { throw HarnessError("pkill: exit status \(result.status)\n\(result.error)") }
        return result.succeeded
    }

    func signalAdapter(_ name: String) async throws {
        guard let daemonID else { return }
        _ = try await outside(["pkill", "-\(name)", "-P", "\(daemonID)"])
    }

    /// All that is to be the same on another machine, times of files included. A placeholder of a record is not sent.
    func tree() async throws -> [String] { try await tree(in: point) }

    static let treeScript = #"""
        find records kv blobs events -mindepth 1 -not \( -path 'records/*.json' -type f -empty \) \
            \( -type d -printf '%p %y %m %U %G\n' -o -path 'events/*' -type f -printf '%p %y %m %U %G %s\n' \
                -o -printf '%p %y %m %U %G %s %T@ %l\n' \) | sort
        find blobs \( -type b -o -type c \) -exec stat -c '%n %t:%T' {} + | sort
        find records kv blobs events -type f -print0 | sort -z | xargs -0 -r getfattr -d -m '^user\.' --
        find records kv blobs events -type f -not \( -path 'records/*.json' -empty \) -print0 | sort -z | xargs -0 -r sha256sum
        """#
}

/// Fails where two trees are not equal, and shows what only one has.
func expectSame(_ here: [String], _ there: [String], _ about: String = "") throws {
    guard here != there else { return }
    let (mine, theirs) = (Set(here), Set(there))
    throw HarnessError(
        """
        \(about) the trees differ. Here alone:
        \(mine.subtracting(theirs).sorted().joined(separator: "\n"))
        There alone:
        \(theirs.subtracting(mine).sorted().joined(separator: "\n"))
        """)
}
