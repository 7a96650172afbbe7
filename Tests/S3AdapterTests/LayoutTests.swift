import Persist
import Testing

@testable import S3Adapter

@Suite("Objects and keys")
struct LayoutTests {
    @Test("each key has one object, and each object of ours its key", arguments: ["", "apps/mine", "apps/mine/"])
    func bijection(prefix: String) throws {
        let keys = ObjectKeys(prefix: prefix)
        for key in [
            "records/users/alice", "records/", "records/a.json", "kv/theme", "kv/a.json", "blobs/a/b c.png",
            "events/log/00000000000a0000-0000002a", ".persist/meta/blobs/a", ".persist/files/records/a.tmp", "kv/%41",
            "",
            "kv/", "kv/%", "kv/a/", "kv/a/%%", ".persist/meta/", ".persist/meta/blobs/d/", "records/", "records/a/",
        ] as [StoreKey] {
            let object = try keys.object(of: key)
            #expect(keys.key(of: object) == key)
            #expect(object.starts(with: keys.objectPrefix(of: key)))
        }
        let odd = StoreKey(Array("kv/".utf8) + [0xFF, 0x00, 0x41])
        #expect(keys.key(of: try keys.object(of: odd)) == odd)
    }

    @Test("records are JSON to other tools")
    func records() throws {
        let keys = ObjectKeys(prefix: "p")
        #expect(try keys.object(of: "records/a") == Array("p/records/a.json".utf8))
        #expect(keys.key(of: Array("p/records/a".utf8)) == nil)
        #expect(keys.key(of: Array("p/blobs/dir/".utf8)) == nil)
        #expect(keys.key(of: Array("other/kv/a".utf8)) == nil)
        #expect(throws: StoreError.self) { try keys.object(of: StoreKey(Array(repeating: 65, count: 1_100))) }
    }

    @Test("a directory of another tool has the key of its side data; one whose name stands for another has none")
    func markers() {
        let keys = ObjectKeys(prefix: "p")
        for name in ["blobs/d/", "kv/a/b/", "records/users/"] {
            let (object, key) = (Array("p/\(name)".utf8), StoreKey(stringLiteral: ".persist/meta/\(name)"))
            #expect(keys.directory(of: object) == key)
            #expect(keys.marker(of: key) == object)
            #expect(keys.key(of: object) == nil)
        }
        for name in ["blobs/", "blobs/d", "events/d/", "other/", "blobs/100%/", ".persist/meta/blobs/d/", ""] {
            #expect(keys.directory(of: Array("p/\(name)".utf8)) == nil, "\(name)")
            #expect(keys.marker(of: StoreKey(stringLiteral: ".persist/meta/\(name)")) == nil, "\(name)")
        }
        #expect(keys.marker(of: "blobs/d/") == nil)
    }

    @Test(
        "keys come in the order of their bytes, whatever the order of the objects and wherever a page ends",
        arguments: ["records/", "kv/", ""])
    func order(namespace: String) throws {
        let names = [
            "", " ", "!", "%", "%%", "a", "a/", "a/ ", "a/!", "a/%", "a/%%", "a/&", "a b", "a!", "a-", "a-b", "a.b",
            "a.json", "a/b", "a/b-c", "a0", "ab", "b", "b.jsom", "b.jso",
            "b.jsonx",
            "b-", "b.", "c/d.e", "c/d", "c", "c-",
        ]
        let keys = ObjectKeys(prefix: "")
        let objects = try names.map { try keys.object(of: StoreKey(Array("\(namespace)\($0)".utf8))) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        for pageCount in 1...7 {
            var order = KeyOrder()
            var found: [StoreKey] = []
            for start in stride(from: 0, to: objects.count, by: pageCount) {
                let page = objects[start..<min(start + pageCount, objects.count)]
                for object in page {
                    let key = try #require(keys.key(of: object))
                    order.add(KeyEntry(key: key, size: 0, revision: Revision([])))
                }
                order.passed(page.last![...])
                found += order.take().map(\.key)
            }
            found += order.end().map(\.key)
            #expect(found == names.map { StoreKey(Array("\(namespace)\($0)".utf8)) }.sorted())
        }
    }
}
