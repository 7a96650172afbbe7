import Persist
import PersistTestKit
import Testing

@Suite("Merging JSON documents by field")
struct JSONMergeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let base: String
        let mine: String
        let theirs: String
        let result: String?

        init(_ base: String, _ mine: String, _ theirs: String, _ result: String?) {
            (self.base, self.mine, self.theirs, self.result) = (base, mine, theirs, result)
        }

        var testDescription: String { "\(base) \(mine) \(theirs)" }
    }

    static let merges = [
        // Both sides changed other fields.
        Row(#"{"a":1,"b":1}"#, #"{"a":2,"b":1}"#, #"{"a":1,"b":2}"#, #"{"a":2,"b":2}"#),
        Row(#"{"a":{"x":1,"y":1}}"#, #"{"a":{"x":2,"y":1}}"#, #"{"a":{"x":1,"y":2}}"#, #"{"a":{"x":2,"y":2}}"#),
        Row(#"{"a":1}"#, #"{"a":1,"b":2}"#, #"{"c":3,"a":1}"#, #"{"c":3,"a":1,"b":2}"#),
        Row(#"{"a":1,"b":1}"#, #"{"b":1}"#, #"{"a":1,"b":1,"c":1}"#, #"{"b":1,"c":1}"#),
        Row(#"{"a":1,"b":1}"#, #"{"b":1}"#, #"{"a":1}"#, "{}"),
        Row(#"{}"#, #"{"a":{"x":1}}"#, #"{"a":{"y":2}}"#, #"{"a":{"x":1,"y":2}}"#),
        // Alike.
        Row(#"{"a":1}"#, #"{"a":[1.0]}"#, #"{"a":[1],"b":2}"#, #"{"a":[1.0],"b":2}"#),
        Row(#"{"a":1}"#, #"{}"#, #"{ }"#, "{}"),
        Row("1", "2", "2.0", "2"),
        // The layout and the spelling of mine, the bytes of theirs.
        Row(
            "{\n  \"a\": 1,\n  \"b\": 1\n}\n", "{\n  \"b\": 1.0,\n  \"a\": 2\n}\n", #"{"a":1,"b":{"x":[1, 2]}}"#,
            "{\n  \"b\": {\"x\":[1, 2]},\n  \"a\": 2\n}\n"
        ),
        Row(
            "{\n  \"a\": 1,\n  \"b\": 1\n}", "{\n  \"a\": 2,\n  \"b\": 1\n}", #"{"a":1, "n": 0, "b":1, "z":2}"#,
            "{\n  \"a\": 2,\n  \"n\": 0,\n  \"b\": 1,\n  \"z\":2\n}"
        ),
        Row("{\n\t\"a\": 1\n}", "{\n\t\"a\": 2\n}", #"{"a":1,"b":3}"#, "{\n\t\"a\": 2,\n\t\"b\":3\n}"),
        Row(#"{"a": 1}"#, #"{"a": 2}"#, #"{"a": 1, "b": 3}"#, #"{"a": 2, "b": 3}"#),
        Row(#"{ "a": 1, "b": 1 }"#, #"{ "a": 1, "b": 2 }"#, #"{"b":1}"#, #"{ "b": 2 }"#),
        Row(#"{"a":1}"#, #" {"a":1, "b":{} } "#, #"{"a":1,"c":2}"#, #" {"a":1, "c":2, "b":{} } "#),
        Row(#"{"a":1,"b":1}"#, #"{"b":2}"#, "{\n \"a\":1,\n \"c\":3,\n \"b\":1\n}", #"{"c":3,"b":2}"#),
        Row(
            #"{"a":1,"o":{}}"#, #"{"a":2,"o":{}}"#, "{\"a\":1,\"o\":{\n \"x\":1\n}}", "{\"a\":2,\"o\":{\n \"x\":1\n}}"
        ),
        // One double stands for both numbers, and yet it is a change; what JavaScript makes of one is none.
        Row(
            #"{"a":1,"id":1234567890123456788}"#, #"{"a":2,"id":1234567890123456788}"#,
            #"{"a":1,"id":1234567890123456789}"#, #"{"a":2,"id":1234567890123456789}"#
        ),
        Row(
            #"{"a":1,"id":1234567890123456788}"#, #"{"a":2,"id":1234567890123456788}"#,
            #"{"a":1,"b":1,"id":1234567890123456800}"#, #"{"a":2,"b":1,"id":1234567890123456788}"#
        ),
        Row(
            #"{"a":1,"id":1234567890123456800}"#, #"{"a":2,"id":1234567890123456800}"#,
            #"{"a":1,"id":1234567890123456788}"#, #"{"a":2,"id":1234567890123456788}"#
        ),
        // Keys are what they mean.
        Row(#"{"é":1,"b":1}"#, #"{"\u00e9":2,"b":1}"#, #"{"é":1,"b":2}"#, #"{"\u00e9":2,"b":2}"#),
        // Objects that became something else, and the other way.
        Row(#"{"a":{"x":1},"b":1}"#, #"{"a":5,"b":1}"#, #"{"a":{"x":1.0},"b":2}"#, #"{"a":5,"b":2}"#),
        Row(#"{"a":5,"b":1}"#, #"{"a":5,"b":2}"#, #"{"a":{"x":1},"b":1}"#, #"{"a":{"x":1},"b":2}"#),
    ]
    static let conflicts = [
        Row(#"{"a":1}"#, #"{"a":2}"#, #"{"a":3}"#, nil), Row(#"{}"#, #"{"a":2}"#, #"{"a":3}"#, nil),
        Row(#"{"a":1}"#, #"{}"#, #"{"a":2}"#, nil), Row(#"{"a":{"x":1}}"#, #"{"a":{"x":2}}"#, #"{}"#, nil),
        Row(#"{"a":[1,2]}"#, #"{"a":[1,3]}"#, #"{"a":[0,2]}"#, nil), Row("1", "2", "3", nil),
        Row(#"{"a":1}"#, #"{"a":{"x":1}}"#, #"{"a":{"y":1}}"#, nil), Row(#"{"a":1}"#, "[]", #"{"a":2}"#, nil),
        Row(#"{"a":{"x":1}}"#, #"{"a":{"x":2}}"#, #"{"a":0}"#, nil),
        // Nothing that can be merged.
        Row(#"{"a":1,"a":1}"#, #"{"a":2}"#, #"{"a":1,"b":1}"#, nil),
        Row(#"{"a":1}"#, #"{"a":2,"\u0061":2}"#, #"{"a":1}"#, nil),
        Row(#"{"a":1}"#, #"{"a":1}"#, #"{"a":1,"b":[{"c":1,"c":2}]}"#, nil),
        Row("[1]", "[1234567890123456788]", "[1234567890123456789]", nil), Row("x", "1", "x", nil),
        Row("1", "x", "1", nil), Row("1", "1", "", nil),
    ]

    @Test("R10 edits of other fields become one document", arguments: merges)
    func becomesOne(_ row: Row) {
        #expect(merge(row) == row.result)
    }

    @Test("R10 edits of one field, and what is no document, are left to the person", arguments: conflicts)
    func refuses(_ row: Row) {
        #expect(merge(row) == nil)
        #expect(merge(Row(row.base, row.theirs, row.mine, nil)) == nil)
    }

    @Test("Documents merge as deep as they may nest")
    func depth() {
        func nested(_ inner: String) -> [UInt8] {
            (0..<512).reduce(bytes(inner)) { inner, _ in bytes("{\"a\":") + inner + bytes("}") }
        }
        let inner = [#"{"x":1,"y":1}"#, #"{"x":2,"y":1}"#, #"{"x":1,"y":2}"#, #"{"x":2,"y":2}"#].map { text in
            (0..<511).reduce(bytes(text)) { inner, _ in bytes("{\"a\":") + inner + bytes("}") }
        }
        #expect(JSONMerge.merge(base: inner[0], mine: inner[1], theirs: inner[2]) == inner[3])
        #expect(JSONMerge.merge(base: nested("{}"), mine: nested("{}"), theirs: nested("{}")) == nil)
        #expect(JSONMerge.merge(base: bytes("[[1]]"), mine: bytes("1"), theirs: bytes("[[1]]"), depthMax: 1) == nil)
    }

    @Test("R10 a side that changed nothing leaves the bytes of the other")
    func unchanged() {
        var random = Seeded("unchanged")
        for _ in 0..<500 {
            let base = JSONSample.random(&random, depth: 3).spelled(&random)
            let other = JSONSample.random(&random, depth: 3).spelled(&random)
            #expect(JSONMerge.merge(base: base, mine: other, theirs: base) == other)
            #expect(JSONMerge.merge(base: base, mine: base, theirs: other) == other)
            #expect(JSONMerge.merge(base: base, mine: other, theirs: other) == other)
        }
    }

    @Test("R10 random edits merge field by field, or not at all, whichever side is mine")
    func randomEdits() {
        var random = Seeded("randomEdits")
        var (merged, conflicts) = (0, 0)
        for _ in 0..<3_000 {
            let base = JSONSample.object(random.members(depth: 3))
            let (mine, theirs) = (base.edited(&random), base.edited(&random))
            let texts = [base, mine, theirs].map { $0.spelled(&random) }
            let result = JSONMerge.merge(base: texts[0], mine: texts[1], theirs: texts[2])
            let swapped = JSONMerge.merge(base: texts[0], mine: texts[2], theirs: texts[1])
            let form = result.flatMap { CanonicalJSON.form(of: $0) }
            let expected = JSONSample.merge(base, mine, theirs)?.form
            if form != expected || (result == nil) != (expected == nil)
                || swapped.flatMap({ CanonicalJSON.form(of: $0) }) != form
            {
                let words = texts.map { String(decoding: $0, as: UTF8.self) }
                Issue.record("\(words) became \(String(decoding: result ?? [], as: UTF8.self))")
            }
            if expected == nil { conflicts += 1 } else { merged += 1 }
        }
        #expect(merged > 500 && conflicts > 200)
    }

    @Test("R10 edits that do not overlap always merge, and all of them are there")
    func disjoint() {
        var random = Seeded("disjoint")
        for _ in 0..<1_000 {
            var sides = [[JSONSample.Member]](repeating: [], count: 3)
            var expected: [JSONSample.Member] = []
            for number in 0..<random.below(6) {
                let key = Array("k\(number)".utf16)
                // Absent, or a value; one side changes it.
                let old = random.below(3) == 0 ? nil : JSONSample.random(&random, depth: 2)
                let new = random.below(3) == 0 ? nil : JSONSample.random(&random, depth: 2)
                let side = 1 + random.below(2)
                for index in 0..<3 {
                    guard let value = index == side ? new : old else { continue }
                    sides[index].append(JSONSample.Member(key: key, value: value))
                }
                if let new { expected.append(JSONSample.Member(key: key, value: new)) }
            }
            let texts = sides.map { JSONSample.object($0).spelled(&random) }
            let result = JSONMerge.merge(base: texts[0], mine: texts[1], theirs: texts[2])
            #expect(result.flatMap { CanonicalJSON.form(of: $0) } == JSONSample.object(expected).form)
        }
    }

    private func merge(_ row: Row) -> String? {
        JSONMerge.merge(base: bytes(row.base), mine: bytes(row.mine), theirs: bytes(row.theirs))
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Seeded {
    fileprivate mutating func members(depth: Int) -> [JSONSample.Member] {
        (0..<below(5)).map { number in
            let value: JSONSample =
                depth > 0 && below(2) == 0 ? .object(members(depth: depth - 1)) : .random(&self, depth: 1)
            return JSONSample.Member(key: [0x61 + UInt16(number)], value: value)
        }
    }
}

extension JSONSample {
    /// Some fields changed, removed or added, at any depth.
    fileprivate func edited(_ random: inout Seeded) -> JSONSample {
        guard case .object(var members) = self else {
            return random.below(4) == 0 ? .random(&random, depth: 1) : self
        }
        for index in members.indices.reversed() {
            switch random.below(8) {
            case 0: members.remove(at: index)
            case 1, 2, 3: members[index].value = members[index].value.edited(&random)
            default: break
            }
        }
        if random.below(4) == 0 {
            let key = [0x61 + UInt16(random.below(7))]
            if !members.contains(where: { $0.key == key }) {
                members.append(Member(key: key, value: .random(&random, depth: 1)))
            }
        }
        return .object(members)
    }

    /// The same by another way: over values, without their texts.
    fileprivate static func merge(_ base: JSONSample?, _ mine: JSONSample, _ theirs: JSONSample) -> JSONSample? {
        if case .object(let ours) = mine, case .object(let others) = theirs {
            var old: [Member]? = []
            if case .object(let members)? = base { old = members } else if base != nil { old = nil }
            if let old {
                var result: [Member] = []
                for key in Set((ours + others).map(\.key)) {
                    func find(_ members: [Member]) -> JSONSample? { members.first { $0.key == key }?.value }
                    switch (find(old), find(ours), find(others)) {
                    case (let was, let one?, let two?):
                        guard let value = merge(was, one, two) else { return nil }
                        result.append(Member(key: key, value: value))
                    case (nil, let one?, nil): result.append(Member(key: key, value: one))
                    case (nil, nil, let two?): result.append(Member(key: key, value: two))
                    case (let was?, let one?, nil): guard was.form == one.form else { return nil }
                    case (let was?, nil, let two?): guard was.form == two.form else { return nil }
                    default: break
                    }
                }
                return .object(result)
            }
        }
        if mine.form == theirs.form { return mine }
        guard let base else { return nil }
        if base.form == theirs.form { return mine }
        return base.form == mine.form ? theirs : nil
    }
}
