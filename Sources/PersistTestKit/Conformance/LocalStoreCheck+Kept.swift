internal import Persist
internal import Synchronization

extension LocalStoreCheck {
    static let keptVersions: [LocalStoreCheck] = [
        LocalStoreCheck("R5 rejected versions are kept by path, with their reason; the last one of a path stands") {
            client in
            let paths = ["records/b.json", "records/a.json", "events/a.jsonl"].map { Array($0.utf8) }
            for path in paths { try client.store.keepRejected(path, bytes: [1, 2, 3], error: "line 1, column 2") }
            try client.store.keepRejected(paths[0], bytes: [4], error: "line 3, column 4")
            let found = try client.store.keptVersions(.rejected)
            try expectEqual(found.map(\.path), [paths[2], paths[1], paths[0]], "paths, in their order")
            try expectEqual(found.map(\.size), [3, 3, 1], "sizes")
            try expectEqual(
                found.map(\.error), ["line 1, column 2", "line 1, column 2", "line 3, column 4"], "reasons")
            try expectEqual(client.store.keptBytes(.rejected, paths[0]), [4], "bytes")
            try expectEqual(client.store.keptVersions(.conflicts), [], "the other area")
        },
        LocalStoreCheck("kept versions are removed one by one; what is not there is .notFound") { client in
            let path = Array("records/a.json".utf8)
            try client.store.keepRejected(path, bytes: [1], error: "x")
            try expectError(.notFound, "bytes, other area") { try client.store.keptBytes(.conflicts, path) }
            try expectError(.notFound, "removal, other area") { try client.store.removeKept(.conflicts, path) }
            try client.store.removeKept(.rejected, path)
            try expectError(.notFound, "bytes") { try client.store.keptBytes(.rejected, path) }
            try expectError(.notFound, "removal") { try client.store.removeKept(.rejected, path) }
        },
        LocalStoreCheck("R5 the next good publication of a name clears its rejected version, and no other's") {
            client in
            for path in ["records/a.json", "records/b.json", "records/c.json"] {
                try client.store.keepRejected(Array(path.utf8), bytes: [1], error: "x")
            }
            try client.put("records/a.json", "")
            try expectEqual(client.kept(.rejected).count, 3, "versions after a placeholder")
            try client.put("records/a.json", "1")
            try expectEqual(client.kept(.rejected), ["records/b.json", "records/c.json"], "versions")
            try client.put("records/b.tmp", "1")
            try client.rename("records/b.tmp", to: "records/b.json")
            try expectEqual(client.kept(.rejected), ["records/c.json"], "versions after a rename")
        },
        LocalStoreCheck("R2 kept versions survive kill -9", needs: [.reopening]) { client in
            try client.store.keepRejected(Array("records/a.json".utf8), bytes: [1], error: "x")
            let base = try client.put("kv/a", "1").node.revision
            try client.put("kv/a", "2")
            try client.put("kv/a", "3", base: base)
            let before = try KeptArea.allCases.map { try client.store.keptVersions($0) }
            try client.reopen()
            try expectEqual(KeptArea.allCases.map { try client.store.keptVersions($0) }, before, "versions")
        },
    ]

    static let othersChanges: [LocalStoreCheck] = [
        LocalStoreCheck("R9 a value that another program puts is a document under its name", needs: [.foreignWrites]) {
            client in
            try client.foreignPut(.records, "users/alice", #"{"a":1}"#)
            try client.foreignPut(.kv, "theme", "dark")
            try expectEqual(client.text("records/users/alice.json"), #"{"a":1}"#, "the record")
            try expectEqual(client.text("kv/theme"), "dark", "the value")
            let node = try client.node("records/users/alice.json")
            try expectEqual(node.nameClass, .document, "class")
            try expectEqual(client.store.key(of: node.id), "records/users/alice", "key")
            try expectEqual(client.names("records/users"), ["alice.json"], "the directory")
        },
        LocalStoreCheck(
            "R9 R10 another program's change keeps the node and moves its revision", needs: [.foreignWrites]
        ) {
            client in
            let before = try client.put("kv/a", "mine").node
            try client.foreignPut(.kv, "a", "theirs")
            let after = try client.node("kv/a")
            try expectEqual(after.id, before.id, "the node")
            try expect(after.revision != before.revision, "the revision stays")
            try expectEqual(after.size, 6, "size")
            let published = try client.put("kv/a", "mine, later", base: before.revision)
            try expect(published.conflict != nil, "no conflict was told")
            try expectEqual(client.text("kv/a"), "theirs", "the value")
        },
        LocalStoreCheck(
            "R9 a value that another program deletes is gone; held, it stays readable", needs: [.foreignWrites]
        ) { client in
            let a = try client.put("records/a.json", "1").node.id
            let b = try client.put("records/b.json", "2").node.id
            client.store.hold(b)
            try client.foreignDelete(.records, "a")
            try client.foreignDelete(.records, "b")
            try expectEqual(client.names("records"), [], "names")
            try expectError(.notFound, "the node") { try client.store.node(a) }
            try expectEqual(client.bytes(of: b), Array("2".utf8), "the held one")
            client.store.release(b)
            try expectError(.notFound, "the node, released") { try client.store.node(b) }
        },
        LocalStoreCheck(
            "R9 changes by others are told, before refresh returns; own ones are not", needs: [.foreignWrites]
        ) {
            client in
            let observer = RecordingObserver()
            client.store.observe(observer)
            try client.put("kv/a", "1")
            try client.unlink("kv/a")
            try client.put("kv/b", "1")
            try client.store.refresh()
            try expectEqual(observer.take(), [], "after own changes")
            let b = try client.node("kv/b").id
            try client.foreignPut(.kv, "b", "2")
            try expect(observer.take().contains(.content(b)), "a changed value was not told")
            try client.foreignPut(.kv, "c", "3")
            let entry = StoreChange.entry(parent: Namespace.kv.node, name: "c")
            try expect(observer.take().contains(entry), "a new name was not told")
            try client.foreignDelete(.kv, "c")
            try expect(observer.take().contains(entry), "a name that went away was not told")
        },
        LocalStoreCheck(
            "a value that a key and its prefix both have is %self in the directory", needs: [.foreignWrites]
        ) { client in
            try client.foreignPut(.kv, "a", "value of a")
            let id = try client.node("kv/a").id
            try client.foreignPut(.kv, "a/b", "value of a/b")
            try expectEqual(client.text("kv/a/%self"), "value of a", "the shorter key")
            try expectEqual(client.text("kv/a/b"), "value of a/b", "the longer key")
            try expectEqual(client.node("kv/a/%self").id, id, "the node of the shorter key")
            try expectEqual(client.store.key(of: id), "kv/a", "its key")
        },
    ]
}

/// Remembers what it was told.
private final class RecordingObserver: StoreObserver {
    private let changes = Mutex<[StoreChange]>([])

    func storeChanged(_ changes: [StoreChange]) {
        self.changes.withLock { $0 += changes }
    }

    func take() -> [StoreChange] {
        changes.withLock { changes in
            defer { changes = [] }
            return changes
        }
    }
}
