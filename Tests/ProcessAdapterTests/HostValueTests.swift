import Persist
import PersistTestKit
import ProcessAdapter
import Testing

/// What an adapter gives that no host can send: it spoils no listing.
@Suite("Values that no host can send", .serialized)
struct HostValueTests {
    @Test("in Python what is no JSON, too deep or too large is left out of a list, with words, and the rest is shown")
    func python() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.python(
            """
            from persist_adapter import Adapter, run
            class Odd(Adapter):
                def __init__(self):
                    deep = []
                    for i in range(600): deep = [deep]
                    circle = []
                    circle.append(circle)
                    self.values = {"kv/a": b"first", "kv/bytes": bytearray(b"\\xff"), "kv/circle": circle, "kv/deep": deep,
                                   "kv/huge": bytes((64 << 20) + 1), "kv/nan": float("nan"), "kv/none": None,
                                   "kv/set": {1, 2}, "kv/surrogate": "\\ud800", "kv/z": "last"}
                def get(self, key): return self.values.get(key)
                def list(self, prefix):
                    yield 5, "a key that is none"
                    yield "kv/alone"
                    yield from self.values.items()
            run(Odd())
            """)
        let shown = try await hosted.entries(of: adapter, "kv/")
        #expect(shown.map { "\($0.key)" } == ["kv/a", "kv/bytes", "kv/surrogate", "kv/z"])
        #expect(shown[0].value == Array("first".utf8) && shown[1].value == [0xFF])
        #expect(try await adapter.get("kv/none") == nil)
        for key in ["kv/circle", "kv/deep", "kv/huge", "kv/nan", "kv/set"] {
            let error = await #expect(throws: StoreError.self) { try await adapter.get(StoreKey(Array(key.utf8))) }
            #expect(error?.kind == .io, "\(key)")
            #expect(hosted.log.contains { $0.contains("left out of the list: \(key):") }, "\(key)")
        }
        // Nothing of it ended the adapter.
        #expect(!hosted.log.contains { $0.contains("it ended") })
        await adapter.close()
    }

    @Test("in Python text that is no JSON, or deeper than any document, is sent as bytes")
    func pythonText() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.python(
            """
            from persist_adapter import Adapter, run
            class Odd(Adapter):
                documents = "text"
                values = {"records/a": "{", "records/b": "[" * 600 + "]" * 600, "records/c": "NaN", "records/d": 5,
                          "records/e": "\\udc80", "records/f": "[" * 512 + "\\"[[[\\"" + "]" * 512, "records/g": "{}"}
                def list(self, prefix): return self.values.items()
            run(Odd())
            """)
        let shown = try await hosted.entries(of: adapter, "records/")
        #expect(
            shown.map { "\($0.key)" } == ["a", "b", "c", "f", "g"].map { "records/\($0)" })
        #expect(shown.first?.value == Array("{".utf8) && shown[1].value.count == 1_200)
        await adapter.close()
    }

    @Test("in JavaScript what is no JSON, too deep or too large is left out of a list, with words")
    func node() async throws {
        let hosted = try Hosted()
        let adapter = try hosted.node(
            source: """
                let deep = []
                for (let i = 0; i < 600; i++) deep = [deep]
                const circle = []
                circle.push(circle)
                const values = {
                    "kv/a": Buffer.from("first"), "kv/big": 5n, "kv/circle": circle, "kv/deep": deep, "kv/function": () => 1,
                    "kv/huge": new Uint8Array((64 << 20) + 1), "kv/null": null, "kv/symbol": Symbol("s"),
                    "kv/undefined": undefined, "kv/z": "last",
                }
                export default {
                    get: (key) => values[key], put() {}, delete() {},
                    *list() {
                        yield { key: 5, value: "a key that is none" }
                        yield null
                        for (const [key, value] of Object.entries(values)) yield { key, value }
                    },
                }
                """)
        let shown = try await hosted.entries(of: adapter, "kv/")
        #expect(
            shown == [
                StoreEntry(key: "kv/a", value: Array("first".utf8)), StoreEntry(key: "kv/z", value: Array("last".utf8)),
            ])
        for key in ["kv/null", "kv/undefined"] {
            #expect(try await adapter.get(StoreKey(Array(key.utf8))) == nil)
        }
        for key in ["kv/big", "kv/circle", "kv/deep", "kv/function", "kv/huge", "kv/symbol"] {
            let error = await #expect(throws: StoreError.self) { try await adapter.get(StoreKey(Array(key.utf8))) }
            #expect(error?.kind == .io, "\(key)")
            #expect(hosted.log.contains { $0.contains("left out of the list: \(key):") }, "\(key)")
        }
        #expect(!hosted.log.contains { $0.contains("it ended") })
        await adapter.close()
    }
}
