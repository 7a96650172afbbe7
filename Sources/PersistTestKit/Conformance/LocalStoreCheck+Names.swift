internal import Persist

extension LocalStoreCheck {
    static let names: [LocalStoreCheck] = [
        LocalStoreCheck("a new store has its root and four namespaces, and nothing else") { client in
            try expectEqual(client.names(""), ["blobs", "events", "kv", "records"], "the root")
            for namespace in Namespace.allCases {
                let node = try client.node(namespace.name.description)
                try expectEqual(node.id, namespace.node, "the node of \(namespace)")
                try expectEqual(node.namespace, namespace, "its namespace")
                try expectEqual(node.kind, .directory, "its kind")
                try expectEqual(client.names(namespace.name.description), [], "its entries")
            }
            try expectEqual(client.store.node(.root).parent, .root, "the parent of the root")
        },
        LocalStoreCheck("a node id is never given twice, and none below the first free one") { client in
            var seen: Set<NodeID> = []
            for _ in 0..<2_000 {
                let id = try client.store.reserveNodeID()
                try expect(id.rawValue >= NodeID.firstFree, "\(id) belongs to the namespaces")
                try expect(seen.insert(id).inserted, "\(id) was given twice")
            }
        },
        LocalStoreCheck("lookup finds what create made, under its id, and nothing else") { client in
            let made = try client.create("blobs/a", mode: 0o640)
            try expectEqual(client.node("blobs/a"), made, "what lookup says")
            try expectEqual(client.store.node(made.id), made, "what node says")
            try expectEqual(made.mode, 0o640, "mode")
            try expectError(.notFound, "another name") { try client.node("blobs/b") }
            try expectError(.notFound, "another case") { try client.node("blobs/A") }
            try expectError(.notDirectory, "a name in a file") { try client.node("blobs/a/b") }
            let unused = try client.store.reserveNodeID()
            try expectError(.notFound, "a node that is not there") { try client.store.node(unused) }
        },
        LocalStoreCheck("names keep their bytes: é in two spellings is two names, and so are bytes that are no UTF-8") {
            client in
            let directory = try client.directory("blobs/d").id
            let names: [[UInt8]] = [
                Array("\u{e9}".utf8), Array("e\u{301}".utf8), [0xFF, 0xFE], [0xFF], Array("100%".utf8),
                Array("%41".utf8), [UInt8](repeating: 0x61, count: 255), [0x01, 0x0A, 0x20],
            ]
            for name in names {
                let id = try client.store.reserveNodeID()
                let creation = Creation(
                    id: id, parent: directory, name: FileName(unchecked: name), kind: .file, mode: nil, uid: nil,
                    gid: nil, time: client.tick())
                _ = try client.store.create(creation)
            }
            try expectEqual(
                Set(client.list("blobs/d").map(\.name.bytes)), Set(names), "the names of the directory")
            for name in names {
                try expectEqual(
                    client.store.lookup(FileName(unchecked: name), in: directory).name.bytes, name, "a name")
            }
        },
        LocalStoreCheck("create refuses a name that is there, and leaves what is there") { client in
            try client.put("blobs/a", "old")
            for kind in [Node.Kind.file, .directory, .symlink] {
                try expectError(.exists, "\(kind) over a file") { try client.create("blobs/a", kind) }
            }
            try expectEqual(client.text("blobs/a"), "old", "the content")
        },
        LocalStoreCheck("create needs a directory: .notFound where it is gone, .notDirectory where it is a file") {
            client in
            let file = try client.create("blobs/file").id
            let gone = try client.directory("blobs/gone").id
            try client.removeDirectory("blobs/gone")
            for (parent, kind) in [(file, StoreError.Kind.notDirectory), (gone, .notFound)] {
                var creation = try client.creation("blobs/x")
                creation.parent = parent
                try expectError(kind, "a parent that is none") { try client.store.create(creation) }
            }
        },
        LocalStoreCheck("nothing is created in the root") { client in
            for kind in [Node.Kind.file, .directory, .symlink] {
                try expectError(.notPermitted, "\(kind) in the root") { try client.create("x", kind) }
            }
        },
        LocalStoreCheck("R11 special files live in blobs/ only, and keep kind and device") { client in
            for kind in [Node.Kind.fifo, .socket, .characterDevice, .blockDevice] {
                for other in ["records", "kv", "events"] {
                    try expectError(.notPermitted, "\(kind) in \(other)") { try client.create("\(other)/x", kind) }
                }
                var creation = try client.creation("blobs/\(kind)", kind)
                creation.device = 0x0103
                _ = try client.store.create(creation)
                let node = try client.node("blobs/\(kind)")
                try expectEqual(node.kind, kind, "kind")
                try expectEqual(node.device, 0x0103, "device")
            }
        },
        LocalStoreCheck("R4 a symlink keeps its target byte for byte, in every namespace") { client in
            for namespace in ["records", "kv", "blobs", "events"] {
                let node = try client.create("\(namespace)/link.json", .symlink, target: "../e\u{301}/%41")
                try expectEqual(node.size, UInt64("../e\u{301}/%41".utf8.count), "its size")
                try expectEqual(client.text("\(namespace)/link.json"), "../e\u{301}/%41", "its target")
                try expectEqual(client.store.key(of: node.id), nil, "its key")
            }
        },
        LocalStoreCheck("preview tells what create would make, and makes nothing") { client in
            for path in ["records/a.json", "records/README", "kv/a", "blobs/a", "events/a.log", "blobs/a.tmp"] {
                let creation = try client.creation(path)
                let found = try client.store.preview(creation)
                let preview = found.node
                try expectEqual(found.existing, nil, "what is at \(path)")
                try expectEqual(found.directory.id, creation.parent, "the directory of \(path)")
                try expect(!client.has(path), "\(path) was made")
                let made = try client.store.create(creation)
                try expectEqual(
                    client.store.preview(client.creation(path)).existing?.id, made.id, "what is at \(path) then")
                try expectEqual(preview.nameClass, made.nameClass, "class of \(path)")
                try expectEqual(preview.namespace, made.namespace, "namespace of \(path)")
                try expectEqual(preview.id, made.id, "id of \(path)")
            }
            let refused = try client.creation("x")
            try expectError(.notPermitted, "in the root") { try client.store.preview(refused) }
        },
        LocalStoreCheck("path and key of a node are those of its names") { client in
            try client.directory("records/users")
            let record = try client.put("records/users/al:ice.json", "1").node.id
            try expectEqual(client.store.path(of: record), Array("records/users/al:ice.json".utf8), "path")
            try expectEqual(client.store.key(of: record), "records/users/al:ice", "key of a record")
            try expectEqual(client.store.key(of: client.put("kv/a.json", "1").node.id), "kv/a.json", "key in kv")
            try expectEqual(client.store.key(of: client.put("blobs/a", "1").node.id), "blobs/a", "key of a blob")
            try expectEqual(client.store.key(of: client.node("records/users").id), nil, "key of a directory")
            try expectEqual(client.store.key(of: client.put("kv/a.tmp", "1").node.id), nil, "key of a temporary file")
            try expectEqual(client.store.path(of: .root), [], "path of the root")
            try client.rename("records/users", to: "records/people")
            try expectEqual(
                client.store.path(of: record), Array("records/people/al:ice.json".utf8), "path after a rename")
            try expectEqual(client.store.key(of: record), "records/people/al:ice", "key after a rename")
        },
    ]

