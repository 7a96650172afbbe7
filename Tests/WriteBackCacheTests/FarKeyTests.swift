import Persist
import PersistTestKit
import Testing

@testable import WriteBackCache

@Suite("Keys of a far side with four methods")
struct FarKeyTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let key: String
        let namespace: Namespace?
        let names: [FileName]
        var nameClass = NameClass.document

        init(_ key: String, _ namespace: Namespace?, _ names: [FileName], _ nameClass: NameClass = .document) {
            (self.key, self.namespace, self.names, self.nameClass) = (key, namespace, names, nameClass)
        }

        var path: ShownPath { ShownPath(namespace, names) }
        var testDescription: String { key }
    }

    static let contents = [
        Row("records/users/alice", .records, ["users", "alice.json"]),
        Row("records/a.json", .records, ["a.json.json"]), Row("records/user:1", .records, ["user:1.json"]),
        Row("records/", .records, ["%.json"]), Row("records/a//b", .records, ["a", "%", "b.json"]),
        Row("kv/theme", .kv, ["theme"]), Row("kv/%self", .kv, ["%25self"]), Row("kv/..", .kv, ["%2E%2E"]),
        Row("blobs/photos/cat.jpg", .blobs, ["photos", "cat.jpg"], .plain),
        Row("blobs/a.tmp", .blobs, ["a.tmp"], .temporary), Row("blobs/100%", .blobs, ["100%"], .plain),
        Row("blobs//", .blobs, ["%", "%"], .plain),
        Row(".persist/files/blobs/%self", .blobs, ["%self"], .plain),
        Row(".persist/files/kv/%self", .kv, ["%self"], .plain),
        Row(".persist/files/records/README.md", .records, ["README.md"], .plain),
        Row(".persist/files/records/.a.json.x1Yz23", .records, [".a.json.x1Yz23"], .temporary),
        Row(".persist/files/records/.json", .records, [".json"], .plain),
        Row(".persist/files/records/%.md", .records, ["%.md"], .plain),
        Row(".persist/files/events/.git/HEAD", .events, [".git", "HEAD"], .plain),
    ]

    @Test("The content of a file has one key, which leads back to its path", arguments: contents)
    func content(_ row: Row) {
        let key = FarKey.content(of: row.path, as: row.nameClass)
        #expect(key?.storeKey.description == row.key)
        #expect(FarKey(StoreKey(bytes(row.key))) == key)
        #expect(key?.path() == row.path)
    }

    @Test("The value of a key that is also a prefix is %self, its attributes stay where they were")
    func prefix() {
        let rows: [(Namespace, FileName)] = [(.records, "a.json"), (.kv, "a"), (.blobs, "a")]
        for (namespace, names) in rows {
            let value = FarKey.value(namespace, key: bytes("a"))
            let path = ShownPath(namespace, [names, "%self"])
            #expect(value.path(isPrefix: true) == path)
            #expect(FarKey.content(of: path, as: .document) == value)
            let meta = FarKey.meta(of: path, .file, as: .document)
            #expect(meta == .meta(ShownPath(namespace, [names]), isDirectory: false))
            #expect(FarKey.meta(of: ShownPath(namespace, [names]), .file, as: .document) == meta)
            #expect(
                FarKey.meta(of: ShownPath(namespace, [names]), .directory, as: .plain)
                    == .meta(ShownPath(namespace, [names]), isDirectory: true))
            // A symbolic link of that name is no value.
            #expect(FarKey.meta(of: path, .symlink, as: .plain) == .meta(path, isDirectory: false))
        }
        let plain = ShownPath(.records, ["a", "%self"])
        #expect(FarKey.meta(of: plain, .file, as: .plain) == .meta(plain, isDirectory: false))
        #expect(FarKey.content(of: plain, as: .plain) == .file(plain))
    }

    static let metas = [
        Row(".persist/meta/records/users/alice.json", .records, ["users", "alice.json"]),
        Row(".persist/meta/blobs/link", .blobs, ["link"]), Row(".persist/meta/events/a.jsonl", .events, ["a.jsonl"]),
        Row(".persist/meta/kv/%self", .kv, ["%self"]),
    ]

    @Test("Attributes are under the path that is shown", arguments: metas)
    func attributes(_ row: Row) {
        let key = FarKey.meta(of: row.path, .file, as: .document)
        #expect(key.storeKey.description == row.key)
        #expect(FarKey(key.storeKey) == key)
        #expect(key.path() == row.path)
    }

    @Test("Those of directories have a / behind them, the root and the namespaces too")
    func directories() {
        for (path, key) in [
            (ShownPath(nil), ".persist/meta/"), (ShownPath(.kv), ".persist/meta/kv/"),
            (ShownPath(.blobs, ["a", "b"]), ".persist/meta/blobs/a/b/"),
        ] {
            let meta = FarKey.meta(of: path, .directory, as: .plain)
            #expect(meta.storeKey.description == key)
            #expect(FarKey(meta.storeKey) == meta)
        }
    }

    @Test(
        "What is nothing of ours stays as it is",
        arguments: [
            "", "records", "other/a", "Records/a", ".persist", ".persist/", ".persist/files", ".persist/files/",
            ".persist/files/kv", ".persist/files/kv/", ".persist/files/other/a", ".persist/files/kv/a/",
            ".persist/files/kv//a", ".persist/files/kv/../a", ".persist/meta/kv", ".persist/meta/kv//",
            ".persist/meta//", ".persist/meta/other/", ".persist/index/a", "events/a", "events/",
            "events/018f0000abcd0001-00c0ffee", "events//018f0000abcd0001-00c0ffee",
            "events/a/018f0000abcd0001-00C0FFEE", "events/a/018f0000abcd0001_00c0ffee",
            "events/a/018f0000abcd0001-00c0ffe", "events/a/018f0000abcd00010-00c0ffe",
            "events/a.jsonl/018f0000abcd0001-00c0ffee", "events/a//018f0000abcd0001-00c0ffee",
        ])
    func foreign(_ key: String) {
        #expect(FarKey(StoreKey(bytes(key))) == nil)
    }

    @Test("Every key stands for one thing, whose key it is")
    func keys() {
        var random = Seeded("keys")
        var (found, hashed) = (0, 0)
        for _ in 0..<20_000 {
            let key = StoreKey(
                bytes(Self.prefixes[random.below(Self.prefixes.count)]) + random.join(Self.pieces, upTo: 7))
            guard let meaning = FarKey(key) else { continue }
            found += 1
            if meaning.storeKey != key { Issue.record("\(key.bytes) is \(meaning), then \(meaning.storeKey.bytes)") }
            // Adapters whose keys are text say the same by other letters.
            let text = KeyText.text(of: key.bytes)
            if KeyText.key(of: text) != key.bytes { Issue.record("\(key.bytes) as text is \(text)") }
            if !text.starts(with: key.bytes.prefix { $0 != UInt8(ascii: "/") }) { Issue.record("\(text)") }
            guard case .value(let namespace, let below) = meaning else { continue }
            for isPrefix in [false, true] {
                let path = meaning.hashedPath(isPrefix: isPrefix)
                let isHashed = meaning.path(isPrefix: isPrefix) == nil
                if isHashed { hashed += 1 }
                let back = FarKey.content(of: path, as: .document, storedKey: isHashed ? below : nil)
                if back != .value(namespace, key: below) { Issue.record("\(key.bytes) is shown at \(path)") }
                let meta = FarKey.meta(of: path, .file, as: .document)
                if !isHashed && meta != .meta(meaning.hashedPath(), isDirectory: false) { Issue.record("\(meta)") }
            }
        }
        #expect(found > 5_000 && hashed > 20)
    }

    @Test("Every file has a key of its own, which leads back to it")
    func paths() {
        var random = Seeded("paths")
        var seen: [FarKey: ShownPath] = [:]
        for _ in 0..<20_000 {
            var names: [FileName] = []
            for _ in 0...random.below(3) {
                let piece = random.join(Self.pieces, upTo: 4).filter { $0 != UInt8(ascii: "/") }
                if let name = try? FileName(Array(piece.prefix(255))) { names.append(name) }
            }
            guard !names.isEmpty else { continue }
            let path = ShownPath(Namespace.allCases[random.below(4)], names)
            let nameClass = NameClass.of(names, in: path.namespace)
            guard let key = FarKey.content(of: path, as: nameClass) else {
                guard let stream = EventKey.stream(of: path) else {
                    Issue.record("the log \(path) has no stream")
                    continue
                }
                if EventKey.path(ofStream: stream).names != names, !path.isSelf { Issue.record("\(path) is \(stream)") }
                continue
            }
            if FarKey(key.storeKey) != key { Issue.record("\(path) is \(key)") }
            let isSelf = path.isSelf && key != .file(path)
            if key.path(isPrefix: isSelf) != path {
                Issue.record("\(path) is \(key), then \(String(describing: key.path()))")
            }
            // The value of a directory's key is there once, under one of two paths.
            let shown = isSelf ? ShownPath(path.namespace, Array(names.dropLast())) : path
            if let other = seen.updateValue(shown, forKey: key), other != shown { Issue.record("\(other), \(path)") }
        }
    }

    static let prefixes = [
        "records/", "kv/", "blobs/", "events/", ".persist/files/records/", ".persist/files/", ".persist/meta/",
        ".persist/meta/kv/", ".persist/", "",
    ]
    static let pieces: [[UInt8]] =
        [
            "/", "/", "%", "%25", "%2E", "%00", "%self", "%~", ".", "..", ".json", ".jsonl", ".log", "a", "b", "é",
            ".tmp", "~",
        ]
        .map { bytes($0) } + [[0], [0xFF], [0xC3]]
        + Array(repeating: Array(repeating: UInt8(ascii: "x"), count: 250), count: 5)
        + (0...255).map { [$0] }
}
