import PersistTestKit
import Testing

@testable import Persist

@Suite("Canonical JSON")
struct CanonicalJSONTests {
    /// Appendix B of RFC 8785.
    static let doubles: [(bits: UInt64, text: String)] = [
        (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ]
    static let table: [(text: String, form: String)] = [
        // RFC 8785, 3.2.2 and 3.2.3.
        (
            #"""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """#,
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#
                + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        ),
        (
            #"""
            {
              "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
              "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
              "\u00f6": "Latin Small Letter O With Diaeresis"
            }
            """#,
            #"{"\r":"Carriage Return","1":"One","# + "\"\u{80}\":\"Control\","
                + #""ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","#
                + "\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        ),
        // Numbers.
        ("-0", "0"), ("0.0", "0"), ("-0e5", "0"), ("10", "10"), ("1.0", "1"), ("1e2", "100"), ("-1E+2", "-100"),
        ("123456789012345", "123456789012345"), ("12345678901234567890", "12345678901234567000"),
        ("1e-400", "0"), ("-1e-400", "0"), ("1e400", "1e400"), ("-1.50E400", "-1.50E400"),
        ("0.1e1", "1"), ("100e-2", "1"), ("0.00001", "0.00001"), ("0.0000001", "1e-7"),
        // Strings.
        (#""\/\u0041\u00e9\b\f\n\r\t\u0008\u007f""#, "\"/Aé\\b\\f\\n\\r\\t\\b\u{7f}\""),
        (#""\ud83d\ude00\uD83D\uDE00😀""#, "\"😀😀😀\""), (#""\uD800""#, #""\ud800""#),
        (#""\udC00\ud800""#, #""\udc00\ud800""#), (#""\ud800\ud800\udc00x""#, #""\ud800\#u{10000}x""#),
        (#""\ud800\n""#, #""\ud800\n""#),
        // Keys.
        (#"{"b":1,"a":2}"#, #"{"a":2,"b":1}"#), (#"{"a":3,"b":1,"a":2,"\u0061":1}"#, #"{"a":3,"a":2,"a":1,"b":1}"#),
        (#"{"ab":1,"a":2,"a!":3,"":4}"#, #"{"":4,"a":2,"a!":3,"ab":1}"#),
        (#"{"\\":1,"a":2,"\n":3,"\"":4,"Z":5}"#, #"{"\n":3,"\"":4,"Z":5,"\\":1,"a":2}"#),
        (
            #"{"\udc00":1,"\ud800x":2,"\ud800\udc00":3,"\ue000":4}"#,
            #"{"\ud800x":2,"\#u{10000}":3,"\udc00":1,"\#u{e000}":4}"#
        ),
        (#"{"b":{"d":[{"f":1,"e":2}],"c":{}},"a":[]}"#, #"{"a":[],"b":{"c":{},"d":[{"e":2,"f":1}]}}"#),
        (" [ 1 , [ ] , { } ]\n", "[1,[],{}]"), (" null ", "null"),
    ]

    @Test("A document has the form that RFC 8785 gives it", arguments: table)
    func examples(_ row: (text: String, form: String)) {
        #expect(CanonicalJSON.form(of: bytes(row.text)).map(text) == row.form)
    }

    static let rewritings: [(value: String, text: String, isOne: Bool)] = [
        (#"{"a":1,"b":"1"}"#, #"{ "b": "\u0031", "a": 1.0 }"#, true), ("[1,2]", "[1,3]", false),
        ("[1]", "[1,1]", false),
        ("1234567890123456800", "1234567890123456788", true), ("1234567890123456788", "1234567890123456800", false),
        ("1234567890123456789", "1234567890123456788", false), ("-9007199254740992", "-9007199254740993", true),
        ("1e+22", "10000000000000000000001", true), ("0", "-0", true), ("0.1", "0.10000000000000001", true),
        ("1e400", "1E400", false), ("1e400", "1e400", true), ("[true,1e1]", "[true,10]", true),
        (#"["1","\"2",3]"#, #"["1","\"2",3.0]"#, true), (#"["1"]"#, #"["10"]"#, false),
        (#"{"1":1}"#, #"{"2":1}"#, false),
        ("x", "1", false), ("1", "\"1\"", false), ("\"\\\\\"", "\"\\u005c\"", true), ("null", "-1", false),
    ]

    @Test("What only writes a document anew is told from a change", arguments: rewritings)
    func tellsRewriting(_ row: (value: String, text: String, isOne: Bool)) {
        #expect(CanonicalJSON.isRewriting(bytes(row.value), of: bytes(row.text)) == row.isOne)
    }

    @Test("Doubles print as in appendix B of RFC 8785", arguments: doubles)
    func numbers(_ row: (bits: UInt64, text: String)) {
        var output: [UInt8] = []
        CanonicalJSON.append(Double(bitPattern: row.bits), to: &output)
        #expect(text(output) == row.text)
        #expect(CanonicalJSON.form(of: output).map(text) == row.text)
    }

    @Test("What is no document has no form", arguments: ["", "[1,]", "01", "{\"a\" 1}", "\"\\x\"", "1 2"])
    func refuses(_ text: String) {
        #expect(CanonicalJSON.form(of: bytes(text)) == nil)
    }

    @Test("R5 the form of a document nests as deep as documents may")
    func depth() {
        let deep = Array(repeating: UInt8(ascii: "["), count: 512) + Array(repeating: UInt8(ascii: "]"), count: 512)
        #expect(CanonicalJSON.form(of: deep) == deep)
        #expect(CanonicalJSON.form(of: [UInt8(ascii: "[")] + deep + [UInt8(ascii: "]")]) == nil)
        #expect(CanonicalJSON.form(of: bytes("[[]]"), depthMax: 1) == nil)
    }

    @Test("A slice has the form of its bytes")
    func slice() {
        #expect(
            CanonicalJSON.form(of: bytes(#"xx{"b": "\u0062", "a":1}yy"#).dropFirst(2).dropLast(2))
                == bytes(#"{"a":1,"b":"b"}"#))
    }

    @Test("All spellings of a document have one form, which is its own")
    func spellings() {
        var random = Seeded("spellings")
        for _ in 0..<1_500 {
            let value = JSONSample.random(&random, depth: 4)
            let (first, second) = (value.spelled(&random), value.spelled(&random))
            guard let form = CanonicalJSON.form(of: first) else {
                Issue.record("no form: \(text(first))")
                continue
            }
            if CanonicalJSON.form(of: second) != form { Issue.record("two forms: \(text(first)) \(text(second))") }
            if CanonicalJSON.form(of: form) != form { Issue.record("changes: \(text(first)) \(text(form))") }
            if !CanonicalJSON.isRewriting(form, of: first) || !CanonicalJSON.isRewriting(second, of: first) {
                Issue.record("a change: \(text(first)) \(text(second))")
            }
        }
    }

    @Test("The form of any document is a document with that form")
    func idempotent() {
        var random = Seeded("idempotent")
        let pieces = [
            "\"\\ud83d", "\"\\ude00\"", "\\ud83d", "\\udE00", "\"", "\"a\"", "{", "}", "[", "]", ":", ",", "1", "-0",
            "e5",
            "1.50", "1e999", " ", "\\n", "\\\\", "é", "😀",
        ].map { bytes($0) }
        var found = 0
        for _ in 0..<60_000 {
            let text = bytes("[") + random.join(pieces, upTo: 6) + bytes("]")
            guard let form = CanonicalJSON.form(of: text) else { continue }
            found += 1
            if CanonicalJSON.form(of: form) != form { Issue.record("\(text) \(form)") }
        }
        #expect(found > 1_000)
    }

    @Test("Random doubles read back as they were, in ECMAScript's spelling")
    func randomDoubles() throws {
        var random = Seeded("randomDoubles")
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite, value != 0 else { continue }
            var output: [UInt8] = []
            CanonicalJSON.append(value, to: &output)
            let text = text(output)
            if Double(text) != value { Issue.record("\(value) is \(text)") }
            let exponent = abs(value) >= 1e21 || abs(value) < 1e-6
            if text.contains("e") != exponent || text.hasSuffix(".0") { Issue.record("\(value) is \(text)") }
        }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
