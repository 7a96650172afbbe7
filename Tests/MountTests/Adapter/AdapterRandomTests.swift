import Glibc
import PersistTestKit
import Testing

/// Random operations through a mount of an adapter, beside their model; then an empty cache shows the same.
@Suite struct AdapterRandomTests {
    static let count = TestSize.number("PERSISTFS_TEST_OPERATIONS", 2_000, long: 25_000) / 4

    /// What random operations leave alone: modes, times and attributes of half of all that there is. Argument: the seed.
    static let attributes = """
        import random
        rng = random.Random(int(sys.argv[1]))
        for n in ('blobs', 'kv', 'records', 'events'):
            for top, dirs, files in os.walk(n):
                for p in sorted(os.path.join(top, f) for f in files + dirs):
                    if os.path.islink(p) or rng.random() < 0.5: continue
                    os.chmod(p, rng.choice((0o600, 0o640, 0o755)))
                    if os.path.isfile(p) and not p.startswith('events/'):
                        os.utime(p, ns=(1, rng.randrange(2_000_000_000_000_000_000)))
                        if rng.random() < 0.3: os.setxattr(p, 'user.a', b'v%d' % rng.randrange(100))
        """

    /// - Parameter seed: printed, for PERSISTFS_SEED.
    static func round(_ mount: TestMount, seed: UInt32, _ count: Int) async throws {
        try await mount.python(
            RandomTreeTests.round, arguments: ["\(seed)", "\(count)", mount.point, mount.point, ""],
            seconds: 120 + count / 4)
    }

    @Test(
        "random operations are as their model while the adapter is killed; an empty cache shows the same",
        arguments: AdapterHost.allCases, TestSize.seeds(1))
    func hosts(host: AdapterHost, seed: UInt32) async throws {
        print("PERSISTFS_SEED=\(seed)")
        try await MountFixture.unmounted { fixture in
            let mount = try await fixture.mount(host, cache: "one")
            let killer = Task {
                var kills = 0
                var pause = Duration.milliseconds(300)
                while (try? await Task.sleep(for: pause)) != nil {
                    // Where it is just being started, soon again: else a quick run may see no kill at all.
                    let isKilled = try await mount.killAdapter()
                    if isKilled { kills += 1 }
                    pause = .milliseconds(isKilled ? .random(in: 300...1_500) : 20)
                }
                return kills
            }
            defer { killer.cancel() }
            try await Self.round(mount, seed: seed, Self.count / 2)
            try await mount.killAndRemount()
            try await Self.round(mount, seed: seed, Self.count / 2)
            try await mount.python(Self.attributes, arguments: ["\(seed)"])
            let here = try await mount.tree()
            // The adapter is killed on and on while all of it is sent.
            try await mount.sync(seconds: 240)
            killer.cancel()
            #expect(try await killer.value > 0)
            let other = try await fixture.mount(host, cache: "two")
            try expectSame(here, try await other.tree(), "\(host), seed \(seed):")
            try expectSame(here, try await mount.tree(), "\(host), seed \(seed), before and after:")
        }
    }

    private static func awaitMount(_ fixture: MountFixture, _ point: String) async throws {
        try await eventually("\(point) is mounted", within: .seconds(60)) {
            try await fixture.bash("mountpoint -q '\(point)'").succeeded
        }
    }

    @Test(
        "random operations over an adapter in memory are as their model, at once or late; an empty cache shows the same",
        arguments: [0, 50], TestSize.seeds(1))
    func memory(milliseconds: Int, seed: UInt32) async throws {
        print("PERSISTFS_SEED=\(seed)")
        try await MountFixture.unmounted { fixture in
            let program =
                fixture.mount.binary.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/") + "/slow-mount"
            let points = ["a", "b"].map { fixture.scratch + "/" + $0 }
            _ = try await fixture.succeed("mkdir a b")
            let daemon = try fixture.mount.begin(
                [program, "\(milliseconds)"] + points.flatMap { [$0, "\($0)-cache"] }, outside: true, seconds: 900)
            try await Self.awaitMount(fixture, points[0])
            let client = fixture.mount
            try await client.python(
                RandomTreeTests.round, arguments: ["\(seed)", "\(Self.count)", points[0], points[0], ""], seconds: 400)
            try await client.python("os.chdir(sys.argv[2])\n" + Self.attributes, arguments: ["\(seed)", points[0]])
            let here = try await client.tree(in: points[0])
            _ = try await fixture.succeed(
                "timeout -k 5 120 \(client.binary) sync a; timeout -k 5 60 umount a", seconds: 200)
            try await Self.awaitMount(fixture, points[1])
            try expectSame(here, try await client.tree(in: points[1]), "\(milliseconds) ms, seed \(seed):")
            _ = try await fixture.succeed("timeout -k 5 60 umount b", seconds: 90)
            let end = await daemon.finish()
            #expect(end.succeeded, "\(end.output)\n\(end.error)")
        }
    }
}

