import PersistTestKit
import Testing

/// An adapter that fails often, and one that is down, behind a real mount.
@Suite struct FailingAdapterTests {
    private static let count = TestSize.isLong ? 60 : 12

    /// Arguments: a directory of its own, how many of each.
    private static let work = """
        mine, count = sys.argv[1], int(sys.argv[2])
        for n in ('blobs', 'kv', 'records'): os.mkdir(n + '/' + mine)
        for i in range(count):
            with open('records/%s/r%d.json' % (mine, i), 'w') as f: f.write('{"n": %d}\\n' % i)
            with open('kv/%s/k%d' % (mine, i), 'w') as f: f.write('%d' % i)
            with open('blobs/%s/b%d' % (mine, i), 'wb') as f: f.write(os.urandom(i * 300))
            with open('events/shared.jsonl', 'a') as f: f.write('{"by": "%s", "n": %d}\\n' % (mine, i))
            os.utime('blobs/%s/b%d' % (mine, i), ns=(1, 1_700_000_000_123_456_789 + i))
            if i % 3 == 0: os.rename('kv/%s/k%d' % (mine, i), 'kv/%s/moved%d' % (mine, i))
            if i % 5 == 0: os.unlink('records/%s/r%d.json' % (mine, i))
        os.rename('blobs/' + mine, 'blobs/moved-' + mine)
        """

