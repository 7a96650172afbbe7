internal import Persist

extension LocalStoreCheck {
    static let directories: [LocalStoreCheck] = [
        LocalStoreCheck("unlink removes a name, tells the node, and refuses directories") { client in
            let node = try client.put("blobs/a", "x").node
            let gone = try client.unlink("blobs/a")
            try expectEqual(gone.id, node.id, "the node")
            try expect(gone.isUnlinked, "it is not unlinked")
            try expect(!client.has("blobs/a"), "the name is still there")
            try expectError(.notFound, "once more") { try client.unlink("blobs/a") }
            try expectError(.notFound, "the node is gone") { try client.store.node(node.id) }
            try client.directory("blobs/d")
            try expectError(.isDirectory, "a directory") { try client.unlink("blobs/d") }
        },
        LocalStoreCheck("an unlinked node that is held stays readable until the last release") { client in
            let id = try client.put("blobs/a", "kept").node.id
            client.store.hold(id)
            client.store.hold(id)
            try client.unlink("blobs/a")
            try client.put("blobs/a", "new")
            try expect(client.store.node(id).isUnlinked, "it is not unlinked")
            try expectEqual(client.bytes(of: id), Array("kept".utf8), "its content")
            client.store.release(id)
            try expectEqual(client.bytes(of: id), Array("kept".utf8), "its content, still held once")
            client.store.release(id)
            try expectError(.notFound, "after the last release") { try client.store.node(id) }
            try expectEqual(client.text("blobs/a"), "new", "the new file")
        },
        LocalStoreCheck("a node that a rename replaced stays readable while it is held") { client in
            let id = try client.put("records/a.json", "1").node.id
            try client.put("records/b.json", "2")
            client.store.hold(id)
            let renamed = try client.rename("records/b.json", to: "records/a.json")
            try expectEqual(renamed.replaced?.id, id, "the replaced node")
            try expectEqual(client.bytes(of: id), Array("1".utf8), "its content")
            client.store.release(id)
            try expectError(.notFound, "after the release") { try client.store.node(id) }
            try expectEqual(client.text("records/a.json"), "2", "the new value")
        },
        LocalStoreCheck("nothing is published to a node without a name") { client in
            let id = try client.put("blobs/a", "old").node.id
            client.store.hold(id)
            defer { client.store.release(id) }
            try client.unlink("blobs/a")
            let publication = Publication(node: id, content: .bytes([1]), mtime: client.tick())
            try expectError(.notFound, "publish") { try client.store.publish(publication) }
        },
        LocalStoreCheck("removeDirectory takes an empty directory only, and no namespace") { client in
            try client.directory("blobs/d")
            try client.create("blobs/d/a")
            try expectError(.notEmpty, "one that holds a file") { try client.removeDirectory("blobs/d") }
            try expectError(.notDirectory, "a file") { try client.removeDirectory("blobs/d/a") }
            try client.unlink("blobs/d/a")
            try client.removeDirectory("blobs/d")
            try expectError(.notFound, "once more") { try client.removeDirectory("blobs/d") }
            for namespace in Namespace.allCases {
                try expectError(.busy, "\(namespace)") { try client.removeDirectory(namespace.name.description) }
            }
        },
        LocalStoreCheck("directories nest, in every namespace") { client in
            for namespace in ["records", "kv", "blobs", "events"] {
                var path = namespace
                for depth in 0..<40 {
                    path += "/\(depth)"
                    try client.directory(path)
                }
                try client.create(path + "/a.log")
                try expectEqual(client.names(path), ["a.log"], "the deepest directory")
            }
        },
        LocalStoreCheck("R4 mtime and ctime of a directory move on when a name comes, goes or moves") { client in
            let changes: [(String, (inout StoreClient) throws -> Void)] = [
                ("create", { try $0.create("blobs/d/a") }),
                ("publish", { try $0.put("blobs/d/b", "new") }),
                ("rename", { try $0.rename("blobs/d/a", to: "blobs/d/c") }),
                ("rename away", { try $0.rename("blobs/d/c", to: "blobs/c") }),
                ("rename in", { try $0.rename("blobs/c", to: "blobs/d/c") }),
                ("unlink", { try $0.unlink("blobs/d/c") }),
                ("mkdir", { try $0.directory("blobs/d/e") }),
                ("rmdir", { try $0.removeDirectory("blobs/d/e") }),
            ]
            try client.directory("blobs/d")
            for (name, change) in changes {
                let before = try client.node("blobs/d")
                try change(&client)
                let after = try client.node("blobs/d")
                try expect(after.mtime != before.mtime, "\(name) leaves mtime")
                try expect(after.ctime != before.ctime, "\(name) leaves ctime")
            }
            let before = try client.node("blobs/d")
            try client.put("blobs/d/b", "changed")
            try expectEqual(client.node("blobs/d").mtime, before.mtime, "mtime after a change of a file's content")
        },
    ]
}
