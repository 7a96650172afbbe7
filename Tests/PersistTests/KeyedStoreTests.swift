import Persist
import PersistTestKit
import Testing

@Suite("The four methods over a local store")
struct KeyedStoreTests {
    private let store = MemoryStore()
    private var keyed: KeyedStore { KeyedStore(store) }

    private func text(_ key: StoreKey) async throws -> String? {
        try await keyed.get(key).map { String(decoding: $0, as: UTF8.self) }
    }

    private func put(_ key: StoreKey, _ value: String) async throws { try await keyed.put(key, bytes(value)) }

    private func list(_ prefix: StoreKey) async throws -> [String] {
        var found: [String] = []
        for try await entry in try await keyed.list(prefix) {
            found.append("\(entry.key)=\(String(decoding: entry.value, as: UTF8.self))")
        }
        return found
    }

    private func kind(_ body: () async throws -> Void) async -> StoreError.Kind? {
        do { try await body() } catch { return (error as? StoreError)?.kind }
        return nil
    }

    private func names(_ directory: NodeID) throws -> [String] {
        try store.list(directory, after: 0, limit: 100).map(\.name.description).sorted()
    }

    @Test("What is put is what is got, in every namespace, at keys of any bytes")
    func roundTrip() async throws {
        for key: StoreKey in [
            "records/users/alice", "records/user:1", "records/", "records/a//b", "kv/theme", "kv/.", "kv/a\0b/%self",
            "kv/%", "blobs/photos/cat.jpg", "blobs/a.tmp", "blobs//x", StoreKey(bytes("kv/") + [0xFF, 0xFE]),
        ] {
            #expect(try await text(key) == nil)
            try await put(key, "[1]")
            #expect(try await text(key) == "[1]")
            try await put(key, "{}")
            #expect(try await text(key) == "{}")
            #expect(try await list(key) == ["\(key)={}"])
            try await keyed.delete(key)
            #expect(try await text(key) == nil)
            try await keyed.delete(key)
        }
        #expect(try names(Namespace.records.node).isEmpty && names(Namespace.kv.node).isEmpty)
        #expect(try names(Namespace.blobs.node) == ["%", "photos"])
    }