    @Test("R12 a file is dirty until the far side has it, and says what keeps it here")
    func state() async throws {
        try await MountFixture.unmounted { fixture in
            let far = try await MoodyFar(fixture)
            let mount = try await far.mount("one")
            func attribute(_ name: String, of path: String) async throws -> String {
                try await mount.succeed("getfattr --only-values -n user.persist.\(name) \(path)").trimmed
            }
            try await mount.succeed("echo 1 > kv/a")
            try await mount.sync()
            #expect(try await attribute("state", of: "kv/a") == "clean")
            try await far.set(#"{"fails": 1, "lists": 1}"#)
            try await mount.succeed("echo 2 > kv/a; echo 3 > blobs/b; mkdir blobs/d; echo '{}' >> events/e.jsonl")
            for path in ["kv/a", "blobs/b", "blobs/d", "events/e.jsonl"] {
                #expect(try await attribute("state", of: path) == "dirty", "\(path)")
            }
            try await eventually("it was tried") {
                let found = try await mount.shell("getfattr --only-values -n user.persist.error kv/a")
                return found.output.contains("a bad day")
            }
            try await far.set(#"{"seconds": 3}"#)
            try await eventually("one is on its way", within: .seconds(60)) {
                let states = try await mount.succeed(
                    "getfattr --only-values -n user.persist.state kv/a blobs/b blobs/d events/e.jsonl")
                return states.contains("uploading")
            }
            try await far.set("{}")
            try await mount.sync()
            for path in ["kv/a", "blobs/b", "blobs/d", "events/e.jsonl"] {
                #expect(try await attribute("state", of: path) == "clean", "\(path)")
            }
            #expect(try await !mount.shell("getfattr --only-values -n user.persist.error kv/a").succeeded)
        }
    }

    @Test("two mounts of a far side that fails, ends and lists badly: all arrives, and each sees the other's")
    func failing() async throws {
        try await MountFixture.unmounted { fixture in
            let far = try await MoodyFar(fixture)
            let one = try await far.mount("one")
            let two = try await far.mount("two")
            // Both know that there is nothing.
            for mount in [one, two] { try await mount.succeed("ls kv") }
            try await far.set(#"{"fails": 0.35, "ends": 0.02, "lists": 0.4}"#)
            for (mount, name) in [(one, "one"), (two, "two")] {
                try await mount.python(Self.work, arguments: [name, "\(Self.count)"])
            }
            let times = [try await one.sync(seconds: 400), try await two.sync(seconds: 400)]
            let status = try await one.outside([one.binary, "status", one.point]).output
            print("with \(Self.count) of each: sync took \(times) s, with \(try await far.asked()) requests")
            #expect(status.contains("to send    nothing"), "\(status)")
            for (mount, other) in [(one, "two"), (two, "one")] {
                try await eventually("\(mount.point) has what the other has", within: .seconds(200)) {
                    let found = try await mount.shell(
                        """
                        cat kv/\(other)/* records/\(other)/* blobs/moved-\(other)/* > /dev/null
                        wc -l < events/shared.jsonl
                        """)
                    return found.succeeded && found.output.trimmed == "\(2 * Self.count)" && found.error.isEmpty
                }
            }
            try await far.set("{}")
            for mount in [one, two] { try await mount.sync() }
            let fresh = try await far.mount("three")
            // The order of a log is that of arrival.
            func rests() async throws -> [[String]] {
                let trees = [try await one.tree(), try await two.tree(), try await fresh.tree()]
                return trees.map { $0.filter { !$0.contains("events/") } }
            }
            // What was put last is seen at the next look.
            var rest = try await rests()
            for _ in 0..<20 where rest[0] != rest[2] || rest[1] != rest[2] {
                try await Task.sleep(for: .seconds(1))
                rest = try await rests()
            }
            try expectSame(rest[0], rest[2], "one and three:")
            try expectSame(rest[1], rest[2], "two and three:")
            let logs = try await [one, two, fresh].asyncMap { try await $0.succeed("sort events/shared.jsonl") }
            #expect(logs[0] == logs[2] && logs[1] == logs[2])
            #expect(Set(logs[0].split(separator: "\n")).count == 2 * Self.count)
        }
    }

    // MARK: Down

    enum Outage: String, CaseIterable, CustomTestStringConvertible {
        /// Every request fails at once.
        case refusing
        /// The adapter's process is stopped: it answers nothing at all.
        case stopped
        var testDescription: String { rawValue }
    }

    /// Reads and writes until the time is over, at least 1,000 operations; prints how many. Argument: seconds.
    private static let load = """
        import random
        rng, done, end = random.Random(5), 0, time.monotonic() + float(sys.argv[1])
        longest = 0
        while done < 1000 or time.monotonic() < end:
            start = time.monotonic()
            i = rng.randrange(200)
            what = rng.randrange(10)
            if what < 4:
                with open('kv/k%d' % i) as f: assert f.read().startswith('v'), i
            elif what == 4: assert os.stat('blobs/d/b%d' % (i % 50)).st_size >= 4096
            elif what == 5: assert len(os.listdir('kv')) >= 200
            elif what == 6:
                with open('kv/k%d' % i, 'w') as f: f.write('v%d' % done)
            elif what == 7:
                with open('records/r%d.json' % (i % 20), 'w') as f: f.write('{"n": %d}' % done)
            elif what == 8:
                with open('events/log.jsonl', 'a') as f: f.write('{"n": %d}\\n' % done)
            else:
                with open('blobs/d/t%d.tmp' % (i % 10), 'wb') as f: f.write(b'x' * 5000)
                os.rename('blobs/d/t%d.tmp' % (i % 10), 'blobs/d/b%d' % (i % 50))
                assert not os.path.exists('blobs/d/none%d' % i)
            longest = max(longest, time.monotonic() - start)
            done += 1
            if done > 1000: time.sleep(0.01)
        print(done, int(longest * 1000))
        """

    @Test("umount waits for a far side that fails now and then", arguments: 1...3)
    func unmountOfFlaky(round: Int) async throws {
        try await MountFixture.unmounted { fixture in
            let far = try await MoodyFar(fixture)
            let mount = try await far.mount("one", options: ["refresh_seconds=3600"])
            try await mount.succeed("ls kv")
            try await far.set(#"{"fails": 0.1}"#)
            try await mount.python("for i in range(60): open('kv/k%d' % i, 'w').write('v')")
            let end = try await mount.outside([mount.binary, "umount", mount.point])
            expect(end.status, is: 0)
            try await far.set("{}")
            let fresh = try await far.mount("two")
            expect(try await fresh.succeed("ls kv | wc -l").trimmed, is: "60")
        }
    }

    @Test(
        "while the far side is down, reads and writes go on and none waits for it; then all of it arrives",
        arguments: Outage.allCases)
    func down(outage: Outage) async throws {
        try await MountFixture.unmounted { fixture in
            let far = try await MoodyFar(fixture)
            let mount = try await far.mount("one", options: ["refresh_seconds=3600"])
            try await mount.python(
                """
                os.mkdir('blobs/d')
                for i in range(200):
                    with open('kv/k%d' % i, 'w') as f: f.write('v')
                for i in range(50):
                    with open('blobs/d/b%d' % i, 'wb') as f: f.write(os.urandom(4096))
                """)
            try await mount.sync()
            switch outage {
            case .refusing: try await far.set(#"{"fails": 1, "lists": 1}"#)
            case .stopped: try await mount.signalAdapter("STOP")
            }
            let before = try await far.asked()
            // One that answers nothing for 30 s is ended and started again: then it is back. Longer than a burst is gathered.
            let seconds = TestSize.isLong ? outage == .refusing ? "60" : "20" : "8"
            let load = try mount.begin(
                ["python3", "-c", "import os, sys, time\n" + Self.load, seconds], seconds: 150)
            // Whenever it is asked: what is pending is what has been written, and no more of it is there than that.
            var pending: [Int] = []
            while load.isRunning {
                let status = try await Self.far(mount)
                pending.append(status.pending)
                try await Task.sleep(for: .milliseconds(200))
            }
            let result = await load.finish()
            #expect(result.succeeded, "\(result.error)")
            let figures = result.output.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
            let asked = try await far.asked() - before
            print("\(outage): \(figures) operations and longest ms, \(asked) requests, pending \(pending.last ?? 0)")
            #expect(figures.first ?? 0 >= 1_000)
            // What is asked are probes: at most a few a second, and of one that is stopped nothing comes through.
            #expect(asked <= (outage == .stopped ? 0 : 300))
            let status = try await Self.far(mount)
            #expect(status.pending > 0 && status.pending >= pending.last ?? 0)
            if outage == .refusing {
                // It says so once something has been tried.
                try await eventually("it is offline") {
                    let status = try await Self.far(mount)
                    return status.offlineSince != nil && status.lastError?.contains("a bad day") == true
                }
            }
            let sync = try await mount.outside([mount.binary, "sync", "--timeout", "1", mount.point])
            expect(sync.status, is: 7)
            switch outage {
            case .refusing: try await far.set("{}")
            case .stopped: try await mount.signalAdapter("CONT")
            }
            try await mount.sync()
            let after = try await Self.far(mount)
            #expect(after.pending == 0 && after.offlineSince == nil, "\(after)")
            let fresh = try await far.mount("two")
            try expectSame(try await mount.tree(), try await fresh.tree())
            expect(try await fresh.succeed("cat events/log.jsonl"), is: try await mount.succeed("cat events/log.jsonl"))
        }
    }

    private static func far(
        _ mount: TestMount
    ) async throws -> (pending: Int, offlineSince: String?, lastError: String?) {
        let text = try await mount.python(
            """
            far = json.load(open('.persist/status.json'))['far']
            print(json.dumps([far['pendingFiles'], far.get('offlineSince'), far.get('lastError')]))
            """)
        let parts = text.trimmed.dropFirst().dropLast().split(separator: ", ", maxSplits: 2).map(String.init)
        func part(_ index: Int) -> String? {
            parts.count <= index || parts[index] == "null" ? nil : parts[index]
        }
        return (Int(parts[0]) ?? -1, part(1), part(2))
    }
}

extension Array {
    /// One after another.
    func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
