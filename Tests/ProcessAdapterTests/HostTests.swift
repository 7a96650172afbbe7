import Persist
import PersistTestKit
import ProcessAdapter
import Testing

/// The checks of a host one after another: seventy interpreters that start at once leave none of them enough.
@Suite("Hosts of adapters")
struct HostTests {
    @Test("an adapter in Python, over SQLite, keeps the contract", .serialized, arguments: AdapterCheck.all)
    func python(check: AdapterCheck) async throws {
        try await run(check) { hosted in
            try hosted.python(host: "sqlite_adapter.py", [hosted.directory + "/values.db"])
        }
    }

    @Test(
        "an adapter in Python, with values as its objects, keeps the contract", .serialized, arguments: AdapterCheck.all
    )
    func pythonObjects(check: AdapterCheck) async throws {
        try await run(check) { hosted in try hosted.python(host: "memory_adapter.py", []) }
    }

    @Test("an adapter in JavaScript, over files, keeps the contract", .serialized, arguments: AdapterCheck.all)
    func node(check: AdapterCheck) async throws {
        try await run(check) { hosted in
            try hosted.node([Hosted.hosts + "/node/directory-adapter.mjs", hosted.directory + "/values"])
        }
    }

    @Test(
        "a module in JavaScript that knows nothing of its host keeps the contract", .serialized,
        arguments: AdapterCheck.all)
    func nodeObjects(check: AdapterCheck) async throws {
        try await run(check) { hosted in try hosted.node([Hosted.hosts + "/node/memory-adapter.mjs"]) }
    }

    // MARK: Values

    private let numbers = #"{"a":1.0,"b":1e400,"c":123456789012345678901234567890,"d":-0,"e":[0.10,1E5,-0.0,3]}"#

    @Test("in Python numbers keep their text, whether documents are objects or text")
    func pythonNumbers() async throws {
        let hosted = try Hosted()
        let objects = try hosted.python(host: "memory_adapter.py", [])
        let text = try hosted.python(host: "sqlite_adapter.py", [hosted.directory + "/values.db"])
        for adapter in [objects, text] {
            for key: StoreKey in ["records/a", "events/orders/1"] {
                try await adapter.put(key, Array(numbers.utf8))
                #expect(try await hosted.text(of: key, in: adapter) == numbers)
            }
            await adapter.close()
        }
        #expect(hosted.log.isEmpty)
    }

    @Test(
        "documents that are text keep equal keys, escapes and null; what is deep comes back",
        arguments: [
            #"{"a":1,"a":2,"\u00e9":"\/\ud800"}"#, "null", #""s""#,
            String(repeating: "[", count: 512) + String(repeating: "]", count: 512),
        ])
    func keepsText(document: String) async throws {
        let hosted = try Hosted()
        for adapter in [
            try hosted.python(host: "sqlite_adapter.py", [hosted.directory + "/values.db"]),
            try hosted.node([Hosted.hosts + "/node/directory-adapter.mjs", hosted.directory + "/values"]),
        ] {
            try await adapter.put("records/a", Array(document.utf8))
            #expect(try await hosted.text(of: "records/a", in: adapter) == document)
            let listed = try await hosted.entries(of: adapter, "")
            #expect(listed == [StoreEntry(key: "records/a", value: Array(document.utf8))])
            await adapter.close()
        }
        #expect(hosted.log.isEmpty)
    }

