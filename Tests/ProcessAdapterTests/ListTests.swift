import FoundationEssentials
import Persist
import PersistTestKit
import Testing

@testable import ProcessAdapter

@Suite("Listings")
struct ListTests {
    /// Gives `count` items of `bytes` bytes, notes how many it has written, and answers `get` in between only.
    private let source = """
        import sys, json
        count, size, progress = int(sys.argv[1]), int(sys.argv[2]), open(sys.argv[3], "w")
        for line in sys.stdin:
            request = json.loads(line)
            if request["method"] == "list":
                for number in range(count):
                    item = {"id": request["id"], "key": "kv/%08d" % number, "value": "x" * size}
                    print(json.dumps({"method": "item", "params": item}), flush=True)
                    progress.seek(0); progress.write("%08d" % (number + 1)); progress.flush()
            print(json.dumps({"id": request["id"], "result": True if request["method"] == "list" else None}), flush=True)
        """

    private func adapter(
        _ hosted: Hosted, count: Int, bytes: Int, options: ProcessAdapterOptions
    ) throws -> ProcessAdapter {
        try hosted.python(source, ["\(count)", "\(bytes)", hosted.directory + "/progress"], options: options)
    }

    private func small() -> ProcessAdapterOptions {
        var options = ProcessAdapterOptions()
        options.listBufferBytes = 64 << 10
        return options
    }

    /// What the child has written when it writes no more.
    private func stalled(_ hosted: Hosted) async throws -> Int {
        var (last, same) = (-1, 0)
        try await eventually("the child stops") {
            let now = hosted.text("progress").flatMap { Int($0) } ?? 0
            same = now == last && now > 0 ? same + 1 : 0
            last = now
            return same > 5
        }
        return last
    }

    @Test("a slow consumer stops the child, and gets all in the end")
    func isBounded() async throws {
        let hosted = try Hosted()
        let adapter = try adapter(hosted, count: 1_000, bytes: 10_000, options: small())
        var number = 0
        for try await entry in try await adapter.list("kv/") {
            if number == 0 {
                // A pipe, a block that is read, and the buffer are 1.4 MiB; the whole is 10.
                #expect(try await stalled(hosted) < 400)
            }
            #expect(entry.value.count == 10_000)
            number += 1
        }
        #expect(number == 1_000)
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("whoever asks something else meanwhile is answered, though the child answers in order")
    func goesOn() async throws {
        let hosted = try Hosted()
        let adapter = try adapter(hosted, count: 200, bytes: 10_000, options: small())
        var number = 0
        for try await _ in try await adapter.list("kv/") {
            if number % 50 == 0 { #expect(try await adapter.get("kv/x") == nil) }
            number += 1
        }
        #expect(number == 200)
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("past the last bound it is the slow listing that fails, not what others ask")
    func failsLate() async throws {
        let hosted = try Hosted()
        var options = small()
        options.listBufferBytesMax = 500_000
        let adapter = try adapter(hosted, count: 200, bytes: 10_000, options: options)
        var number = 0
        let error = await #expect(throws: StoreError.self) {
            for try await _ in try await adapter.list("kv/") {
                if number == 0 { #expect(try await adapter.get("kv/x") == nil) }
                number += 1
            }
        }
        #expect(error?.kind == .timedOut)
        #expect(number < 200)
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("a listing that is given up is read to its end and thrown away")
    func isDropped() async throws {
        let hosted = try Hosted()
        let adapter = try adapter(hosted, count: 500, bytes: 10_000, options: small())
        for round in 0..<3 {
            for try await entry in try await adapter.list("kv/") {
                #expect(entry.key == "kv/00000000")
                break
            }
            #expect(try await adapter.get("kv/x") == nil, "round \(round)")
        }
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }

    @Test("a listing whose task is cancelled ends")
    func isCancelled() async throws {
        let hosted = try Hosted()
        let adapter = hosted.shell(#"read -r a; : >"$1/asked"; read -r end"#, [hosted.directory])
        let task = Task { try await hosted.entries(of: adapter, "kv/") }
        try await eventually("the child has it") { hosted.has("asked") }
        task.cancel()
        let error = await #expect(throws: StoreError.self) { try await task.value }
        #expect(error?.kind == .interrupted)
        await adapter.close()
    }

    @Test("a child that ends in the middle ends the listing; before the first item it is begun anew")
    func endsInTheMiddle() async throws {
        let hosted = try Hosted()
        let item = #"{"method":"item","params":{"id":1,"key":"kv/a","value":"x"}}"#
        let adapter = hosted.shell(
            """
            read -r request
            if mkdir "$1/first"; then exit 1; fi
            if mkdir "$1/second"; then echo '\(item)'; exit 2; fi
            """, [hosted.directory])
        var entries: [StoreEntry] = []
        let error = await #expect(throws: StoreError.self) {
            for try await entry in try await adapter.list("kv/") { entries.append(entry) }
        }
        #expect(entries == [StoreEntry(key: "kv/a", value: [UInt8(ascii: "x")])])
        #expect(error?.kind == .timedOut)
        #expect(error?.hint?.contains("in the middle of a listing") == true)
        await adapter.close()
    }

    @Test("entries keep the child's order; keys that were escaped go where their bytes belong")
    func ordersEscaped() async throws {
        let hosted = try Hosted()
        let texts = [
            "kv/!", "kv/%C3", "kv/%FF", "kv/%FF%25", "kv/0", "kv/z", "kv/y", "kv/\u{e9}", "kv/\u{10FFFF}", "records/x",
        ]
        let items = texts.map { #"{"method":"item","params":{"id":1,"key":"\#($0)","value":"x"}}"# }
        let adapter = hosted.shell(
            "read -r a; cat \"$1/items\"; echo '{\"id\":1,\"result\":true}'; read -r end", [hosted.directory])
        try hosted.write("items", items.joined(separator: "\n") + "\n")
        let keys = try await hosted.entries(of: adapter, "kv/").map(\.key.bytes)
        let kv = Array("kv/".utf8)
        let expected: [[UInt8]] = [
            [0x21], [0x30], [0x7A], [0x79], [0xC3], [0xC3, 0xA9], [0xF4, 0x8F, 0xBF, 0xBF], [0xFF], [0xFF, 0x25],
        ]
        #expect(keys == expected.map { kv + $0 })
        await adapter.close()
    }
}
