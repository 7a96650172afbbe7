internal import Persist

extension LocalStoreCheck {
    static let renames: [LocalStoreCheck] = [
        LocalStoreCheck("R3 rename moves a node: same id, same content, no old name") { client in
            let id = try client.put("blobs/a", "x").node.id
            try client.directory("blobs/d")
            let renamed = try client.rename("blobs/a", to: "blobs/d/b")
            try expectEqual(renamed.node.id, id, "the node")
            try expectEqual(renamed.replaced, nil, "what was replaced")
            try expect(!client.has("blobs/a"), "the old name is still there")
            try expectEqual(client.node("blobs/d/b").id, id, "the new name")
            try expectEqual(client.text("blobs/d/b"), "x", "its content")
        },
        LocalStoreCheck("R3 rename over a file replaces it") { client in
            let new = try client.put("blobs/new", "new").node.id
            let old = try client.put("blobs/old", "old").node.id
            let renamed = try client.rename("blobs/new", to: "blobs/old")
            try expectEqual(renamed.replaced?.id, old, "what was replaced")
            try expectEqual(client.names("blobs"), ["old"], "names")
            try expectEqual(client.node("blobs/old").id, new, "the node")
            try expectEqual(client.text("blobs/old"), "new", "the content")
            try expectError(.notFound, "the old node") { try client.store.node(old) }
        },
        LocalStoreCheck("rename keeps mtime and moves ctime") { client in
            let before = try client.put("blobs/a", "x").node
            let after = try client.rename("blobs/a", to: "blobs/b").node
            try expectEqual(after.mtime, before.mtime, "mtime")
            try expect(after.ctime != before.ctime, "ctime stays")
        },
        LocalStoreCheck("rename to itself changes nothing") { client in
            let node = try client.put("blobs/a", "x").node
            try client.rename("blobs/a", to: "blobs/a")
            try expectEqual(client.node("blobs/a").id, node.id, "the node")
            try expectEqual(client.text("blobs/a"), "x", "the content")
        },
        LocalStoreCheck("rename without replacing refuses a name that is there") { client in
            try client.put("blobs/a", "a")
            try client.put("blobs/b", "b")
            try expectError(.exists, "over a file") { try client.rename("blobs/a", to: "blobs/b", .noReplace) }
            try expectEqual(client.text("blobs/a") + client.text("blobs/b"), "ab", "the contents")
            try client.rename("blobs/a", to: "blobs/c", .noReplace)
            try expectEqual(client.names("blobs"), ["b", "c"], "names")
        },
        LocalStoreCheck("rename by exchange with another node than the expected one changes nothing") { client in
            let (a, b) = try (client.put("blobs/a", "a").node.id, client.put("blobs/b", "b").node.id)
            let blobs = Namespace.blobs.node
            func exchange(_ target: NodeID) throws {
                _ = try client.store.rename(
                    Rename(parent: blobs, name: "a", newParent: blobs, newName: "b", mode: .exchange, target: target))
            }
            try expectError(.exists, "not it") { try exchange(a) }
            try expectEqual(client.node("blobs/a").id, a, "a")
            try exchange(b)
            try expectEqual(client.node("blobs/a").id, b, "a after the exchange")
        },
        LocalStoreCheck("rename by exchange swaps two nodes of any kinds, and needs both") { client in
            let file = try client.put("blobs/a", "a").node.id
            let directory = try client.directory("blobs/d").id
            try client.put("blobs/d/in", "in")
            let renamed = try client.rename("blobs/a", to: "blobs/d", .exchange)
            try expectEqual(renamed.node.id, file, "the node at the new name")
            try expectEqual(renamed.replaced?.id, directory, "the node at the old name")
            try expectEqual(client.node("blobs/d").id, file, "new name")
            try expectEqual(client.text("blobs/a/in"), "in", "what moved with the directory")
            try expectError(.notFound, "one that is not there") {
                try client.rename("blobs/d", to: "blobs/x", .exchange)
            }
        },
        LocalStoreCheck("rename of directories: over an empty one, never over a full one or a file") { client in
            let id = try client.directory("blobs/a").id
            try client.put("blobs/a/x", "x")
            try client.directory("blobs/empty")
            try client.directory("blobs/full")
            try client.create("blobs/full/y")
            try client.create("blobs/file")
            try expectError(.notEmpty, "over a full one") { try client.rename("blobs/a", to: "blobs/full") }
            try expectError(.notDirectory, "over a file") { try client.rename("blobs/a", to: "blobs/file") }
            try expectError(.isDirectory, "a file over it") { try client.rename("blobs/file", to: "blobs/a") }
            try client.rename("blobs/a", to: "blobs/empty")
            try expectEqual(client.node("blobs/empty").id, id, "the node")
            try expectEqual(client.text("blobs/empty/x"), "x", "what is below")
        },
        LocalStoreCheck("a directory cannot be moved into itself") { client in
            try client.directory("blobs/a")
            try client.directory("blobs/a/b")
            try expectError(.invalid, "into itself") { try client.rename("blobs/a", to: "blobs/a/c") }
            try expectError(.invalid, "below itself") { try client.rename("blobs/a", to: "blobs/a/b/c") }
            try expectError(.invalid, "by exchange") { try client.rename("blobs/a/b", to: "blobs/a", .exchange) }
            try expectEqual(client.names("blobs/a"), ["b"], "names")
        },
        LocalStoreCheck("R3 rename between namespaces, of a namespace and into the root is refused") { client in
            try client.put("blobs/a", "1")
            try expectError(.crossesNamespaces, "to kv") { try client.rename("blobs/a", to: "kv/a") }
            try expectError(.busy, "of a namespace") { try client.rename("blobs", to: "kv/blobs") }
            try expectError(.busy, "over a namespace") { try client.rename("blobs/a", to: "kv") }
            try expectError(.notPermitted, "into the root") { try client.rename("blobs/a", to: "a") }
            try expectError(.notFound, "of nothing") { try client.rename("blobs/x", to: "blobs/y") }
            try expectEqual(client.text("blobs/a"), "1", "the content")
        },
    ]