    @Test("A record is the file with .json behind the key")
    func files() async throws {
        try await put("records/users/alice", #"{"a":1}"#)
        let users = try store.lookup("users", in: Namespace.records.node)
        let alice = try store.lookup("alice.json", in: users.id)
        #expect(alice.isDocument && alice.size == 7)
        #expect(try store.key(of: alice.id) == "records/users/alice")
    }

    @Test("R5 a record that does not parse leaves the last good version")
    func rejected() async throws {
        try await put("records/a", "1")
        #expect(await kind { try await put("records/a", "{") } == .rejected)
        #expect(try await text("records/a") == "1")
    }

    @Test("A value that is also a prefix is in its directory")
    func prefixes() async throws {
        try await put("kv/a/b", "2")
        try await put("kv/a", "1")
        try await put("kv/a-b", "3")
        #expect(try await text("kv/a") == "1")
        #expect(try await list("kv/a") == ["kv/a=1", "kv/a-b=3", "kv/a/b=2"])
        #expect(try await list("kv/a/") == ["kv/a/b=2"])
        try await keyed.delete("kv/a")
        #expect(try await text("kv/a") == nil)
        #expect(try await text("kv/a/b") == "2")
    }

    @Test("A value that becomes a prefix moves into its directory, in one step, with its attributes")
    func becomesPrefix() async throws {
        for (namespace, name) in [("kv", "a"), ("blobs", "a"), ("records", "a.json")] {
            let key = StoreKey(bytes(namespace + "/" + name.prefix(1)))
            try await put(key, "1")
            let parent = try #require(Namespace(name: FileName(unchecked: bytes(namespace)))).node
            let file = try store.lookup(FileName(unchecked: bytes(name)), in: parent)
            _ = try store.setAttributes(
                file.id, AttributeChange(mode: 0o600, mtime: Timestamp(nanoseconds: 7), time: .now()))
            try await put(StoreKey(bytes("\(namespace)/\(name)/b")), "2")
            #expect(try await text(key) == "1")
            #expect(try await list(StoreKey(bytes(namespace + "/"))) == ["\(key)=1", "\(namespace)/\(name)/b=2"])
            #expect(try names(parent) == [name])
            let moved = try store.lookup("%self", in: store.lookup(FileName(unchecked: bytes(name)), in: parent).id)
            #expect(moved.mode == 0o600 && moved.mtime == Timestamp(nanoseconds: 7))
        }
    }

    @Test("Many who need the same directory at once lose nothing")
    func concurrently() async throws {
        for round in 0..<10 {
            let keyed = keyed
            try await keyed.put(StoreKey(bytes("kv/\(round)")), bytes("own"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask { try await keyed.put(StoreKey(bytes("kv/\(round)/\(number)")), bytes("below")) }
                }
                try await group.waitForAll()
            }
            let expected = ["kv/\(round)=own"] + (0..<8).map { "kv/\(round)/\($0)=below" }
            #expect(try await list(StoreKey(bytes("kv/\(round)"))) == expected)
        }
        #expect(try names(Namespace.kv.node).count == 10)
    }

    @Test(
        "Where a value cannot move into a directory, nothing has changed",
        arguments: [MemoryStore.Call.publish, .rename])
    func staysWhole(call: MemoryStore.Call) async throws {
        try await put("kv/a", "1")
        store.failNext(.full, in: call)
        #expect(await kind { try await put("kv/a/b", "2") } == .full)
        #expect(try await list("") == ["kv/a=1"])
        #expect(try names(Namespace.kv.node) == ["a"])
    }

    @Test("Deleting prunes directories that are empty and have no attributes, in records and kv")
    func pruning() async throws {
        let kept = Creation(
            id: try store.reserveNodeID(), parent: Namespace.kv.node, name: "kept", kind: .directory, mode: 0o700,
            uid: nil, gid: nil, time: .now())
        _ = try store.create(kept)
        try await put("kv/kept/a/b", "1")
        try await put("kv/kept/a/c/d", "2")
        try await keyed.delete("kv/kept/a/c/d")
        #expect(try await list("kv/") == ["kv/kept/a/b=1"])
        try await keyed.delete("kv/kept/a/b")
        #expect(try names(Namespace.kv.node) == ["kept"])
        #expect(try names(kept.id).isEmpty)
    }

    @Test("A listing has the keys of the prefix in the order of their bytes")
    func listing() async throws {
        var expected: [String] = []
        for key in [
            "blobs/x", "kv/a", "kv/b/c", "records/a", "records/a!", "records/a/x", "records/a/y/z", "records/b",
        ] {
            try await put(StoreKey(bytes(key)), "0")
            expected.append("\(key)=0")
        }
        expected.sort { Array($0.dropLast(2).utf8).lexicographicallyPrecedes(Array($1.dropLast(2).utf8)) }
        for prefix in ["", "b", "kv", "kv/", "records/a", "records/a/", "records/a/y/", "records/a/y/zz", "none/"] {
            #expect(try await list(StoreKey(bytes(prefix))) == expected.filter { $0.hasPrefix(prefix) }, "\(prefix)")
        }
    }

    @Test("A listing reads only directories that can hold keys of the prefix, and values as they are asked for")
    func cost() async throws {
        for number in 0..<20 { try await put(StoreKey(bytes("records/d\(number)/x")), "\(number)") }
        let before = store.counts
        #expect(try await list("records/d7/") == ["records/d7/x=7"])
        #expect(store.counts[.list] - before[.list] == 2)
        #expect(store.counts[.read] - before[.read] == 1)
        for try await entry in try await keyed.list("records/") {
            #expect(entry.key == "records/d0/x")
            break
        }
        #expect(store.counts[.read] - before[.read] == 2)
    }

    @Test("Plain, temporary and placeholder files have no key, and none can be put over them")
    func others() async throws {
        for name: FileName in ["README.md", "a.json~", "empty.json"] {
            let id = try store.reserveNodeID()
            _ = try store.create(
                Creation(
                    id: id, parent: Namespace.records.node, name: name, kind: .file, mode: nil, uid: nil, gid: nil,
                    time: .now()))
        }
        #expect(try await list("records/").isEmpty)
        #expect(try await text("records/empty") == nil)
        try await keyed.delete("records/empty")
        #expect(try names(Namespace.records.node).count == 3)
        #expect(await kind { try await put("records/a.json/b", "1") } == nil)
        #expect(await kind { try await put("records/README.md/b", "1") } == .notDirectory)
        #expect(await kind { try await put("other/a", "1") } == .invalid)
        #expect(await kind { try await put("kv", "1") } == .invalid)
        let long = StoreKey(bytes("kv/") + Array(repeating: UInt8(ascii: "a"), count: 256))
        #expect(await kind { try await keyed.put(long, []) } == .nameTooLong)
    }

    @Test("A key that looks like a temporary file's name is a key all the same")
    func temporaryNames() async throws {
        for key: StoreKey in ["kv/a~", "kv/.a.tmp/b", "kv/4913", "records/.#a"] {
            try await put(key, "1")
            #expect(try await list(key) == ["\(key)=1"])
            try await keyed.delete(key)
            #expect(try await text(key) == nil)
        }
    }

    @Test("KeyedStore keeps the contract of an adapter", arguments: AdapterCheck.all)
    func conforms(check: AdapterCheck) async throws {
        try await check.run { KeyedStore(MemoryStore()) }
    }

    @Test("R8 putting appends an event; each is listed under its position")
    func events() async throws {
        try await put("events/orders", #"{"n":1}"#)
        try await put("events/orders", "{\"n\":2}\n")
        try await put("events/2026/app.log", "started")
        #expect(try names(Namespace.events.node) == ["2026", "orders.jsonl"])
        let second = #"events/orders/0000000000000008={"n":2}"#
        #expect(try await list("events/orders/") == [#"events/orders/0000000000000000={"n":1}"#, second])
        #expect(try await list("events/orders/0000000000000008") == [second])
        #expect(try await list("events/2026/app.log/").count == 1)
        #expect(try await list("events/").count == 3)
        #expect(try await text("events/orders/0000000000000008") == #"{"n":2}"#)
        #expect(try await text("events/orders/0000000000000007") == nil)
        #expect(try await text("events/orders/0000000000000010") == nil)
        #expect(try await text("events/orders") == "{\"n\":1}\n{\"n\":2}\n")
    }

    @Test("R8 events are never changed, doubled or removed")
    func eventsStay() async throws {
        try await put("events/orders", "1")
        try await put("events/orders", "2")
        for try await entry in try await keyed.list("events/") { try await keyed.put(entry.key, entry.value) }
        #expect(try await text("events/orders") == "1\n2\n")
        #expect(await kind { try await put("events/orders/0000000000000002", "3") } == .notPermitted)
        #expect(await kind { try await keyed.delete("events/orders/0000000000000002") } == .notPermitted)
        #expect(await kind { try await keyed.delete("events/orders") } == .notPermitted)
        #expect(await kind { try await put("events/orders", "1\n2") } == .invalid)
        try await keyed.delete("events/orders/0000000000000001")
        #expect(try await text("events/orders") == "1\n2\n")
    }

    @Test("R8 a long stream is listed line by line across its blocks")
    func longStream() async throws {
        let line = "\"" + String(repeating: "x", count: 50_000) + "\""
        for _ in 0..<5 { try await put("events/long", line) }
        let before = store.counts
        #expect(try await list("events/long/").allSatisfy { $0.hasSuffix("=" + line) })
        #expect(store.counts[.read] - before[.read] < 12)
        #expect(try await list("events/long/").count == 5)
    }
}