/// Random operations on both sides of one far side, each by its own mount.
@Suite struct TwoFarMountTests {
    /// Arguments: the seed, the number of operations, the name of this machine. What is not there, or in the way, is left.
    private static let work = """
        import random
        seed, count, me = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        rng, done = random.Random('%d%s' % (seed, me)), 0
        def path(n):
            return n + '/' + rng.choice(('', '', 'd/', 'e/')) + rng.choice('abc') + ('.json' if n == 'records' else '')
        def write(p, text):
            with open(p + '.tmp', 'w') as f: f.write(text)
            os.rename(p + '.tmp', p)
        for i in range(count):
            n = rng.choice(('blobs', 'kv', 'records'))
            p, q, what, word = path(n), path(n), rng.randrange(12), 'w%s%d' % (me, i)
            try:
                if what < 5 and n != 'records': write(p, word)
                elif what < 5:
                    try: document = json.load(open(p))
                    # Between its attributes and its pages a reader may meet what comes from the other machine.
                    except (OSError, ValueError): document = {}
                    document[rng.choice('xyz')] = word
                    write(p, json.dumps(document))
                elif what == 5: os.unlink(p)
                elif what < 8: os.rename(p, q)
                elif what == 8: os.mkdir(n + '/' + rng.choice('de'))
                elif what == 9: os.rename(n + '/d', n + '/e')
                elif what == 10:
                    with open('events/log.jsonl', 'a') as f: f.write('{"w": "%s"}\\n' % word)
                else: os.chmod(p, rng.choice((0o600, 0o644)))
                done += 1
            except OSError: pass
            time.sleep(rng.random() * 0.02)
        print(done)
        """

    @Test("R10 random operations of two machines, then quiet: both trees are equal, and so is that of a third")
    func converges() async throws {
        let seed = try #require(TestSize.seeds(1).first)
        print("PERSISTFS_SEED=\(seed)")
        let count = TestSize.isLong ? 3_000 : 300
        try await MountFixture.unmounted { fixture in
            let far = try await MoodyFar(fixture)
            let options = ["refresh_seconds=1"]
            let mounts = [try await far.mount("one", options: options), try await far.mount("two", options: options)]
            let clients = try zip(mounts, ["one", "two"]).map { mount, name in
                try mount.beginPython(
                    "sys.argv[1:] = ['\(seed)', '\(count)', '\(name)']\n" + Self.work, seconds: 300)
            }
            for client in clients {
                let result = await client.finish()
                #expect(result.succeeded, "\(result.error)")
                #expect(Int(result.output.trimmed) ?? 0 > count / 4)
            }
            var trees: [[String]] = []
            // Each has to send what the other's made of its own, and to see it: a few rounds.
            for _ in 0..<20 {
                for mount in mounts { try await mount.sync() }
                try await Task.sleep(for: .seconds(2))
                trees = try await mounts.asyncMap { try await $0.tree() }.map { $0.filter { !$0.contains("events/") } }
                if trees[0] == trees[1] { break }
            }
            try expectSame(trees[0], trees[1], "seed \(seed), one and two:")
            let fresh = try await far.mount("three")
            let third = try await fresh.tree().filter { !$0.contains("events/") }
            try expectSame(trees[0], third, "seed \(seed), the third:")
            var logs: [String] = []
            for mount in mounts + [fresh] { logs.append(try await mount.succeed("sort events/log.jsonl")) }
            #expect(logs[0] == logs[1] && logs[1] == logs[2])
            let lines = logs[0].split(separator: "\n")
            #expect(Set(lines).count == lines.count && !lines.isEmpty)
        }
    }
}

extension TestMount {
    /// As `tree`, of another place.
    func tree(in directory: String) async throws -> [String] {
        try await succeed("cd '\(directory)'\n" + Self.treeScript, seconds: 120).split(separator: "\n").map(String.init)
    }
}