    static let classesOfNames: [LocalStoreCheck] = [
        LocalStoreCheck("names say what a file is") { client in
            let classes: [(String, NameClass)] = [
                ("records/a.json", .document), ("records/a.txt", .plain), ("records/.a.json.Ab3dEf", .temporary),
                ("kv/a", .document), ("kv/a.tmp", .temporary), ("kv/4914", .document), ("blobs/a.json", .plain),
                ("events/a.jsonl", .document), ("events/a.log", .document), ("events/a.ndjson", .document),
                ("events/a.txt", .plain), ("events/a.log~", .temporary),
            ]
            for (path, nameClass) in classes {
                try expectEqual(client.create(path).nameClass, nameClass, path)
                try expectEqual(client.node(path).nameClass, nameClass, path)
            }
            try expectEqual(client.create("kv/4913", isExclusive: true).nameClass, .temporary, "4913 by O_EXCL")
            try client.unlink("kv/4913")
            try expectEqual(client.create("kv/4913").nameClass, .document, "4913")
            try client.directory("records/.~tmp~")
            try expectEqual(client.create("records/.~tmp~/a.json").nameClass, .temporary, "in a temporary directory")
        },
        LocalStoreCheck("R3 R5 renaming a temporary file to a document publishes it, or is refused and changes nothing")
        {
            client in
            try client.put("records/a.json", #"{"a":1}"#)
            try client.put("records/a.json.tmp", #"{"a":2}"#)
            try client.put("records/bad.tmp", #"{"a":"#)
            try client.rename("records/a.json.tmp", to: "records/a.json")
            try expectEqual(client.text("records/a.json"), #"{"a":2}"#, "the record")
            try expectEqual(client.node("records/a.json").nameClass, .document, "its class")
            try expectError(.rejected, "no JSON") { try client.rename("records/bad.tmp", to: "records/a.json") }
            try expectError(.rejected, "no JSON, a new name") {
                try client.rename("records/bad.tmp", to: "records/b.json")
            }
            try expectEqual(client.text("records/a.json"), #"{"a":2}"#, "the record")
            try expectEqual(client.names("records"), ["a.json", "bad.tmp"], "names")
        },
        LocalStoreCheck("R5 an empty file renamed to a free name is a placeholder; over a record it is refused") {
            client in
            try client.create("records/empty.tmp")
            try client.rename("records/empty.tmp", to: "records/a.json")
            try expectEqual(client.node("records/a.json").revision, 0, "the revision of a placeholder")
            try client.put("records/b.json", "1")
            try expectError(.rejected, "a placeholder over a record") {
                try client.rename("records/a.json", to: "records/b.json")
            }
            try client.create("records/empty.tmp")
            try expectError(.rejected, "an empty file over a record") {
                try client.rename("records/empty.tmp", to: "records/b.json")
            }
            try expectError(.rejected, "by exchange") {
                try client.rename("records/a.json", to: "records/b.json", .exchange)
            }
            try expectEqual(client.text("records/b.json"), "1", "the record")
        },
        LocalStoreCheck("renaming a document to another class withdraws it, and keeps its bytes") { client in
            let id = try client.put("records/a.json", "1").node.id
            let node = try client.rename("records/a.json", to: "records/a.json~").node
            try expectEqual(node.id, id, "the node")
            try expectEqual(node.nameClass, .temporary, "class")
            try expectEqual(client.store.key(of: id), nil, "key")
            try expectEqual(client.text("records/a.json~"), "1", "content")
            try client.rename("records/a.json~", to: "records/a.json")
            try expectEqual(client.store.key(of: id), "records/a", "key, published again")
        },
        LocalStoreCheck("renaming a directory publishes or withdraws every document below: all, or nothing") { client in
            try client.directory("records/.~tmp~")
            try client.directory("records/.~tmp~/d")
            try client.put("records/.~tmp~/d/good.json", "1")
            let bad = try client.put("records/.~tmp~/d/bad.json", "{").node.id
            try expectError(.rejected, "one that is no JSON") { try client.rename("records/.~tmp~/d", to: "records/d") }
            try expectEqual(client.names("records/.~tmp~/d"), ["bad.json", "good.json"], "names")
            try expectEqual(client.node("records/.~tmp~/d/good.json").nameClass, .temporary, "class of the good one")
            let publication = Publication(node: bad, content: .bytes(Array("2".utf8)), mtime: client.tick())
            _ = try client.store.publish(publication)
            try client.rename("records/.~tmp~/d", to: "records/d")
            try expectEqual(client.node("records/d/good.json").nameClass, .document, "class")
            try expectEqual(client.store.key(of: bad), "records/d/bad", "key")
            try client.rename("records/d", to: "records/.~tmp~/d")
            try expectEqual(client.store.key(of: bad), nil, "key, withdrawn")
        },
        LocalStoreCheck("R6 renaming past the limit of a value is refused", limits: .small) { client in
            try client.put("kv/a.tmp", [UInt8](repeating: 1, count: 101))
            try expectError(.tooLarge, "to a value") { try client.rename("kv/a.tmp", to: "kv/a") }
            try expectEqual(client.names("kv"), ["a.tmp"], "names")
        },
    ]
}

extension StoreLimits {
    /// A hundred bytes are a lot.
    static var small: StoreLimits {
        var limits = StoreLimits()
        limits.recordBytesMax = 200
        limits.kvBytesMax = 100
        limits.blobBytesMax = 1 << 20
        limits.lineBytesMax = 100
        limits.attributeBytesMax = 1_000
        return limits
    }
}
