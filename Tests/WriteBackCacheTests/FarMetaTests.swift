import Persist
import PersistTestKit
import Testing

@testable import WriteBackCache

@Suite("Meta of far values")
struct FarMetaTests {
    static let sum = FarSum(of: bytes("{}"), isJSON: true)

    @Test("Meta is canonical JSON with what is not default")
    func encoding() {
        var meta = FarMeta(mode: 0o644, uid: 1000, gid: 100, mtime: Timestamp(nanoseconds: 1_732_790_000_123_456_789))
        meta.describe(bytes("{ \"a\": 1 }\n"), isJSON: true)
        meta.attributes = [bytes("user.a"): bytes("é"), bytes("user.b"): [0xFF, 0x00], [0x75, 0xFF]: []]
        let sum = FarSum(of: bytes("{\"a\":1}"), isJSON: false).hex
        #expect(
            text(meta.encoded())
                == #"{"gid":100,"mode":420,"mtime":"1732790000.123456789","size":11,"sum":""# + sum
                + #"","text":"{ \"a\": 1 }\n","uid":1000,"v":1,"#
                + #""xattr":{"u%FF":"","user.a":"é","user.b":{"base64":"/wA="}}}"#)
        #expect(text(FarMeta().encoded()) == #"{"v":1}"#)
    }

    @Test("Meta without words of others is canonical too, and read as it was", arguments: 0..<64)
    func plain(_ bits: Int) throws {
        var meta = FarMeta(bits & 1 == 0 ? .file : .directory)
        if bits & 2 != 0 { (meta.mode, meta.uid, meta.gid) = (0o7777, .max, 0) }
        if bits & 4 != 0 { meta.mtime = Timestamp(nanoseconds: -1) }
        if bits & 8 != 0 { meta.size = bits & 16 == 0 ? 1 << 53 : 1 << 53 + 1 }
        if bits & 16 != 0 { (meta.isCarried, meta.hasMore) = (true, bits & 2 != 0) }
        if bits & 32 != 0 { meta.sum = Self.sum }
        let encoded = meta.encoded()
        #expect(CanonicalJSON.form(of: encoded) == encoded, "\(text(encoded))")
        #expect(FarMeta.decode(encoded) == .meta(meta))
    }

