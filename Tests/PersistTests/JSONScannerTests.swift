import Persist
import PersistTestKit
import Testing

@Suite("The JSON scanner")
struct JSONScannerTests {
    static let documents = [
        "{}", "[]", "null", "true", "false", "0", "-0", "-0.0e-1", "1e400", "1E+2", "12345678901234567890.5", "\"\"",
        " \t\r\n[ 1 , 2 ] \n", #"{"a":1,"a":2}"#, #"{"":{"b":[[],{}]}}"#, #""\ud800""#, #""\u00e9\"\\\/\b\f\n\r\t""#,
        "\"é€😀\u{7f}\u{10ffff}\"",
    ]
    static let problems: [(text: [UInt8], line: Int, column: Int, message: String)] = [
        (bytes(""), 1, 1, "the document is empty"), (bytes(" \n "), 2, 2, "the document is empty"),
        ([0xEF, 0xBB, 0xBF, 0x31], 1, 1, "a byte order mark is not allowed"),
        (bytes("[1,]"), 1, 3, "a comma before ']'"), (bytes("{\"a\":1,\n}"), 1, 7, "a comma before '}'"),
        (bytes("{\"a\":1 \"b\":2}"), 1, 8, "expected ',' or '}' after a value"),
        (bytes("[1 2]"), 1, 4, "expected ',' or ']' after a value"), (bytes("[1"), 1, 3, "the array is not closed"),
        (bytes("{\"a\":[1]"), 1, 9, "the object is not closed"), (bytes("{"), 1, 2, "expected a key in double quotes"),
        (bytes("{a:1}"), 1, 2, "expected a key in double quotes"),
        (bytes("{\"a\" 1}"), 1, 6, "expected ':' after a key"),
        (bytes("{\"a\":}"), 1, 6, "expected a value"), (bytes("{\"a\":"), 1, 6, "expected a value"),
        (bytes("[,1]"), 1, 2, "expected a value"), (bytes("tru"), 1, 1, "expected a value"),
        (bytes("truely"), 1, 1, "expected a value"), (bytes("NaN"), 1, 1, "expected a value"),
        (bytes("['a']"), 1, 2, "strings are in double quotes"),
        (bytes("1 2"), 1, 3, "unexpected text after the document"),
        (bytes("[1]\0"), 1, 4, "unexpected text after the document"),
        (bytes("{}}"), 1, 3, "unexpected text after the document"),
        (bytes("[1}"), 1, 3, "expected ',' or ']' after a value"),
        (bytes("[01]"), 1, 2, "a number must not begin with 0"), (bytes("-"), 1, 2, "expected a digit"),
        (bytes("1."), 1, 3, "expected a digit"), (bytes("1e+"), 1, 4, "expected a digit"),
        (bytes(".5"), 1, 1, "expected a value"), (bytes("+1"), 1, 1, "expected a value"),
        (bytes("\"a"), 1, 1, "the string is not closed"), (bytes("\"a\\"), 1, 3, "the string is not closed"),
        (bytes("\"a\nb\""), 1, 3, "the string is not closed in its line"),
        (bytes("\"a\tb\""), 1, 3, "a control character in a string"),
        (bytes(#""\x41""#), 1, 2, "unknown escape in a string"),
        (bytes(#""\u12G4""#), 1, 6, "expected four hex digits after \\u"),
        (bytes("[\n \"é€\" 1]"), 2, 7, "expected ',' or ']' after a value"),
        ([0x22, 0xC3, 0x22], 1, 2, "not valid UTF-8"), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1, 2, "not valid UTF-8"),
        ([0x22, 0xC0, 0x80, 0x22], 1, 2, "not valid UTF-8"),
        ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1, 2, "not valid UTF-8"),
        ([0x5B, 0xFF, 0x5D], 1, 2, "not valid UTF-8"), (bytes("[1]//x"), 1, 4, "unexpected text after the document"),
    ]
    static let json5 = [
        "// a\n{a: 1, 'b': \"c\", $d_1: +.5, e: 5., f: -0xAf, g: Infinity, h: -NaN, i: [1, 2,], }/* b */",
        #"'it\'s \x41 \0 \a \\#n line'"#, "\u{feff}\u{a0}[]\u{2028}", "{é: '\t'}", "process.env.NAME",
        "[process.env.NAME!]",
        "{}//", "null", "1e5",
    ]
    static let json5Problems: [(text: String, line: Int, column: Int, message: String)] = [
        ("{a 1}", 1, 4, "expected ':' after a key"), ("{1a: 1}", 1, 2, "expected a key"),
        ("[\n/* a", 2, 1, "the comment is not closed"), ("{a: 1 / 2}", 1, 7, "expected a comment after '/'"),
        ("[,]", 1, 2, "expected a value"), ("[1,,]", 1, 4, "expected a value"),
        ("'a", 1, 1, "the string is not closed"),
        ("'\\1'", 1, 2, "unknown escape in a string"), ("0x", 1, 3, "expected a hex digit after 0x"),
        (".", 1, 2, "expected a digit"), ("+", 1, 2, "expected a digit"),
        ("process.env", 1, 1, "expected process.env.NAME"),
        ("{a: b}", 1, 5, "expected a value"),
    ]

    @Test("R5 what RFC 8259 allows is a document", arguments: documents)
    func accepts(_ text: String) {
        #expect(JSONScanner.check(bytes(text)) == nil)
        #expect(JSONScanner.checkJSON5(bytes(text)) == nil)
    }

    @Test("R5 what is no document is refused in words, with line and column", arguments: problems)
    func refuses(_ row: (text: [UInt8], line: Int, column: Int, message: String)) {
        #expect(
            JSONScanner.check(row.text) == JSONProblem(line: row.line, column: row.column, message: row.message))
    }

    @Test("R5 documents nest 512 deep and no deeper")
    func depth() {
        func nested(_ depth: Int) -> [UInt8] {
            (0..<depth).flatMap { bytes($0 % 3 == 0 ? "{\"a\":" : "[") } + bytes("1")
                + (0..<depth).reversed().flatMap { bytes($0 % 3 == 0 ? "}" : "]") }
        }
        #expect(JSONScanner.check(nested(512)) == nil)
        #expect(JSONScanner.check(nested(513))?.message == "nested too deep")
        #expect(JSONScanner.check(nested(3), depthMax: 2)?.message == "nested too deep")
        #expect(JSONScanner.check(Array(repeating: UInt8(ascii: "["), count: 1 << 20))?.column == 513)
    }

    @Test("JSON5 is taken where configuration is read", arguments: json5)
    func acceptsJSON5(_ text: String) {
        #expect(JSONScanner.checkJSON5(bytes(text)) == nil)
    }

    @Test("What is no JSON5 is refused in words, with line and column", arguments: json5Problems)
    func refusesJSON5(_ row: (text: String, line: Int, column: Int, message: String)) {
        let problem = JSONProblem(line: row.line, column: row.column, message: row.message)
        #expect(JSONScanner.checkJSON5(bytes(row.text)) == problem)
    }

    @Test("R5 the scanner agrees with a plain recursive reading of RFC 8259 on random texts")
    func reference() {
        var random = Seeded("reference")
        let pieces: [[UInt8]] =
            [
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\u00e9", "\\ud800", "1", "0", "-", ".5", "e1",
                "E+",
                "true", "null", "fals", "e", " ", "\n", "\t", "é", "😀",
            ].map { bytes($0) } + [[0], [0x1F], [0xC3], [0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF]]
        var accepted = 0
        for round in 0..<20_000 {
            var text: [UInt8]
            if round % 2 == 0 {
                text = random.join(pieces, upTo: 8)
            } else {
                // A document with one place changed is closer to the border than a random text.
                text = bytes(Self.documents[random.below(Self.documents.count)])
                text = bytes("{\"k\":[") + text + bytes("]}")
                let place = random.below(text.count)
                text.replaceSubrange(place..<place + random.below(2), with: pieces[random.below(pieces.count)])
            }
            var reader = ReferenceReader(text: text)
            let expected = reader.isDocument()
            if expected { accepted += 1 }
            let problem = JSONScanner.check(text)
            if (problem == nil) != expected {
                Issue.record("\(String(decoding: text, as: UTF8.self)) \(text): \(problem?.description ?? "accepted")")
            }
            // Every JSON document is a JSON5 document too.
            if expected && JSONScanner.checkJSON5(text) != nil { Issue.record("no JSON5: \(text)") }
        }
        #expect(accepted > 500)
    }
}
