import Persist
import PersistTestKit
import Testing

@testable import ProcessAdapter

@Suite("Lines of the exec protocol")
struct CodecTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("requests are one line each, as the protocol has them")
    func requests() {
        #expect(
            text(Request.get("records/users/alice").line(id: 1))
                == #"{"jsonrpc":"2.0","id":1,"method":"get","params":{"key":"records/users/alice"}}"# + "\n")
        #expect(
            text(Request.put("blobs/cat", [0, 1, 255]).line(id: 2))
                == #"{"jsonrpc":"2.0","id":2,"method":"put","params":{"key":"blobs/cat","bytes":"AAH/"}}"# + "\n")
        #expect(
            text(Request.delete("kv/a\"\n\u{1}é").line(id: 3))
                == #"{"jsonrpc":"2.0","id":3,"method":"delete","params":{"key":"kv/a\"\n\u0001é"}}"# + "\n")
        #expect(
            text(Request.list("records/").line(id: 4))
                == #"{"jsonrpc":"2.0","id":4,"method":"list","params":{"prefix":"records/"}}"# + "\n")
    }

    @Test("a record goes without white space between its tokens, otherwise byte for byte")
    func compacts() {
        let document = Array("{ \"a b\" :\t[1.0,\r\n 1e400 , 12345678901234567890],\n\"q\\\" x\": \" \\\\ \" }\n".utf8)
        let line = text(Request.put("records/a", document).line(id: 1))
        #expect(line.contains(#""value":{"a b":[1.0,1e400,12345678901234567890],"q\" x":" \\ "}}}"#))
    }

    @Test(
        "the form of a value follows its key",
        arguments: [
            ("kv/a", "plain", #""value":"plain""#), ("kv/a", "{}", #""value":"{}""#),
            ("records/a", "no JSON", #""bytes":"bm8gSlNPTg==""#), (".persist/meta/records/a", "{ }", #""value":{}"#),
            (".persist/files/records/a", "{}", #""bytes":"e30=""#), ("blobs/a", "", #""bytes":"""#),
            ("events/orders/0", #"{"a": 1}"#, #""value":{"a": 1}"#), ("events/orders/0", #""s""#, #""value":"s""#),
            ("events/orders/0", "no JSON", #""bytes":"bm8gSlNPTg==""#),
            ("events/app.log/0", "no JSON", #""value":"no JSON""#), ("events/app.log/0", #""s""#, #""value":"\"s\"""#),
            ("events/app.log/0", #"{"a": 1}"#, #""value":{"a": 1}"#), ("events/app.log/0", "", #""value":"""#),
        ])
    func forms(key: String, value: String, expected: String) {
        let line = text(Request.put(StoreKey(stringLiteral: key), Array(value.utf8)).line(id: 1))
        #expect(line.hasSuffix(expected + "}}\n"), "\(line)")
    }

    @Test(
        "what comes back is what was put",
        arguments: [
            "records/a", "kv/a", "blobs/a", "events/orders/0", "events/app.log/0", "events/a/b.ndjson/0",
            ".persist/files/x",
        ])
    func roundTrips(key: String) throws {
        let values =
            [
                "", "a", "\"a\"", "{}", "[1,{\"a\":[]}]", "1.0", "-0", "null", "\\", "\"\\u00e9\\n\"", "é😀\u{1}\0",
                "\"", " ",
            ]
            .map { Array($0.utf8) } + [[0xFF], [0xC3], [0, 0x0A, 0xED, 0xA0, 0x80], (0..<256).map { UInt8($0) }]
        let key = StoreKey(stringLiteral: key)
        for value in values {
            let line = Request.put(key, value).line(id: 7)
            let found = try #require(try answered(by: line))
            #expect(try found.bytes(for: key) == value, "\(text(value)) as \(text(line))")
        }
    }

    /// The value of a `put` as the answer of a `get`.
    private func answered(by line: [UInt8]) throws -> ValueText? {
        let members = try ObjectMembers(line[...])
        var answer = Array(#"{"jsonrpc":"2.0","id":7,"result":"#.utf8)
        answer += try #require(members["params"])
        answer += Array("}".utf8)
        guard case .value(let value) = try Answer(line: answer).content else { return nil }
        return value
    }

    @Test("numbers, escapes and order of a record come back as they stand in the line")
    func keepsText() throws {
        let document = #"{ "b":1.0, "a" : 1e400,"c":"\u00e9","n":12345678901234567890 , "b":2 }"#
        let answer = try Answer(line: Array(#" {"id":1 ,"result": {"value": \#(document) }, "jsonrpc":"2.0"} "#.utf8))
        guard case .value(let value) = answer.content else { throw TestFailure("\(answer)") }
        #expect(text(try value.bytes(for: "records/a")) == document)
    }

    @Test("strings are unescaped, pairs of surrogates too; half a pair becomes its three bytes")
    func strings() throws {
        let answer = try Answer(
            line: Array(#"{"id":1,"result":{"value":"a\"\\\/\b\f\n\r\t\u0041\ud83d\ude00\ud800x"}}"#.utf8))
        guard case .value(let value) = answer.content else { throw TestFailure("\(answer)") }
        #expect(
            try value.bytes(for: "kv/a")
                == Array("a\"\\/\u{8}\u{c}\n\r\tA😀".utf8) + [0xED, 0xA0, 0x80] + Array("x".utf8))
    }

    @Test("a document may be nested as deep in a line as on its own")
    func nests() throws {
        func line(_ depth: Int) -> [UInt8] {
            let document = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return Array(#"{"id":1,"result":{"value":\#(document)}}"#.utf8)
        }
        guard case .value(let value) = try Answer(line: line(512)).content else { throw TestFailure("no value") }
        #expect(try value.bytes(for: "records/a").count == 1_024)
        #expect(throws: Answer.Unreadable.self) { try Answer(line: line(513)) }
    }

    @Test("answers without a value, errors and items")
    func others() throws {
        guard case .done(let result) = try Answer(line: Array(#"{"id":2,"result":true}"#.utf8)).content else {
            throw TestFailure("no result")
        }
        #expect(text(Array(result)) == "true")
        guard case .done(let missing) = try Answer(line: Array(#"{"id":2,"result":null,"error":null}"#.utf8)).content
        else { throw TestFailure("no result") }
        #expect(text(Array(missing)) == "null")
        let error = #"{"jsonrpc":"2.0","id":3,"error":{"code":-32001,"message":"out\u0020of reach","data":[1]}}"#
        guard case .failure(-32_001, "out of reach") = try Answer(line: Array(error.utf8)).content else {
            throw TestFailure("no error")
        }
        let item = try Answer(
            line: Array(#"{"jsonrpc":"2.0","method":"item","params":{"id":4,"key":"kv/%FF","bytes":"AA=="}}"#.utf8))
        guard case .item(let key, let value) = item.content else { throw TestFailure("no item") }
        #expect(item.id == 4)
        #expect(key.bytes == Array("kv/".utf8) + [0xFF])
        #expect(try value.bytes(for: key) == [0])
    }

    @Test(
        "what is no JSON, or no answer, is refused",
        arguments: [
            "", " ", "x", "[]", "1", "{", "{}", "{}x", #"{"id":1}"#, #"{"id":1,"result":}"#, #"{"id":1,"result":tru}"#,
            #"{"id":1,"result":{"value":[1,]}}"#, #"{"id":1,"result":{"value":1,"x":tru}}"#,
            #"{"id":1,"result":true,"x":01}"#,
            #"{"result":true}"#, #"{"id":-1,"result":true}"#, #"{"id":"1","result":true}"#,
            #"{"id":1.5,"result":true}"#,
            #"{"id":1,"result":{"bytes":1}}"#, #"{"id":null,"error":{"code":-32700,"message":"parse"}}"#,
            #"{"id":1,"error":"x"}"#, #"{"method":"note","params":{}}"#,
            #"{"method":"item","params":{"id":1,"key":"a"}}"#,
            #"{"method":"item","params":{"id":1,"key":2,"value":1}}"#, #"{"id":1,"result":"a}"#,
            #"{"id":1 "result":true}"#,
            #"{id:1,"result":true}"#, "{\"id\":1,\"result\":\"\u{1}\"}",
        ])
    func refuses(line: String) {
        #expect(throws: Answer.Unreadable.self) { try Answer(line: Array(line.utf8)) }
    }

    @Test("whatever a line has become on its way, it is read or refused", arguments: 1...20)
    func survivesDamage(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let lines = [
            #"{"jsonrpc":"2.0","id":1,"result":{"value":{"a":[1.0,"\u00e9\ud83d\ude00\\"],"b":null}}}"#,
            #"{"jsonrpc":"2.0","id":1,"result":{"bytes":"AAH/AA=="}}"#,
            #"{"jsonrpc":"2.0","method":"item","params":{"id":4,"key":"kv/%FF\n","value":"\ud800"}}"#,
            #"{"jsonrpc":"2.0","id":3,"error":{"code":-32001,"message":"\"x\"","data":{}}}"#,
        ].map { Array($0.utf8) }
        let marks = Array(#"{}[]",:\u0e-"#.utf8) + [0, 0xFF, 0xC3]
        for _ in 0..<1_000 {
            var line = lines.randomElement(using: &random) ?? []
            for _ in 0...random.below(3) {
                let place = random.below(line.count)
                switch random.below(3) {
                case 0: line[place] = marks.randomElement(using: &random) ?? 0
                case 1: line.remove(at: place)
                default: line.insert(marks.randomElement(using: &random) ?? 0, at: place)
                }
            }
            guard let answer = try? Answer(line: line) else { continue }
            switch answer.content {
            case .value(let value), .item(_, let value): _ = try? value.bytes(for: "kv/a")
            default: break
            }
        }
    }

    @Test(
        "bytes that are no base64 are that value's error, not the child's end",
        arguments: ["A", "AAA", "A===", "A-==", "AA=A", "=AAA"])
    func base64(digits: String) throws {
        let answer = try Answer(line: Array(#"{"id":1,"result":{"bytes":"\#(digits)"}}"#.utf8))
        guard case .value(let value) = answer.content else { throw TestFailure("no value") }
        #expect(throws: StoreError.self) { try value.bytes(for: "kv/a") }
    }

    @Test(
        "keys that are not UTF-8 are escaped, and lead back; prefixes are what the texts of all their keys begin with")
    func keys() throws {
        let keys: [[UInt8]] = [
            Array("kv/".utf8) + [0xFF], Array("kv/%FF".utf8), Array("kv/100%".utf8), Array("kv/é".utf8),
            Array("kv/100%".utf8) + [0xC3, 0x28], Array("kv/a".utf8) + [0, 1],
        ]
        for key in keys {
            let line = Request.get(StoreKey(key)).line(id: 1)
            let item = Array(#"{"method":"item","params":{"value":1,"id":1,"#.utf8)
            let params = try #require(try ObjectMembers(line[...])["params"])
            let answer = try Answer(line: item + params.dropFirst() + Array("}".utf8))
            guard case .item(let found, _) = answer.content else { throw TestFailure("no item") }
            #expect(found.bytes == key)
            for length in 0...key.count {
                let prefix = Request.prefixText(of: Array(key[..<length]))
                #expect(KeyText.text(of: key).starts(with: prefix), "\(key[..<length]) of \(key)")
                #expect(String(validating: prefix, as: UTF8.self) != nil)
            }
        }
    }
}

@Suite("Lines cut out of a stream")
struct LineSplitterTests {
    private func split(_ splitter: inout LineSplitter, _ parts: [String]) -> (lines: [String], isWell: Bool) {
        var lines: [String] = []
        for part in parts {
            let isWell = Array(part.utf8).withUnsafeBytes { bytes in
                splitter.append(bytes) { line in
                    lines.append(String(decoding: line, as: UTF8.self))
                    return true
                }
            }
            if !isWell { return (lines, false) }
        }
        return (lines, true)
    }

    @Test("lines come whole, however they are read")
    func whole() {
        var splitter = LineSplitter(bytesMax: 8, .refused)
        let (lines, isWell) = split(&splitter, ["a", "b\n\ncd", "", "\nefgh1234\nx"])
        #expect(lines == ["ab", "", "cd", "efgh1234"])
        #expect(isWell)
        #expect(splitter.takeRest() == Array("x".utf8))
    }

    @Test("a line that is too long is refused, or cut")
    func overlong() {
        var refusing = LineSplitter(bytesMax: 3, .refused)
        #expect(split(&refusing, ["ab\nabc", "d"]) == (["ab"], false))
        var cutting = LineSplitter(bytesMax: 3, .cut)
        #expect(split(&cutting, ["ab\nabc", "d", "efg", "\nx\n"]) == (["ab", "abc", "x"], true))
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