    static let kinds: [(kind: FarMeta.Kind, text: String)] = [
        (.file, #"{"v":1}"#), (.directory, #"{"dir":true,"v":1}"#),
        (.symlink(bytes("../a")), #"{"link":"../a","v":1}"#),
        (.symlink([0x61, 0xFF]), #"{"link":{"base64":"Yf8="},"v":1}"#), (.fifo, #"{"kind":"fifo","v":1}"#),
        (.socket, #"{"kind":"socket","v":1}"#), (.characterDevice(259), #"{"kind":"char","rdev":259,"v":1}"#),
        (.blockDevice(.max), #"{"kind":"block","rdev":"18446744073709551615","v":1}"#),
    ]

    @Test("R11 links, directories and special files are told apart", arguments: kinds)
    func special(_ row: (kind: FarMeta.Kind, text: String)) {
        #expect(text(FarMeta(row.kind).encoded()) == row.text)
        #expect(FarMeta.decode(bytes(row.text)) == .meta(FarMeta(row.kind)))
    }

    @Test(
        "R4 times are kept to the nanosecond, whoever wrote them anew",
        arguments: [
            (1_732_790_000_123_456_789, "1732790000.123456789"), (0, "0.000000000"), (-1, "-0.000000001"),
            (-1_500_000_000, "-1.500000000"), (.max, "9223372036.854775807"), (.min, "-9223372036.854775808"),
        ] as [(Int64, String)])
    func times(_ nanoseconds: Int64, _ text: String) {
        #expect(Timestamp(nanoseconds: nanoseconds).decimal == text)
        #expect(Timestamp(decimal: text)?.nanoseconds == nanoseconds)
    }

    @Test("Times in other spellings")
    func otherTimes() {
        #expect(Timestamp(decimal: "5")?.nanoseconds == 5_000_000_000)
        #expect(Timestamp(decimal: "5.25")?.nanoseconds == 5_250_000_000)
        #expect(Timestamp(decimal: "5.1234567899")?.nanoseconds == 5_123_456_789)
        for text in ["", "-", ".", "5.", ".5", "1e3", "+1", "1.2.3", "--1", "9223372036.854775808", "99999999999"] {
            #expect(Timestamp(decimal: text) == nil, "\(text)")
        }
    }

    @Test("What a host wrote anew is the same meta")
    func hosts() {
        let text = #"""
            { "mtime" : 1732790000.5, "mode": 420.0, "uid": 1e3, "later": [1, {"a": null}], "size": "17", "gid": null,
              "dir": false, "text": "\u0061", "sum": "\#(Self.sum.hex.uppercased())", "v": 1 }
            """#
        var meta = FarMeta(mode: 0o644, uid: 1000, mtime: Timestamp(nanoseconds: 1_732_790_000_500_000_000))
        (meta.text, meta.sum, meta.size) = (bytes("a"), Self.sum, 17)
        #expect(FarMeta.decode(bytes(text)) == .meta(meta))
    }

    @Test(
        "What is no meta of this version is known as that",
        arguments: [
            (#"{"v":2,"mode":[]}"#, .newer(version: 2)), ("", .damaged), ("[]", .damaged), ("{}", .damaged),
            (#"{"v":0}"#, .damaged), (#"{"v":"x"}"#, .damaged), (#"{"v":1,"mode":"rw"}"#, .damaged),
            (#"{"v":1,"uid":4294967296}"#, .damaged), (#"{"v":1,"sum":"ab"}"#, .damaged),
            (#"{"v":1,"size":"9223372036854775808"}"#, .damaged),
            (#"{"v":1,"kind":"char"}"#, .damaged), (#"{"v":1,"kind":"pipe"}"#, .damaged),
            (#"{"v":1,"link":{"base64":"*"}}"#, .damaged), (#"{"v":1,"dir":1}"#, .damaged),
            (#"{"v":1,"xattr":[]}"#, .damaged), ("{v:1}", .damaged),
        ] as [(String, FarMeta.Decoded)])
    func others(_ text: String, _ expected: FarMeta.Decoded) {
        #expect(FarMeta.decode(bytes(text)) == expected)
    }

    @Test("Every meta comes back as it was, and equal ones are equal bytes")
    func roundTrip() {
        var random = Seeded("roundTrip")
        for _ in 0..<3_000 {
            let meta = Self.random(&random)
            let bytes = meta.encoded()
            if FarMeta.decode(bytes) != .meta(meta) { Issue.record("\(meta) became \(text(bytes))") }
            if CanonicalJSON.form(of: bytes) != bytes { Issue.record("not canonical: \(text(bytes))") }
        }
    }

    @Test("What lay with a value says the same as the bytes that are made of it")
    func found() {
        var random = Seeded("found")
        for _ in 0..<1_000 {
            var attributes = Self.random(&random).carried
            attributes.hasMore = Bool.random(using: &random)
            attributes.mode = attributes.mode.map { $0 | 0o100000 }
            let found = FoundMeta(attributes)
            let read = FoundMeta(found.bytes)
            if found.meta != read.meta || found.canonical != read.canonical { Issue.record("\(attributes)") }
        }
    }

    // MARK: With a value

    @Test("The text is there only where it is not the canonical JSON of the value")
    func describe() {
        var meta = FarMeta()
        meta.describe(bytes(#"{"a":1}"#), isJSON: true)
        #expect(meta.text == nil && meta.size == 7)
        meta.describe(bytes(#"{"a": 1}"#), isJSON: true)
        #expect(meta.text == bytes(#"{"a": 1}"#))
        meta.describe(bytes(#"{"a": 1}"#), isJSON: false)
        #expect(meta.text == nil)
        // Another program's, which is no JSON.
        meta.describe(bytes("no"), isJSON: true)
        #expect(meta.text == nil && meta.sum == FarSum(of: bytes("no"), isJSON: false))
    }

    @Test("A value that a host wrote anew has its bytes back")
    func content() {
        let now = Timestamp(nanoseconds: 9)
        var meta = FarMeta(mode: 0o600, mtime: Timestamp(nanoseconds: 1))
        for mine in [#"{"b": [1.50, "\u00e9"], "a": 1}"#, #"{"a":1,"b":[1.5,"é"]}"#] {
            meta.describe(bytes(mine), isJSON: true)
            for theirs in [mine, #"{"b":[1.5,"é"],"a":1}"#, #"{"a": 1, "b": [1.5, "\u00e9"]}"#] {
                #expect(meta.current(for: bytes(theirs), isJSON: true, firstSeen: now) == meta)
                #expect(meta.content(for: bytes(theirs), isJSON: true) == bytes(mine))
            }
        }
    }

    @Test("Of meta that another program made stale mode and owner stand")
    func stale() {
        var meta = FarMeta(mode: 0o600, uid: 7, mtime: Timestamp(nanoseconds: 1))
        meta.describe(bytes(#"{"a": 1}"#), isJSON: true)
        let theirs = bytes(#"{ "a": 2 }"#)
        let left = meta.current(for: theirs, isJSON: true, firstSeen: Timestamp(nanoseconds: 9))
        var expected = FarMeta(mode: 0o600, uid: 7, mtime: Timestamp(nanoseconds: 9))
        expected.size = 10
        #expect(left == expected)
        #expect(left.content(for: theirs, isJSON: true) == theirs)
    }

    @Test("A number that another program changed is a change, also where one double stands for both")
    func staleNumber() {
        let now = Timestamp(nanoseconds: 9)
        for mine in [#"{"id": 1234567890123456788}"#, #"{"id":1234567890123456800}"#] {
            var meta = FarMeta(mtime: Timestamp(nanoseconds: 1))
            meta.describe(bytes(mine), isJSON: true)
            for (theirs, isStale) in [
                (#"{"id":1234567890123456788}"#, mine.contains("800")), (#"{"id":1234567890123456789}"#, true),
                // What JavaScript makes of it.
                (#"{"id":1234567890123456800}"#, false), (#"{"id":1.2345678901234568e+18}"#, false),
            ] {
                let left = meta.current(for: bytes(theirs), isJSON: true, firstSeen: now)
                #expect((left.mtime == now) == isStale, "\(mine) \(theirs)")
                #expect(left.content(for: bytes(theirs), isJSON: true) == bytes(isStale ? theirs : mine))
            }
        }
    }

    @Test("Records, and events of streams that take only JSON, are compared as documents")
    func isJSON() {
        #expect(FarSum.isJSON(ShownPath(.records, ["a.json"]), as: .document))
        #expect(FarSum.isJSON(ShownPath(.records, ["a.json", "%self"]), as: .document))
        #expect(!FarSum.isJSON(ShownPath(.records, ["a.md"]), as: .plain))
        #expect(FarSum.isJSON(ShownPath(.events, ["a.jsonl"]), as: .document))
        #expect(!FarSum.isJSON(ShownPath(.events, ["a.log"]), as: .document))
        #expect(!FarSum.isJSON(ShownPath(.kv, ["a.json"]), as: .document))
        #expect(!FarSum.isJSON(ShownPath(.blobs, ["a.json"]), as: .plain))
    }

    private static func random(_ random: inout Seeded) -> FarMeta {
        func maybe<T>(_ value: T) -> T? { random.below(2) == 0 ? value : nil }
        func some() -> [UInt8] {
            random.join([bytes("a"), bytes("é"), bytes("%FF"), bytes("\""), [0], [0xFF], [0xC3], bytes("😀")], upTo: 5)
        }
        let number = random.next() >> UInt64(random.below(64))
        let kinds: [FarMeta.Kind] = [
            .file, .directory, .symlink(some()), .fifo, .socket, .characterDevice(number), .blockDevice(number),
        ]
        var meta = FarMeta(
            kinds[random.below(kinds.count)], mode: maybe(UInt16(random.below(0o10000))),
            uid: maybe(UInt32(truncatingIfNeeded: random.next())), gid: maybe(UInt32.max),
            mtime: maybe(Timestamp(nanoseconds: Int64(bitPattern: random.next() >> UInt64(random.below(64))))))
        meta.sum = maybe(FarSum(of: some(), isJSON: false))
        meta.text = maybe(some())
        meta.size = maybe(random.next() >> UInt64(1 + random.below(63)))
        for _ in 0..<random.below(3) { meta.attributes[some()] = some() }
        return meta
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
