import FoundationEssentials
import Glibc
import Persist
import PersistTestKit
import ProcessAdapter
import Testing

@Suite("The child process")
struct ChildTests {
    @Test("it has three descriptors, a group of its own, and all signals as they are by default")
    func startsClean() async throws {
        // Somebody here forgot to close it on exec.
        let inheritable = open("/dev/null", O_RDONLY)
        defer { close(inheritable) }
        let hosted = try Hosted()
        let descriptors = try hosted.python(
            """
            import fcntl, json, os, sys
            def is_open(number):
                try: return fcntl.fcntl(number, fcntl.F_GETFD) is not None
                except OSError: return False
            state = [[n for n in range(1024) if is_open(n)], os.getpgrp() == os.getpid()]
            sys.stdin.readline()
            print('{"id":1,"result":{"value":%s}}' % json.dumps(state), flush=True)
            sys.stdin.readline()
            """)
        #expect(
            try await descriptors.get("records/a").map { String(decoding: $0, as: UTF8.self) } == "[[0, 1, 2], true]")
        await descriptors.close()
        #expect(hosted.log.isEmpty)

        let signals = hosted.shell(
            """
            read -r request
            while read -r name value; do
                case $name in SigBlk: | SigIgn:) found="$found$name$value " ;; esac
            done </proc/self/status
            echo '{"id":1,"result":{"value":"'"$found"'"}}'
            read -r end
            """)
        let found = try await signals.get("kv/a").map { String(decoding: $0, as: UTF8.self) }
        // Of glibc's own two, behind the first 31, posix_spawn(3) makes what it likes.
        let masks = try #require(found).split(separator: " ").map { UInt64($0.dropFirst(7), radix: 16) }
        #expect(masks.map { $0.map { $0 & 0x7FFF_FFFF } } == [0, 0])
        await signals.close()
    }

    @Test(
        "killed at random moments while 200 puts and gets run: nothing is lost, no answer is wrong", arguments: [1, 2])
    func survivesKills(seed: UInt64) async throws {
        let hosted = try Hosted()
        let pidFile = hosted.directory + "/pid"
        let adapter = hosted.adapter([
            "/bin/sh", "-c", #"echo $$ >"$1.new"; mv "$1.new" "$1"; shift; exec "$@""#, "sh", pidFile,
            try Hosted.find("python3"), "-B", Hosted.hosts + "/python/sqlite_adapter.py",
            hosted.directory + "/values.db",
        ])
        let killer = Killer(hosted: hosted, seed: seed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ten programs of twenty values each, five of which are replaced, with a look at what is there in between.
            for writer in 0..<10 {
                group.addTask {
                    for round in 0..<20 {
                        let key = StoreKey(stringLiteral: "kv/\(writer)-\(round % 15)")
                        try await adapter.put(key, Array("\(writer) \(round)".utf8))
                        try await killer.step()
                        let found = try await adapter.get(key)
                        #expect(found == Array("\(writer) \(round)".utf8))
                        try await killer.step()
                    }
                }
            }
            try await group.waitForAll()
        }
        var expected: [StoreEntry] = []
        for writer in 0..<10 {
            for number in 0..<15 {
                let value = Array("\(writer) \(number < 5 ? number + 15 : number)".utf8)
                expected.append(StoreEntry(key: StoreKey(stringLiteral: "kv/\(writer)-\(number)"), value: value))
            }
        }
        #expect(try await hosted.entries(of: adapter, "kv/") == expected.sorted { $0.key < $1.key })
        #expect(await killer.kills >= 3)
        #expect(hosted.log.contains { $0.contains("it was ended by signal 9 (Killed)") })
        await adapter.close()
    }

    /// Kills the child after some of the steps, with others of them under way.
    private actor Killer {
        private let hosted: Hosted
        private var random: SplitMix64
        private var steps = 0
        private var last: pid_t = 0
        private(set) var kills = 0

        init(hosted: Hosted, seed: UInt64) {
            self.hosted = hosted
            random = SplitMix64(seed: seed)
        }

        func step() throws {
            steps += 1
            guard kills < 8, random.below(30) == 0 else { return }
            let pid = try hosted.pid("pid")
            guard pid != last else { return }
            last = pid
            kills += 1
            kill(pid, SIGKILL)
        }
    }

    @Test("forty values of a quarter of a mebibyte at once go and come")
    func movesMuch() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.python(host: "memory_adapter.py", [])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let value = [UInt8](repeating: UInt8(number), count: 250_000 + number)
                    let key = StoreKey(stringLiteral: "blobs/\(number)")
                    try await adapter.put(key, value)
                    #expect(try await adapter.get(key) == value)
                }
            }
            try await group.waitForAll()
        }
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("closing waits for what the child has been asked")
    func finishes() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(
            """
            read -r request; : >"$1/asked"
            while read -r end; do :; done
            echo '{"id":1,"result":{"value":"at last"}}'
            """, [hosted.directory])
        let task = Task { try await adapter.get("kv/a") }
        try await eventually("the child has it") { hosted.has("asked") }
        await adapter.close()
        #expect(try await task.value == Array("at last".utf8))
        #expect(hosted.log.isEmpty)
    }
}

func isThere(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 }
