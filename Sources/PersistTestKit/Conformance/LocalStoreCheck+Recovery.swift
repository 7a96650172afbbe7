internal import Persist

extension LocalStoreCheck {
    static let recovery: [LocalStoreCheck] = [
        LocalStoreCheck("R2 what returned survives kill -9: names, values, attributes, lines", needs: [.reopening]) {
            client in
            try client.directory("records/d")
            try client.put("records/d/a.json", "[1]")
            try client.put("kv/a", "x")
            try client.put("blobs/a", [UInt8](repeating: 7, count: 300_000))
            try client.append("events/a.jsonl", "1\n2\n")
            try client.append("events/a.log", "no newline", endsUnterminated: true)
            try client.create("blobs/l", .symlink, target: "a")
            try client.create("records/empty.json")
            let id = try client.node("blobs/a").id
            try client.store.setAttribute(Array("user.a".utf8), to: [1, 2], mode: .set, of: id)
            let change = AttributeChange(mode: 0o640, uid: 1, gid: 2, mtime: client.tick(), time: client.tick())
            _ = try client.store.setAttributes(id, change)
            try client.rename("kv/a", to: "kv/b")
            let paths = [
                "records/d", "records/d/a.json", "records/empty.json", "kv/b", "blobs/a", "blobs/l", "events/a.jsonl",
                "events/a.log",
            ]
            let nodes = try paths.map { try client.node($0) }
            let cookies = try client.list("blobs").map(\.cookie)
            try client.reopen()
            for (path, before) in zip(paths, nodes) { try expectEqual(client.node(path), before, path) }
            try expectEqual(client.text("records/d/a.json"), "[1]", "the record")
            try expectEqual(client.text("kv/b"), "x", "the value")
            try expect(!client.has("kv/a"), "the old name is there")
            try expect(client.bytes("blobs/a") == [UInt8](repeating: 7, count: 300_000), "the blob")
            try expectEqual(client.text("events/a.jsonl"), "1\n2\n", "the stream")
            try expectEqual(client.text("blobs/l"), "a", "the symlink")
            try expectEqual(client.store.attribute(Array("user.a".utf8), of: id), [1, 2], "the attribute")
            try expectEqual(client.list("blobs").map(\.cookie), cookies, "cookies")
            try client.append("events/a.log", "next\n")
            try expectEqual(client.text("events/a.log"), "no newline\nnext\n", "the stream without a newline")
        },
        LocalStoreCheck("a node id of before kill -9 is never given again", needs: [.reopening]) { client in
            var seen: Set<NodeID> = []
            for _ in 0..<3 {
                for _ in 0..<5 { try expect(seen.insert(client.store.reserveNodeID()).inserted, "an id comes again") }
                try expect(seen.insert(client.create("blobs/\(seen.count)").id).inserted, "an id comes again")
                try client.reopen()
            }
        },
        LocalStoreCheck("R1 recovery publishes a draft that was kept", needs: [.reopening]) { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let base = [UInt8](repeating: 1, count: chunk * 2)
            let node = try client.put("blobs/a", base).node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            let changed = [UInt8](repeating: 2, count: chunk)
            let mtime = client.tick()
            let content = DraftContent(
                draft: draft, chunks: [DraftChunk(index: 1, bytes: changed)], size: node.size, baseLimit: node.size)
            try client.store.keepDraft(content, creation: nil, mtime: mtime)
            try expect(client.bytes("blobs/a") == base, "keeping published it")
            try client.reopen()
            try expect(client.bytes("blobs/a") == base[..<chunk] + changed, "the content")
            try expectEqual(client.node("blobs/a").mtime, mtime, "mtime")
            try expectEqual(client.node("blobs/a").id, node.id, "the node")
        },
        LocalStoreCheck("R1 recovery drops a draft that was only written", needs: [.reopening]) { client in
            let node = try client.put("blobs/a", "old").node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            try client.store.writeDraft(
                DraftContent(draft: draft, chunks: [DraftChunk(index: 0, bytes: [1])], size: 1, baseLimit: 0))
            let creation = try client.creation("blobs/new")
            let new = try client.store.openDraft(of: creation.id, isNew: true)
            try client.store.writeDraft(
                DraftContent(draft: new, chunks: [DraftChunk(index: 0, bytes: [1])], size: 1, baseLimit: 0))
            try client.reopen()
            try expectEqual(client.text("blobs/a"), "old", "the content")
            try expectEqual(client.names("blobs"), ["a"], "names")
        },
        LocalStoreCheck("R1 R2 what was kept is not lost to what was written after it", needs: [.reopening]) { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let node = try client.put("blobs/a", "old").node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            let kept = [UInt8](repeating: 5, count: chunk)
            let size = UInt64(chunk * 2)
            try client.store.keepDraft(
                DraftContent(draft: draft, chunks: [DraftChunk(index: 0, bytes: kept)], size: size, baseLimit: 0),
                creation: nil, mtime: client.tick())
            try client.store.writeDraft(
                DraftContent(
                    draft: draft, chunks: [DraftChunk(index: 1, bytes: [UInt8](repeating: 6, count: chunk))],
                    size: size, baseLimit: 0))
            try client.reopen()
            try expect(client.bytes("blobs/a").prefix(chunk).elementsEqual(kept), "what was kept is not there")
        },
        LocalStoreCheck(
            "R1 R2 keeping a draft makes its pending creation; recovery gives it the value", needs: [.reopening]
        ) { client in
            for path in ["kv/a", "blobs/a", "records/a.json"] {
                let creation = try client.creation(path, mode: 0o600)
                let draft = try client.store.openDraft(of: creation.id, isNew: true)
                let content = DraftContent(
                    draft: draft, chunks: [DraftChunk(index: 0, bytes: Array("[1]".utf8))], size: 3, baseLimit: 0)
                try client.store.keepDraft(content, creation: creation, mtime: client.tick())
                let pending = try client.node(path)
                try expectEqual(pending.id, creation.id, "id of \(path)")
                try expectEqual(pending.revision, 0, "revision of \(path) before it has a value")
                try expectEqual(pending.size, 0, "size of \(path) before it has a value")
            }
            try client.reopen()
            for path in ["kv/a", "blobs/a", "records/a.json"] {
                try expectEqual(client.text(path), "[1]", path)
                try expectEqual(client.node(path).mode, 0o600, "mode of \(path)")
                try expect(client.node(path).revision != 0, "\(path) has no revision")
            }
        },
        LocalStoreCheck(
            "R1 R5 a kept draft that does not parse goes to rejected; the old value stays", needs: [.reopening]
        ) { client in
            let node = try client.put("records/a.json", "1").node
            let creation = try client.creation("records/new.json")
            for (id, isNew) in [(node.id, false), (creation.id, true)] {
                let draft = try client.store.openDraft(of: id, isNew: isNew)
                let content = DraftContent(
                    draft: draft, chunks: [DraftChunk(index: 0, bytes: Array("{\"a".utf8))], size: 3, baseLimit: 0)
                try client.store.keepDraft(content, creation: isNew ? creation : nil, mtime: client.tick())
            }
            try client.reopen()
            try expectEqual(client.text("records/a.json"), "1", "the value")
            try expect(!client.has("records/new.json"), "a name that had no value is there")
            try expectEqual(client.kept(.rejected), ["records/a.json", "records/new.json"], "kept versions")
            let bytes = try client.store.keptBytes(.rejected, Array("records/a.json".utf8))
            try expectEqual(bytes, Array("{\"a".utf8), "the refused bytes")
        },
        LocalStoreCheck("R1 R10 a kept draft whose base others changed is a conflict", needs: [.reopening]) { client in
            let node = try client.put("kv/a", "1").node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            try client.store.keepDraft(
                DraftContent(draft: draft, chunks: [DraftChunk(index: 0, bytes: [9])], size: 1, baseLimit: 0),
                creation: nil, mtime: client.tick())
            try client.put("kv/a", "2")
            try client.reopen()
            try expectEqual(client.text("kv/a"), "2", "the value")
            try expectEqual(client.kept(.conflicts).count, 1, "kept versions")
        },
        LocalStoreCheck("recovery collects what was unlinked and held, with its drafts", needs: [.reopening]) {
            client in
            let node = try client.put("blobs/a", "x").node
            client.store.hold(node.id)
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            try client.store.keepDraft(
                DraftContent(draft: draft, chunks: [DraftChunk(index: 0, bytes: [9])], size: 1, baseLimit: 0),
                creation: nil, mtime: client.tick())
            try client.unlink("blobs/a")
            let nodes = try client.store.statistics(countsNodes: true).nodes ?? 0
            try client.reopen()
            try expectError(.notFound, "the node") { try client.store.node(node.id) }
            try expect(
                client.store.statistics(countsNodes: true).nodes ?? .max <= nodes, "there are more nodes than before")
            try expectEqual(client.names("blobs"), [], "names")
        },
        LocalStoreCheck(
            "R8 recovery joins kept tails, once; one that does not parse goes to rejected", needs: [.reopening]
        ) { client in
            for path in ["events/a.jsonl", "events/b.jsonl", "events/c.jsonl", "events/d.jsonl"] {
                try client.append(path, "1\n")
            }
            let store = client.store
            var tail = try store.keepTail(nil, of: client.node("events/a.jsonl").id, bytes: Array("2".utf8))
            tail = try store.keepTail(tail, of: client.node("events/a.jsonl").id, bytes: Array("23".utf8))
            _ = try store.keepTail(nil, of: client.node("events/b.jsonl").id, bytes: Array("{\"a".utf8))
            tail = try store.keepTail(nil, of: client.node("events/c.jsonl").id, bytes: Array("4".utf8))
            try client.append("events/c.jsonl", "45\n", tail: tail)
            tail = try store.keepTail(nil, of: client.node("events/d.jsonl").id, bytes: Array("5".utf8))
            try store.dropTail(tail)
            try expectEqual(client.text("events/a.jsonl"), "1\n", "a tail shows before it is joined")
            try client.reopen()
            try expectEqual(client.text("events/a.jsonl"), "1\n23", "joined")
            try expectEqual(client.text("events/b.jsonl"), "1\n", "no JSON")
            try expectEqual(client.text("events/c.jsonl"), "1\n45\n", "joined by an append")
            try expectEqual(client.text("events/d.jsonl"), "1\n", "dropped")
            try expectEqual(client.kept(.rejected), ["events/b.jsonl"], "kept versions")
            try client.reopen()
            try expectEqual(client.text("events/a.jsonl"), "1\n23", "joined once")
        },
        LocalStoreCheck("R2 sync and close return, close twice too, and leave what was there", needs: [.reopening]) {
            client in
            try client.put("kv/a", "1")
            try client.store.sync()
            try client.store.sync()
            client.store.close()
            client.store.close()
            try client.reopen()
            try expectEqual(client.text("kv/a"), "1", "the value")
        },
    ]
}