    static let listings: [LocalStoreCheck] = [
        LocalStoreCheck("a listing is in the order of its cookies, from 16 to 2^62, and goes on after any of them") {
            client in
            try client.directory("blobs/d")
            for number in 0..<50 { try client.create("blobs/d/\(number)") }
            let all = try client.list("blobs/d", limit: 1_000)
            try expectEqual(all.count, 50, "entries")
            for (a, b) in zip(all, all.dropFirst()) { try expect(a.cookie < b.cookie, "cookies do not rise") }
            try expect(all.allSatisfy { $0.cookie >= 16 && $0.cookie <= 1 << 62 }, "a cookie is out of bounds")
            for limit in [1, 3, 49, 50, 51] {
                try expectEqual(client.list("blobs/d", limit: limit), all, "in pages of \(limit)")
            }
            let rest = try client.store.list(client.node("blobs/d").id, after: all[20].cookie, limit: 1_000)
            try expectEqual(rest, Array(all[21...]), "the rest after the 21st")
        },
        LocalStoreCheck("what stays for the whole of a listing is given exactly once, whatever comes and goes") {
            client in
            let directory = try client.directory("blobs/d").id
            for number in 0..<120 { try client.create("blobs/d/stays-\(number)") }
            for number in 0..<120 { try client.create("blobs/d/goes-\(number)") }
            var seen: [String] = []
            var cookie: UInt64 = 0
            var round = 0
            while true {
                let page = try client.store.list(directory, after: cookie, limit: 7)
                guard let last = page.last else { break }
                cookie = last.cookie
                seen += page.map(\.name.description)
                if round < 60 {
                    try client.unlink("blobs/d/goes-\(round * 2)")
                    try client.create("blobs/d/comes-\(round)")
                    try client.rename("blobs/d/goes-\(round * 2 + 1)", to: "blobs/d/moved-\(round)")
                    try client.put("blobs/d/stays-\(round)", "changed")
                }
                round += 1
                try expect(round < 1_000, "the listing does not end")
            }
            let stays = seen.filter { $0.hasPrefix("stays-") }
            try expectEqual(stays.count, 120, "names that stay, as often as they were given")
            try expectEqual(Set(stays).count, 120, "different names that stay")
        },
        LocalStoreCheck("a listing survives the removal of the entry that it stopped at") { client in
            let directory = try client.directory("blobs/d").id
            for number in 0..<20 { try client.create("blobs/d/\(number)") }
            let all = try client.list("blobs/d")
            let first = try client.store.list(directory, after: 0, limit: 10)
            for entry in first { _ = try client.store.unlink(entry.name, in: directory) }
            let rest = try client.store.list(directory, after: first[9].cookie, limit: 100)
            try expectEqual(rest.map(\.name), all[10...].map(\.name), "the rest")
        },
        LocalStoreCheck("what is no directory cannot be listed") { client in
            let file = try client.create("blobs/a").id
            try expectError(.notDirectory, "a file") { try client.store.list(file, after: 0, limit: 10) }
            let unused = try client.store.reserveNodeID()
            try expectError(.notFound, "nothing") { try client.store.list(unused, after: 0, limit: 10) }
        },
        LocalStoreCheck("statistics count nodes, and grow with what is stored") { client in
            let before = try client.store.statistics(countsNodes: true)
            for number in 0..<20 { try client.put("blobs/\(number)", [UInt8](repeating: 7, count: 100_000)) }
            let after = try client.store.statistics(countsNodes: true)
            try expectEqual(after.nodes, before.nodes.map { $0 + 20 }, "nodes")
            try expectEqual(client.store.statistics(countsNodes: false).nodes, nil, "nodes that were not asked for")
            try expect(after.bytesUsed >= before.bytesUsed + 1_000_000, "bytes used do not grow")
            try expect(after.bytesFree > 0, "no bytes free")
        },
    ]
}
