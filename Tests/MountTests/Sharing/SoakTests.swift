import Foundation
import PersistTestKit
import Testing

/// Mixed load for a long time: what the daemon holds stays as it is.
@Suite struct SoakTests {
    private static let seconds = TestSize.number("PERSISTFS_TEST_SOAK_SECONDS", 30, long: 3_600)
    private static let clients = 8

    /// What a program does with files, over and over, on names of its own and one log of all. Prints how long each kind
    /// of operation took: p50, p99 and the longest, in microseconds.
    private static let load = """
        import random
        me, end = sys.argv[1], time.monotonic() + float(sys.argv[2])
        rng, took = random.Random(int(me)), {}
        for d in ('blobs', 'kv', 'records'): os.makedirs('%s/c%s/d' % (d, me), exist_ok=True)
        large = os.open('blobs/c%s/large' % me, os.O_RDWR | os.O_CREAT)
        log = os.open('events/all.jsonl', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        def name(): return rng.choice(('blobs/c%s/f%d', 'kv/c%s/f%d', 'records/c%s/f%d.json', 'blobs/c%s/d/f%d')) % (me, rng.randrange(60))
        def value(p): return b'["%s"]' % (b'x' * rng.choice((10, 100, 1_000, 20_000)))
        def write():
            p = name()
            with open(p, 'wb', buffering=0) as f: f.write(value(p))
        def replace():
            p = name()
            with open(p + '.tmp', 'wb', buffering=0) as f:
                f.write(value(p))
                if rng.random() < 0.1: os.fsync(f.fileno())
            os.rename(p + '.tmp', p)
        def read():
            with open(name(), 'rb', buffering=0) as f: f.read()
        def remove(): os.unlink(name())
        def look(): os.stat(name())
        def listing():
            for e in os.scandir(os.path.dirname(name())): e.stat()
        def patch(): os.pwrite(large, b'y' * 4096, rng.randrange(8 << 20) & ~4095)
        def part(): os.pread(large, 65536, rng.randrange(8 << 20))
        def append(): os.write(log, b'{"by":"%s","at":%f}\\n' % (me.encode(), time.time()))
        def sync(): os.fsync(large)
        def attributes():
            p = name()
            os.setxattr(p, 'user.n', b'%d' % rng.randrange(1000))
            os.chmod(p, rng.choice((0o600, 0o644)))
        def missing():
            try: os.stat('kv/c%s/none%d' % (me, rng.randrange(1_000_000)))
            except FileNotFoundError: pass
        acts = ((write, 20), (replace, 8), (read, 25), (remove, 6), (look, 20), (listing, 2), (patch, 8), (part, 8),
                (append, 4), (sync, 0.3), (attributes, 3), (missing, 3))
        while time.monotonic() < end:
            act = rng.choices([a for a, w in acts], [w for a, w in acts])[0]
            start = time.monotonic()
            try: act()
            except FileNotFoundError: continue
            took.setdefault(act.__name__, []).append(int((time.monotonic() - start) * 1e6))
            # A sample is enough: memory of this program is no part of the test.
            if len(took[act.__name__]) > 20_000: took[act.__name__] = took[act.__name__][::2]
        print(json.dumps(took))
        """

    /// One line: RssAnon in KiB, descriptors, threads, bytes of the WAL.
    private static let sample = """
        p=/proc/$0
        echo $(sed -n 's/^RssAnon:[^0-9]*\\([0-9]*\\) kB/\\1/p; s/^Threads:[^0-9]*//p' $p/status | tac) \
            $(ls $p/fd | wc -l) $(stat -c %s $STORE-wal)
        """

    private struct Sample {
        let threads: Int
        let anonymous: Int
        let descriptors: Int
        let wal: Int

        init?(_ text: String) {
            let numbers = text.split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 4 else { return nil }
            (threads, anonymous, descriptors, wal) = (numbers[0], numbers[1], numbers[2], numbers[3])
        }
    }

    @Test("R14 a mixed load of eight programs leaves memory, descriptors, threads and WAL as they are")
    func mixedLoad() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let daemon = try #require(mount.daemonID)
            let running = try (0..<Self.clients).map { number in
                try mount.begin(
                    ["python3", "-c", "import os, sys, time, json\n" + Self.load, "\(number)", "\(Self.seconds)"],
                    seconds: Self.seconds + 120)
            }
            let end = ContinuousClock.now + .seconds(Self.seconds)
            var samples: [Sample] = []
            while ContinuousClock.now < end - .milliseconds(500) {
                try await Task.sleep(for: .milliseconds(max(250, Self.seconds * 4)))
                let text = try await mount.outside(["bash", "-c", Self.sample, "\(daemon)"])
                samples.append(try #require(Sample(text.output), "\(text.output) \(text.error)"))
            }
            var took: [String: [Int]] = [:]
            for command in running {
                let result = await command.finish()
                #expect(result.succeeded, "\(result.error)")
                let theirs = try JSONDecoder().decode([String: [Int]].self, from: Data(result.outputBytes))
                took.merge(theirs) { $0 + $1 }
            }
            Self.report(took)
            try Self.expectFlat(samples)
            try await fixture.unmountToOneFile()
            let check = try await mount.outside([mount.binary, "check", fixture.store], seconds: 600)
            #expect(check.succeeded, "\(check.output)\(check.error)")
        }
    }

    private static func report(_ took: [String: [Int]]) {
        for (name, times) in took.sorted(by: { $0.key < $1.key }) {
            let sorted = times.sorted()
            print(
                "\(name): \(sorted.count) timed, p50 \(sorted[sorted.count / 2]) µs, "
                    + "p99 \(sorted[sorted.count * 99 / 100]) µs, most \(sorted.last!) µs")
        }
    }

    /// The first quarter is for what fills up once: caches, the allocator's arenas. What it reached may not be passed by
    /// much later.
    private static func expectFlat(_ samples: [Sample]) throws {
        try #require(samples.count >= 12)
        let early = samples[(samples.count / 4)..<(samples.count / 2)]
        let late = samples[(samples.count * 3 / 4)...]
        func most(_ part: ArraySlice<Sample>, _ what: (Sample) -> Int) -> Int { part.map(what).max()! }
        // Half a minute is not enough to fill what fills up once.
        let slack = seconds < 300 ? 24 << 10 : 6 << 10
        for (name, what, slack) in [
            ("RssAnon in KiB", { $0.anonymous }, slack), ("descriptors", { $0.descriptors }, 10),
            // Threads stand in for those that wait, 16 at most, and go again.
            ("threads", { $0.threads }, 16),
        ] as [(String, (Sample) -> Int, Int)] {
            let (before, after) = (most(early, what), most(late, what))
            print("\(name): at most \(before) in the second quarter, \(after) in the last")
            #expect(after <= before + slack, "\(name): \(before), then \(after)")
        }
        let wal = most(samples[...], { $0.wal })
        print("WAL: at most \(wal >> 10) KiB")
        #expect(most(samples[...], { $0.anonymous }) < 64 << 10)
        // Kept at 16 MiB. At twice that writers wait for a checkpoint; the one that passes it ends its transaction, of 4 MiB
        // of a file at most.
        #expect(wal <= 37 << 20)
    }
}
