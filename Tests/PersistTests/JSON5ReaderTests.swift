import Persist
import PersistTestKit
import Testing

@Suite("JSON5 and JSON text")
struct JSON5ReaderTests {
    @Test("A tree knows the line and the column of each key and value")
    func positions() throws {
        let root = try JSON5Reader.read(bytes("// é\n{ name: 'é',\n  \"list\": [1, {a: +0xF}, null], on: true }"))
        #expect((root.line, root.column) == (2, 1))
        guard case .object(let members) = root.value else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.key) == ["name", "list", "on"])
        #expect(members.map(\.line) == [2, 3, 3])
        #expect(members.map(\.column) == [3, 3, 33])
        #expect(members[0].value.value == .string("é"))
        #expect(members[2].value.value == .bool(true))
        #expect(members[2].value.column == 37)
        guard case .array(let elements) = members[1].value.value else {
            Issue.record("no array")
            return
        }
        #expect(elements.map(\.column) == [12, 15, 26])
        #expect(elements[0].value == .number("1") && elements[2].value == .null)
        guard case .object(let inner) = elements[1].value else {
            Issue.record("no object")
            return
        }
        #expect(inner.first?.value.value == .number("+0xF"))
    }

    @Test("Escapes in strings become the characters that they stand for")
    func strings() throws {
        func read(_ text: String) throws -> JSON5Node.Value { try JSON5Reader.read(bytes(text)).value }
        #expect(try read(#""a\"\\\/\b\f\n\r\t""#) == .string("a\"\\/\u{8}\u{c}\n\r\t"))
        #expect(try read(#"'\x41\u00e9\ud83d\ude00\'\v\0\q'"#) == .string("Aé😀'\u{b}\0q"))
        #expect(try read(#"'\ud83d\ud83d\ude00\udc00x'"#) == .string("\u{fffd}😀\u{fffd}x"))
        #expect(try read("'a\\\nb\\\r\nc\\\u{2028}d\\é'") == .string("abcdé"))
        #expect(try read("process.env.PG_PASSWORD!") == .environment("PG_PASSWORD"))
    }

    @Test("What is no JSON5 is refused with its place")
    func problem() {
        #expect(throws: JSONProblem(line: 2, column: 3, message: "expected ':' after a key")) {
            try JSON5Reader.read(bytes("{a\n  1}"))
        }
    }

    @Test("JSON is written in order, escaped, on one line or many")
    func text() {
        let value: JSONValue = [
            "z": 1, "a": ["x\"\\\n\u{1}é", nil, true, 0.5], "e": [:], "n": .double(.nan), "u": .unsigned(.max),
        ]
        let line = #"{"z":1,"a":["x\"\\\n\u0001é",null,true,0.5],"e":{},"n":null,"u":18446744073709551615}"#
        #expect(JSONText.write(value) == line)
        #expect(
            JSONText.write(["a": [1, []], "b": "c"], isPretty: true)
                == "{\n  \"a\": [\n    1,\n    []\n  ],\n  \"b\": \"c\"\n}")
        #expect(JSONScanner.check(bytes(JSONText.write(value, isPretty: true))) == nil)
    }

    @Test("What is written reads back as it was")
    func roundTrip() throws {
        var random = Seeded("roundTrip")
        for _ in 0..<2_000 {
            let string = String(
                String.UnicodeScalarView(
                    (0..<random.below(8)).compactMap { _ in
                        Unicode.Scalar(UInt32(random.below([0x20, 0x80, 0x11_0000][random.below(3)])))
                    }))
            let text = bytes(JSONText.quote(string))
            #expect(JSONScanner.check(text) == nil)
            #expect(try JSON5Reader.read(text).value == .string(string))
        }
    }
}
