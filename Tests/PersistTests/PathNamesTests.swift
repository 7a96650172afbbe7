import Persist
import PersistTestKit
import Testing

@Suite("Keys and paths")
struct PathNamesTests {
    static let table: [(namespace: Namespace, key: String, path: [FileName])] = [
        (.records, "users/alice", ["users", "alice.json"]), (.records, "user:1", ["user:1.json"]),
        (.records, "a.json", ["a.json.json"]), (.records, "", ["%.json"]), (.records, "a/", ["a", "%.json"]),
        (.records, ".", ["%2E.json"]), (.records, "a//b", ["a", "%", "b.json"]), (.kv, "theme", ["theme"]),
        (.kv, "/a", ["%", "a"]), (.kv, "", ["%"]), (.kv, "..", ["%2E%2E"]), (.kv, "%self", ["%25self"]),
        (.events, "orders.jsonl", ["orders.jsonl"]), (.blobs, "photos/2026/cat.jpg", ["photos", "2026", "cat.jpg"]),
    ]

    @Test("Keys and the paths that show them", arguments: table)
    func examples(_ row: (namespace: Namespace, key: String, path: [FileName])) {
        let path = PathNames.path(of: bytes(row.key), in: row.namespace)
        #expect(path.names == row.path)
        #expect(!path.isHashed)
        #expect(PathNames.key(of: row.path, in: row.namespace) == bytes(row.key))
    }

    @Test("The value of a key that is also a prefix is %self in its directory")
    func prefix() {
        #expect(PathNames.path(of: bytes("a/b"), in: .kv, isPrefix: true).names == ["a", "b", "%self"])
        #expect(PathNames.path(of: bytes("a"), in: .records, isPrefix: true).names == ["a.json", "%self"])
        #expect(PathNames.key(of: ["a", "b", "%self"], in: .kv) == bytes("a/b"))
        #expect(PathNames.key(of: ["a.json", "%self"], in: .records) == bytes("a"))
        #expect(PathNames.key(of: ["a", "%self"], in: .records) == nil)
        #expect(PathNames.key(of: ["%self"], in: .kv) == nil)
        #expect(PathNames.key(of: ["a", "%self", "%self"], in: .kv) == nil)
    }

    @Test("The limit of 255 bytes includes .json")
    func limit() {
        let long = Array(repeating: UInt8(ascii: "a"), count: 251)
        let path = PathNames.path(of: long, in: .records)
        #expect(path.isHashed && path.names[0].bytes.count == 66 + 5)
        #expect(PathNames.key(of: path.names, in: .records) == nil)
        #expect(!PathNames.path(of: Array(long.dropLast()), in: .records).isHashed)
        #expect(!PathNames.path(of: long, in: .kv).isHashed)
    }

    @Test("Every key has a path that leads back to it alone")
    func keys() {
        var random = Seeded("keys")
        for _ in 0..<10_000 {
            let key = random.join(KeyEscapeTests.pieces + [bytes("/")], upTo: 7)
            let namespace = Namespace.allCases[random.below(4)]
            let isPrefix = random.below(4) == 0
            let path = PathNames.path(of: key, in: namespace, isPrefix: isPrefix)
            let back = PathNames.key(of: path.names, in: namespace)
            if back != (path.isHashed ? nil : key) { Issue.record("\(key) became \(path), then \(back ?? [])") }
            if PathNames.hasKey(path.names, in: namespace) != (back != nil) { Issue.record("hasKey of \(path)") }
        }
    }

    @Test("Every path that shows a key is the path of that key")
    func paths() {
        var random = Seeded("paths")
        var found = 0
        for _ in 0..<10_000 {
            let namespace = Namespace.allCases[random.below(4)]
            var path: [FileName] = []
            for _ in 0...random.below(3) {
                guard let name = try? FileName(random.join(KeyEscapeTests.pieces, upTo: 4)) else { continue }
                path.append(name)
            }
            let key = PathNames.key(of: path, in: namespace)
            if PathNames.hasKey(path, in: namespace) != (key != nil) { Issue.record("hasKey of \(path)") }
            guard let key else { continue }
            found += 1
            let again = PathNames.path(of: key, in: namespace, isPrefix: path.last == "%self").names
            if again != path { Issue.record("\(path) is \(key), which is \(again)") }
        }
        #expect(found > 500)
    }

    @Test("Keys that are not UTF-8 are written in TEXT columns as text, and come back")
    func text() {
        #expect(KeyText.text(of: bytes("users/é%41 100%")) == bytes("users/é%41 100%"))
        #expect(KeyText.text(of: [0x61, 0xFF, 0x25]) == bytes("a%FF%25"))
        #expect(KeyText.text(of: bytes("é") + [0]) == bytes("é%00"))
        #expect(KeyText.text(of: bytes("é%00")) == bytes("é%2500"))
        #expect(KeyText.key(of: bytes("a%FF")) == [0x61, 0xFF])
        #expect(KeyText.key(of: bytes("%C3%A9")) == bytes("%C3%A9"))
        var random = Seeded("text")
        let pieces =
            KeyEscapeTests.pieces.filter { $0.count < 40 }
            + [
                bytes("%FF"), bytes("%C3"), [0xED, 0xA0, 0x80], [0xF5], [0xC0, 0x80], [0xE2, 0x82], [0xA9], bytes("😀"),
            ]
        for _ in 0..<20_000 {
            let key = random.join(pieces, upTo: 6)
            let text = KeyText.text(of: key)
            if String(validating: text, as: UTF8.self) == nil || text.contains(0) { Issue.record("no text: \(key)") }
            if KeyText.key(of: text) != key { Issue.record("\(key) became \(text)") }
            // What is text already names one key as well.
            if String(validating: key, as: UTF8.self) != nil && !key.contains(0)
                && KeyText.text(of: KeyText.key(of: key)) != key
            {
                Issue.record("\(key) is the text of no key")
            }
        }
    }
}
