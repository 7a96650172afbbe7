internal import Persist

extension LocalStoreCheck {
    static let documents: [LocalStoreCheck] = [
        LocalStoreCheck("R5 a document is kept byte for byte") { client in
            let text = "{ \"b\" : 1.0,\n\t\"a\":12345678901234567890, \"a\": \"\\u00e9\u{e9}\" }\n\n"
            let published = try client.put("records/a.json", text)
            try expectEqual(published.conflict, nil, "a conflict")
            try expectEqual(client.text("records/a.json"), text, "the bytes")
            try expectEqual(published.node.size, UInt64(text.utf8.count), "size")
        },
        LocalStoreCheck("R5 a document that does not parse is .rejected, with a hint, and the last good version stays")
        {
            client in
            let good = try client.put("records/a.json", #"{"good":true}"#).node
            let bad: [[UInt8]] = [
                Array(#"{"a":1"#.utf8), Array("[1,]".utf8), Array("{'a':1}".utf8), Array("1 2".utf8),
                Array(" \n".utf8), [0xEF, 0xBB, 0xBF, 0x31], [0x22, 0xFF, 0x22], Array("01".utf8), Array("NaN".utf8),
                Array("[1]\0".utf8),
            ]
            for bytes in bad {
                do {
                    try client.put("records/a.json", bytes)
                    try expect(false, "\(String(decoding: bytes, as: UTF8.self)) was taken")
                } catch let error as StoreError {
                    try expectEqual(error.kind, .rejected, "the error for \(bytes)")
                    try expect(error.hint != nil, "no hint for \(bytes)")
                }
            }
            try expectEqual(client.text("records/a.json"), #"{"good":true}"#, "the value")
            try expectEqual(client.node("records/a.json"), good, "the node")
        },
        LocalStoreCheck("R5 a refused creation leaves no name") { client in
            try expectError(.rejected, "no JSON") { try client.put("records/a.json", "{") }
            try expect(!client.has("records/a.json"), "the name is there")
        },
        LocalStoreCheck("R5 documents nest to 512, and no deeper") { client in
            func nested(_ depth: Int) -> String {
                String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            }
            try client.put("records/a.json", nested(512))
            try expectError(.rejected, "513") { try client.put("records/a.json", nested(513)) }
        },
        LocalStoreCheck("R5 an empty record is a placeholder where there is no value, and refused where there is one") {
            client in
            let made = try client.create("records/a.json")
            try expectEqual(made.revision, 0, "revision of a creation")
            try expectEqual(client.put("records/a.json", "").node.revision, 0, "revision after an empty publication")
            let new = try client.put("records/b.json", "").node
            try expectEqual(new.revision, 0, "revision of an empty new file")
            try expectEqual(new.size, 0, "size")
            try expect(client.put("records/a.json", "1").node.revision != 0, "a value has no revision")
            try expectError(.rejected, "emptied") { try client.put("records/a.json", "") }
            try expectEqual(client.text("records/a.json"), "1", "the value")
        },
        LocalStoreCheck("R5 R6 past its limit a document is .tooLarge, and the old value stays", limits: .small) {
            client in
            let fits = "\"" + String(repeating: "x", count: 198) + "\""
            try client.put("records/a.json", fits)
            try expectError(.tooLarge, "a record") { try client.put("records/a.json", fits + " ") }
            try expectEqual(client.text("records/a.json"), fits, "the record")
            try client.put("kv/a", String(repeating: "x", count: 100))
            try expectError(.tooLarge, "a value") { try client.put("kv/a", String(repeating: "y", count: 101)) }
            try expectEqual(client.text("kv/a"), String(repeating: "x", count: 100), "the value")
            try client.put("records/a.txt", String(repeating: "x", count: 1_000))
            try client.put("kv/a.tmp", String(repeating: "x", count: 1_000))
        },
        LocalStoreCheck("R7 past its limit a blob is .tooLarge", limits: .small) { client in
            try client.put("blobs/a", [UInt8](repeating: 1, count: 1 << 20))
            try expectError(.tooLarge, "a blob") {
                try client.put("blobs/a", [UInt8](repeating: 2, count: 1 << 20 + 1))
            }
            try expectEqual(client.node("blobs/a").size, 1 << 20, "size")
        },
        LocalStoreCheck("R6 values are raw bytes, empty ones too; numbers and newlines stay as they are") { client in
            let values: [[UInt8]] = [
                [], [0], [0xFF, 0x00, 0xFE], Array("1".utf8), Array("1\n".utf8), Array("1.0".utf8), Array("007".utf8),
                Array("9223372036854775808".utf8), Array("text\n\n".utf8), Array("e\u{301}".utf8),
            ]
            for value in values {
                try expect(client.put("kv/a", value).node.revision != 0, "\(value) has no revision")
                try expectEqual(client.bytes("kv/a"), value, "the value")
            }
            try expect(client.create("kv/b").revision != 0, "a new value has no revision")
        },
        LocalStoreCheck("a creation that is published is one step: node, attributes, value") { client in
            let creation = try client.creation("kv/a", mode: 0o600)
            let publication = Publication(
                node: creation.id, creation: creation, content: .bytes([1]), mtime: client.tick())
            let node = try client.store.publish(publication).node
            try expectEqual(node.id, creation.id, "id")
            try expectEqual(node.mode, 0o600, "mode")
            try expectEqual(node.btime, creation.time, "btime")
            try expectEqual(node.mtime, publication.mtime, "mtime")
            try expectEqual(client.node("kv/a"), node, "what lookup says")
            let late = try client.creation("kv/a")
            try expectError(.exists, "a name that is taken by now") {
                try client.store.publish(
                    Publication(node: late.id, creation: late, content: .bytes([2]), mtime: client.tick()))
            }
            try expectEqual(client.bytes("kv/a"), [1], "the value")
        },
        LocalStoreCheck("a file whose name is taken by now gets one beside it, where that is asked") { client in
            _ = try client.put("blobs/a", "theirs")
            let late = try client.creation("blobs/a")
            var publication = Publication(node: late.id, creation: late, content: .bytes([2]), mtime: client.tick())
            publication.isBeside = true
            let node = try client.store.publish(publication).node
            try expectEqual(node.id, late.id, "id")
            let name = String(decoding: node.name.bytes, as: UTF8.self)
            try expectEqual(name.hasPrefix("a@"), true, name)
            try expectEqual(client.bytes("blobs/\(name)"), [2], "the value")
            try expectEqual(client.bytes("blobs/a"), Array("theirs".utf8), "what has the name")
        },
        LocalStoreCheck("revisions move on with each change of content, and not with attributes") { client in
            var seen: Set<[Int64]> = []
            for number in 0..<10 {
                for path in ["records/a.json", "kv/a", "blobs/a"] {
                    let node = try client.put(path, "\(number)").node
                    let isNew = seen.insert([Int64(node.id.rawValue), node.revision]).inserted
                    try expect(isNew, "a revision of \(path) comes again")
                }
            }
            let before = try client.node("kv/a")
            let after = try client.store.setAttributes(before.id, AttributeChange(mode: 0o600, time: client.tick()))
            try expectEqual(after.revision, before.revision, "after chmod")
            let other = try client.put("kv/a", "x").node
            try expect(other.revision > before.revision, "a revision does not rise")
        },
        LocalStoreCheck("R7 a ranged read gives the bytes that are there, and their revision") { client in
            let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
            let node = try client.put("blobs/a", content).node
            for (offset, count) in [(0, 10), (65_530, 20), (131_071, 70_000), (199_999, 5), (200_000, 5), (1 << 40, 5)]
            {
                let found = try client.bytes(of: node.id, at: UInt64(offset), count: count)
                let expected = content.dropFirst(offset).prefix(count)
                try expect(found.elementsEqual(expected), "\(count) bytes at \(offset) are not what was written")
            }
            var revision: Int64 = 0
            _ = try [UInt8](capacity: 1) { span throws(StoreError) in
                revision = try client.store.read(node.id, at: 0, into: &span)
            }
            try expectEqual(revision, node.revision, "revision")
            let directory = try client.directory("blobs/d").id
            try expectError(.isDirectory, "a directory") { try client.bytes(of: directory, count: 1) }
        },
    ]

    static let conflicts: [LocalStoreCheck] = [
        LocalStoreCheck("R10 a document that others changed since its base stays, and this content goes to conflicts") {
            client in
            for (path, area) in [("records/a.json", "records/a.json@"), ("kv/a", "kv/a@")] {
                let base = try client.put(path, "1").node.revision
                let theirs = try client.put(path, "2").node
                let published = try client.put(path, "3", base: base)
                try expectEqual(published.node, theirs, "what is under the name")
                try expectEqual(client.text(path), "2", "the value")
                guard let conflict = published.conflict else {
                    throw CheckFailure(text: "no conflict was told", file: #fileID, line: #line)
                }
                let text = String(decoding: conflict, as: UTF8.self)
                try expect(text.hasPrefix(area), "\(text) does not begin with \(area)")
                try expect(client.kept(.conflicts).contains(text), "\(text) is not listed")
                try expectEqual(client.store.keptBytes(.conflicts, conflict), Array("3".utf8), "the version kept")
            }
        },
        LocalStoreCheck("R10 two conflicts of one name are both kept") { client in
            let base = try client.put("kv/a", "1").node.revision
            try client.put("kv/a", "2")
            let first = try client.put("kv/a", "3", base: base).conflict
            let second = try client.put("kv/a", "4", base: base).conflict
            try expect(first != nil && second != nil && first != second, "\(first ?? []) and \(second ?? [])")
            try expectEqual(client.kept(.conflicts).count, 2, "versions")
        },
        LocalStoreCheck("R10 no conflict: the base is current, the content is the same, or there is no base") {
            client in
            let base = try client.put("kv/a", "1").node.revision
            let next = try client.put("kv/a", "2", base: base)
            try expectEqual(next.conflict, nil, "with the current base")
            try expectEqual(client.put("kv/a", "2", base: base).conflict, nil, "with the same content")
            try expectEqual(client.put("kv/a", "3").conflict, nil, "with no base")
            try expectEqual(client.text("kv/a"), "3", "the value")
            try expectEqual(client.kept(.conflicts), [], "kept versions")
        },
        LocalStoreCheck("R10 of a blob the later publication stands, whole") { client in
            let base = try client.put("blobs/a", "1").node.revision
            try client.put("blobs/a", "2")
            let published = try client.put("blobs/a", "3", base: base)
            try expectEqual(published.conflict, nil, "a conflict")
            try expectEqual(client.text("blobs/a"), "3", "the blob")
        },
        LocalStoreCheck("R5 R10 what does not parse is refused before it can be a conflict") { client in
            let base = try client.put("records/a.json", "1").node.revision
            try client.put("records/a.json", "2")
            try expectError(.rejected, "no JSON") { try client.put("records/a.json", "{", base: base) }
            try expectEqual(client.kept(.conflicts), [], "kept versions")
        },
    ]
}