    @Test("where None and null mean that nothing is there, the document null is refused with words")
    func refusesNull() async throws {
        let hosted = try Hosted()
        for adapter in [
            try hosted.python(host: "memory_adapter.py", []),
            try hosted.node([Hosted.hosts + "/node/memory-adapter.mjs"]),
        ] {
            let error = await #expect(throws: StoreError.self) {
                try await adapter.put("records/a", Array("null".utf8))
            }
            #expect(error?.kind == .io)
            #expect(error?.hint?.hasPrefix("this adapter cannot keep the document null") == true)
            #expect(try await adapter.get("records/a") == nil)
            await adapter.close()
        }
    }

    @Test("in JavaScript a number that it would change is refused with words; others may be spelled anew")
    func nodeNumbers() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.node([Hosted.hosts + "/node/memory-adapter.mjs"])
        for number in ["12345678901234567890", "0.1000000000000000055", "1e400", "9007199254740993", "1e-400"] {
            let error = await #expect(throws: StoreError.self) {
                try await adapter.put("records/a", Array(#"{"n":[\#(number)]}"#.utf8))
            }
            #expect(error?.hint?.hasPrefix("the number \(number) cannot be kept") == true)
        }
        let document = #"{"n":[1.0,9007199254740992,1e5,-0.5,0.1,1e400]}"#
        let text = document.replacing("1e400", with: #""1e400 \" 99999999999999999999""#)
        try await adapter.put("records/a", Array(text.utf8))
        #expect(
            try await hosted.text(of: "records/a", in: adapter)
                == #"{"n":[1,9007199254740992,100000,-0.5,0.1,"1e400 \" 99999999999999999999"]}"#)
        await adapter.close()
    }

    // MARK: Errors and output

    @Test("in Python: errors are transient or final, what is printed is logged, a listing may fail in the middle")
    func pythonErrors() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.python(
            """
            import os
            from persist_adapter import Adapter, Unavailable, run
            class Failing(Adapter):
                def get(self, key):
                    print("asked for", key)
                    os.system("echo from another program")
                    raise {"kv/a": Unavailable("no network"), "kv/b": ConnectionRefusedError(111, "refused"),
                           "kv/c": ValueError("bad key")}[key]
                def list(self, prefix):
                    yield "kv/a", "x"
                    raise RuntimeError("half of it")
            run(Failing())
            """)
        try await expectErrors(of: adapter)
        var entries: [StoreEntry] = []
        let error = await #expect(throws: StoreError.self) {
            for try await entry in try await adapter.list("kv/") { entries.append(entry) }
        }
        #expect(entries.count == 1)
        #expect(error?.kind == .io)
        #expect(error?.hint == "half of it")
        await adapter.close()
        #expect(hosted.log.contains { $0.hasSuffix(": asked for kv/a") })
        #expect(hosted.log.contains { $0.hasSuffix(": from another program") })
        #expect(hosted.log.contains { $0.hasSuffix("ValueError: bad key") })
    }

    @Test("in JavaScript the same; the default export may be an object or a function that makes one")
    func nodeErrors() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.node(
            source: """
                export default async (text) => ({
                    async get(key) {
                        console.log("asked for", key)
                        process.stdout.write("as it is\\n")
                        if (key === "kv/a") throw Object.assign(new Error("no network"), { name: "Unavailable" })
                        if (key === "kv/b") throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" })
                        throw new TypeError("bad key")
                    },
                    put() {}, delete() {},
                    list: () => [{ key: "kv/a", value: text }],
                })
                """, ["given"])
        try await expectErrors(of: adapter)
        let entries = try await hosted.entries(of: adapter, "kv/")
        #expect(entries == [StoreEntry(key: "kv/a", value: Array("given".utf8))])
        await adapter.close()
        #expect(hosted.log.contains { $0.hasSuffix(": asked for kv/a") })
        #expect(hosted.log.contains { $0.hasSuffix(": as it is") })
        #expect(hosted.log.contains { $0.hasSuffix("TypeError: bad key") })

        let object = try hosted.node(source: "export default { get: () => 1, put() {}, delete() {}, list: () => [] }")
        #expect(try await object.get("records/a") == [UInt8(ascii: "1")])
        await object.close()
    }

    private func expectErrors(of adapter: ProcessAdapter) async throws {
        for (key, kind, words) in [
            ("kv/a", StoreError.Kind.timedOut, "no network"), ("kv/b", .timedOut, "refused"), ("kv/c", .io, "bad key"),
        ] {
            let key = StoreKey(stringLiteral: key)
            let error = await #expect(throws: StoreError.self) { try await adapter.get(key) }
            #expect(error?.kind == kind)
            #expect(error?.hint?.hasSuffix(words) == true)
        }
    }

    @Test("a program that cannot be loaded says why", arguments: ["python", "node"])
    func cannotLoad(language: String) async throws {
        let hosted = try Hosted()
        let adapter =
            language == "python"
            ? try hosted.python("import no_such_module") : try hosted.node(["/no/such/module.mjs"])
        let task = Task { try await adapter.get("kv/a") }
        try await eventually("it has ended, and said why") {
            hosted.log.contains { $0.contains("no_such_module") || $0.contains("/no/such/module.mjs") }
                && hosted.log.contains { $0.contains(": it ended with exit status 1: ") }
        }
        task.cancel()
        await adapter.close()
    }

    @Test(
        "hosts answer others while a listing runs; in Python where the adapter says that it bears it",
        arguments: [
            "python", "node",
        ])
    func interleaves(language: String) async throws {
        let hosted = try Hosted()
        // A listing that goes on until something is put.
        let adapter =
            language == "python"
            ? try hosted.python(
                """
                import time
                from persist_adapter import Adapter, run
                class Endless(Adapter):
                    interleaves = True
                    is_over = False
                    def put(self, key, value): self.is_over = True
                    def list(self, prefix):
                        while not self.is_over:
                            time.sleep(0.001)
                            yield "kv/a", "x"
                run(Endless())
                """)
            : try hosted.node(
                source: """
                    let isOver = false
                    export default {
                        get() {}, delete() {},
                        put() { isOver = true },
                        async *list() {
                            while (!isOver) {
                                // It works, and waits for nothing.
                                for (const end = performance.now() + 1; performance.now() < end; );
                                yield { key: "kv/a", value: "x" }
                            }
                        },
                    }
                    """)
        var count = 0
        for try await _ in try await adapter.list("kv/") {
            count += 1
            if count == 200 {
                async let second = hosted.entries(of: adapter, "kv/").count
                try await adapter.put("kv/b", [1])
                _ = try await second
            }
        }
        #expect(count >= 200)
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("in Python calls run at once where the adapter says so")
    func pythonConcurrency() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.python(
            """
            import threading
            from persist_adapter import Adapter, run
            class Meeting(Adapter):
                concurrency = 4
                def __init__(self): self.barrier = threading.Barrier(4)
                def get(self, key):
                    self.barrier.wait()
                    return key
            run(Meeting())
            """)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let key = StoreKey(stringLiteral: "kv/\(number)")
                    let found = try await adapter.get(key)
                    #expect(found == key.bytes)
                }
            }
            try await group.waitForAll()
        }
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    private func run(_ check: AdapterCheck, _ make: @Sendable (Hosted) throws -> ProcessAdapter) async throws {
        let hosted = try Hosted()
        let adapter = try make(hosted)
        try await check.run { adapter }
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }
}
