import Persist
import PersistTestKit
import ProcessAdapter
import Testing

/// Children that do what they should not, each a script of sh. Requests are numbered from 1.
@Suite("A child that misbehaves")
struct BadChildTests {
    private func options(seconds: Double) -> ProcessAdapterOptions {
        var options = ProcessAdapterOptions()
        options.requestSeconds = seconds
        return options
    }

    @Test("one that never answers: the request fails in time, and the child is ended")
    func neverAnswers() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell("cat >/dev/null", options: options(seconds: 0.3))
        let error = await #expect(throws: StoreError.self) { try await adapter.get("kv/a") }
        #expect(error?.kind == .timedOut)
        #expect(error?.key == "kv/a")
        #expect(error?.hint == "the adapter did not answer within 0.3 s")
        try await eventually("the child is ended") { hosted.log.contains("/bin/sh: it has stopped answering") }
        await adapter.close()
    }

    @Test("answers in any order, late ones too, go where they belong; second ones and those to nobody go nowhere")
    func answersLate() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(
            """
            read -r first; read -r second
            echo '{"id":99,"result":true}'
            echo '{"id":2,"result":{"value":"two"}}'; echo '{"id":2,"result":{"value":"again"}}'
            echo '{"id":1,"result":{"value":"one"}}'
            read -r third
            echo '{"id":3,"result":{"value":"three"}}'
            read -r end
            """)
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<2 {
                group.addTask { String(decoding: try await adapter.get("kv/a") ?? [], as: UTF8.self) }
            }
            let answers = try await group.reduce(into: Set()) { $0.insert($1) }
            #expect(answers == ["one", "two"])
        }
        #expect(try await adapter.get("kv/a") == Array("three".utf8))
        await adapter.close()
        #expect(hosted.log.count == 1)
        #expect(hosted.log.first?.contains("answers request 99") == true)
    }

    @Test("an answer behind the time limit goes nowhere, and the child that answers others stays")
    func answersTooLate() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(
            """
            read -r first; : >"$1/asked"; read -r second
            echo '{"id":2,"result":{"value":"two"}}'
            read -r third
            echo '{"id":1,"result":{"value":"one"}}'; echo '{"id":3,"result":{"value":"three"}}'
            read -r end
            """, [hosted.directory], options: options(seconds: 3))
        let first = Task { try await adapter.get("kv/first") }
        try await eventually("the child has it") { hosted.has("asked") }
        #expect(try await adapter.get("kv/second") == Array("two".utf8))
        let error = await #expect(throws: StoreError.self) { try await first.value }
        #expect(error?.kind == .timedOut)
        #expect(try await adapter.get("kv/third") == Array("three".utf8))
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test(
        "lines that are no answers: it is started again, and the request asked again",
        arguments: [
            "Hello, world", #"{"id":1,"result":"#, "{}", #"{"id":1,"result":{"value":[1,]}}"#,
            #"{"id":null,"error":{}}"#,
        ])
    func writesNonsense(line: String) async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(
            """
            read -r request
            if mkdir "$1/seen"; then echo "$2"; echo '{"id":1,"result":{"value":"too late"}}'; read -r end
            else echo '{"id":1,"result":{"value":"well"}}'; read -r end; fi 2>/dev/null
            """, [hosted.directory, line])
        #expect(try await adapter.get("kv/a") == Array("well".utf8))
        await adapter.close()
        #expect(hosted.log.count == 1)
        #expect(hosted.log.first?.hasPrefix("/bin/sh: it wrote what ") == true)
    }

    @Test("a line that is too long: the same")
    func writesTooMuch() async throws {
        let hosted = try Hosted()
        var options = ProcessAdapterOptions()
        options.lineBytesMax = 10_000
        let adapter = hosted.shell(
            """
            read -r request
            if mkdir "$1/seen"; then tr '\\0' x </dev/zero; else echo '{"id":1,"result":null}'; read -r end; fi 2>/dev/null
            """, [hosted.directory], options: options)
        #expect(try await adapter.get("kv/a") == nil)
        await adapter.close()
        #expect(hosted.log == ["/bin/sh: it wrote a line of more than 10000 bytes"])
    }

    @Test("one that ends at once: requests fail in time, and say how and with which last words it ended")
    func endsAtOnce() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell("echo 'no configuration' >&2; exit 3", options: options(seconds: 3))
        let error = await #expect(throws: StoreError.self) { try await adapter.put("kv/a", [1]) }
        #expect(error?.kind == .timedOut)
        // While requests still waited.
        #expect(adapter.currentTrouble?.words.hasSuffix("it ended with exit status 3: no configuration") == true)
        // Between two children or while the next one runs.
        #expect(error?.hint?.hasSuffix("it ended with exit status 3: no configuration") == true)
        await adapter.close()
        #expect(hosted.log.contains("/bin/sh: no configuration"))
    }

    @Test("one that a signal ends says so")
    func endsBySignal() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell("kill -9 $$", options: options(seconds: 3))
        let error = await #expect(throws: StoreError.self) { try await adapter.delete("kv/a") }
        #expect(error?.hint?.hasSuffix("it was ended by signal 9 (Killed)") == true)
        await adapter.close()
    }

    @Test("one that cannot be started: requests fail in time, and say why")
    func cannotStart() async throws {
        let hosted = try Hosted()
        let adapter = hosted.adapter(["/no/such/program"], options: options(seconds: 0.3))
        for prefix: StoreKey in ["kv/", ""] {
            let error = await #expect(throws: StoreError.self) { try await hosted.entries(of: adapter, prefix) }
            #expect(error?.kind == .timedOut)
            #expect(error?.hint == "the adapter does not run: it cannot be started: No such file or directory")
        }
        await adapter.close()
    }

    @Test("one that closes its output and stays is ended")
    func closesOutput() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(
            """
            read -r request
            if mkdir "$1/seen"; then exec >&-; sleep 1000; else echo '{"id":1,"result":null}'; read -r end; fi 2>/dev/null
            """, [hosted.directory])
        #expect(try await adapter.get("kv/a") == nil)
        await adapter.close()
    }

    @Test("one that heeds neither the end of its input nor SIGTERM is killed, and what it started with it")
    func heedsNothing() async throws {
        let hosted = try Hosted()
        var options = ProcessAdapterOptions()
        options.closeSeconds = 0.05
        let adapter = hosted.shell(
            """
            trap '' TERM
            sleep 1000 & echo $! >"$1/grandchild"; echo $$ >"$1/child"
            read -r request; echo '{"id":1,"result":null}'
            while :; do sleep 1000; done
            """, [hosted.directory], options: options)
        #expect(try await adapter.get("kv/a") == nil)
        let child = try hosted.pid("child")
        let grandchild = try hosted.pid("grandchild")
        #expect(isThere(child) && isThere(grandchild))
        await adapter.close()
        #expect(!isThere(child))
        try await eventually("what it had started is gone") { !isThere(grandchild) }
        let error = await #expect(throws: StoreError.self) { try await adapter.get("kv/a") }
        #expect(error?.kind == .interrupted)
        await adapter.close()
    }

    @Test("an adapter that is dropped ends its child")
    func isDropped() async throws {
        let hosted = try Hosted()
        func use() async throws {
            let adapter = hosted.shell(
                #"echo $$ >"$1/child"; read -r request; echo '{"id":1,"result":null}'; cat"#, [hosted.directory])
            #expect(try await adapter.get("kv/a") == nil)
        }
        try await use()
        let child = try hosted.pid("child")
        try await eventually("the child is gone") { !isThere(child) }
    }

    @Test("errors: -32001 is worth another try, all others are final; the child's number and words are kept")
    func answersErrors() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(
            """
            read -r a; echo '{"id":1,"error":{"code":-32001,"message":"the server is away"}}'
            read -r a; echo '{"id":2,"error":{"code":-32000,"message":"no \\"such\\" table"}}'
            read -r a; echo '{"id":3,"error":{"code":7}}'
            read -r a; echo '{"id":4,"result":7}'
            read -r a; echo '{"id":5,"result":{"bytes":"?"}}'
            read -r end
            """)
        var errors: [StoreError] = []
        for _ in 0..<5 {
            if let error = await #expect(throws: StoreError.self, performing: { try await adapter.get("kv/a") }) {
                errors.append(error)
            }
        }
        #expect(errors.map(\.kind) == [.timedOut, .io, .io, .io, .io])
        #expect(errors.map(\.isTransient) == [true, false, false, false, false])
        #expect(errors.map(\.code) == [-32_001, -32_000, 7, nil, nil])
        #expect(errors.first?.hint == "the server is away")
        #expect(errors.dropFirst().first?.hint == #"no "such" table"#)
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("a request whose task is cancelled ends; its answer goes nowhere")
    func isCancelled() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(
            """
            read -r first; : >"$1/asked"; read -r second
            echo '{"id":1,"result":{"value":"one"}}'; echo '{"id":2,"result":{"value":"two"}}'
            read -r end
            """, [hosted.directory])
        let task = Task { try await adapter.get("kv/a") }
        try await eventually("the child has it") { hosted.has("asked") }
        task.cancel()
        let error = await #expect(throws: StoreError.self) { try await task.value }
        #expect(error?.kind == .interrupted)
        #expect(try await adapter.get("kv/a") == Array("two".utf8))
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("its standard error is logged line by line, the last one without a newline too; long lines are cut")
    func logs() async throws {
        let hosted = try Hosted()
        var options = ProcessAdapterOptions()
        options.logLineBytesMax = 10
        let adapter = hosted.shell(
            "read -r a; printf 'one\\n\\n0123456789abcdef\\nend' >&2; echo '{\"id\":1,\"result\":null}'; read -r end",
            options: options)
        #expect(try await adapter.get("kv/a") == nil)
        await adapter.close()
        #expect(hosted.log == ["/bin/sh: one", "/bin/sh: 0123456789", "/bin/sh: end"])
    }

    @Test("values past the limit are not sent")
    func isTooLarge() async throws {
        let hosted = try Hosted()
        var options = ProcessAdapterOptions()
        options.valueBytesMax = 10
        let adapter = hosted.shell("exit 1", options: options)
        let error = await #expect(throws: StoreError.self) {
            try await adapter.put("blobs/a", [UInt8](repeating: 0, count: 11))
        }
        #expect(error?.kind == .tooLarge)
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test(
        "one that answers a list with its entries, and does not send them before, has not listed nothing",
        arguments: [
            #"[{"key":"kv/a","value":"b"}]"#, "[]", #"{"entries":[]}"#, #"{"value":"b"}"#, "null", "true", "{}",
        ])
    func listsInOne(result: String) async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell("read -r first; echo '{\"id\":1,\"result\":\(result)}'; read -r end")
        func count() async throws -> Int {
            var count = 0
            for try await _ in try await adapter.list("kv/") { count += 1 }
            return count
        }
        if ["null", "true", "{}"].contains(result) {
            #expect(try await count() == 0)
        } else {
            let error = await #expect(throws: StoreError.self) { _ = try await count() }
            #expect(error?.hint?.contains("each entry is a line of its own") == true)
        }
        await adapter.close()
    }
}
