import Persist
import PersistTestKit
import Testing

@Suite("Classes of names")
struct NameClassTests {
    static let temporaries = [
        ".alice.json.Xy12Zz", ".~tmp~", ".rsync-partial", "alice.json~", "~", ".alice.json.swp", ".alice.json.swx",
        ".#alice.json", ".#", "._alice.json", "#alice.json#", "##", "alice.tmp", ".tmp", "alice.json.part",
        ".goutputstream-ABCDEF", ".fuse_hidden0000001", ".DS_Store",
    ]
    static let others = [
        "alice.json", "4914", "#", "#alice", ".swp", ".alice.swpx2", ".alice.swp2.json", "tmp", "part", "a.tmpx",
        "DS_Store", ".DS_Stores", ".goutputstream", "sediment", "sed1234567", ".abcdefg", "rsync-partial", ".alice",
    ]

    private func path(_ text: String) -> [FileName] {
        text.split(separator: "/").map { FileName(unchecked: bytes(String($0))) }
    }

    private func classify(
        _ namespace: Namespace?, _ text: String, exclusive: Bool = true, value: Bool = false
    ) -> NameClass {
        NameClass.of(path(text), in: namespace, isExclusive: exclusive, hasValue: value)
    }

    @Test("A name of the fixed list is temporary in every namespace", arguments: temporaries)
    func temporary(_ name: String) {
        #expect(NameClass.isTemporaryName(bytes(name), isExclusive: false))
        for namespace in Namespace.allCases {
            #expect(classify(namespace, name) == .temporary)
            #expect(classify(namespace, "users/" + name) == .temporary)
            #expect(classify(namespace, name + "/alice.json") == .temporary)
        }
    }

    @Test("A name that only resembles the fixed list is not temporary", arguments: others)
    func notTemporary(_ name: String) {
        #expect(!NameClass.isTemporaryName(bytes(name), isExclusive: true))
        #expect(classify(.kv, name) == .document)
        #expect(classify(.blobs, name) == .plain)
    }

    @Test(
        "4913 and sed?????? are temporary only where the file was created with O_EXCL",
        arguments: ["4913", "sedAb12Cd"]
    )
    func exclusive(_ name: String) {
        #expect(classify(.kv, name, exclusive: true) == .temporary)
        #expect(classify(.kv, name, exclusive: false) == .document)
        #expect(classify(.records, name + "/alice.json", exclusive: true) == .document)
    }

    @Test("A name that has a row is a document whatever it looks like, but never in blobs")
    func hasValue() {
        #expect(classify(.records, ".#a.json", value: true) == .document)
        #expect(classify(.kv, "a.tmp/b~", value: true) == .document)
        #expect(classify(.events, ".a.ndjson", value: true) == .document)
        #expect(classify(.blobs, "a.tmp", value: true) == .temporary)
        #expect(classify(.blobs, "a", value: true) == .plain)
    }

    @Test("Each namespace has its documents; every other name is a plain file")
    func documents() {
        #expect(classify(.records, "users/alice.json") == .document)
        #expect(classify(.records, "README.md") == .plain)
        #expect(classify(.records, "alice.JSON") == .plain)
        #expect(classify(.records, "json") == .plain)
        #expect(classify(.kv, "theme") == .document)
        #expect(classify(.blobs, "cat.json") == .plain)
        for name in ["a.jsonl", "a.ndjson", "a.log"] { #expect(classify(.events, name) == .document) }
        #expect(classify(.events, "a.json") == .plain)
        #expect(classify(nil, "a.json") == .plain)
    }

    @Test("A name that looks like a document but that no key leads to is a plain file")
    func withoutKey() {
        #expect(classify(.records, ".json") == .plain)
        #expect(classify(.records, "..json") == .plain)
        #expect(classify(.records, "...json") == .plain)
        #expect(classify(.records, "x.json") == .document)
        #expect(classify(.records, "%.json") == .document)
        #expect(classify(.records, "%self") == .plain)
        #expect(classify(.records, "users/%self") == .plain)
        #expect(classify(.records, "users.json/%self") == .document)
        #expect(classify(.kv, "%self") == .plain)
        #expect(classify(.kv, "a/%self") == .document)
        #expect(classify(.kv, "%~" + String(repeating: "a", count: 64)) == .plain)
        #expect(classify(.kv, "%~" + String(repeating: "a", count: 63)) == .document)
    }
}
