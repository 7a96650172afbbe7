internal import Persist

extension LocalStoreCheck {
    static let attributes: [LocalStoreCheck] = [
        LocalStoreCheck("R4 a creation's mode, owner and times are kept; what was not said stays unsaid") { client in
            var creation = try client.creation("blobs/a", mode: 0o4751)
            creation.uid = 1_000
            creation.gid = 4_294_967_000
            let made = try client.store.create(creation)
            try expectEqual(made.mode, 0o4751, "mode")
            try expectEqual(made.uid, 1_000, "uid")
            try expectEqual(made.gid, 4_294_967_000, "gid")
            try expectEqual(
                [made.mtime, made.ctime, made.btime], [creation.time, creation.time, creation.time], "times")
            try expectEqual(made.atime, nil, "atime")
            let other = try client.create("blobs/b")
            try expectEqual(other.mode, nil, "mode of another")
            try expectEqual(other.uid, nil, "uid of another")
        },
        LocalStoreCheck("R4 setAttributes changes what is given, and ctime") { client in
            let before = try client.put("blobs/a", "x").node
            let times = [client.tick(), client.tick(), client.tick(), client.tick()]
            var after = try client.store.setAttributes(before.id, AttributeChange(mode: 0o600, time: times[0]))
            try expectEqual(after.mode, 0o600, "mode")
            try expectEqual(after.mtime, before.mtime, "mtime")
            try expectEqual(after.ctime, times[0], "ctime")
            after = try client.store.setAttributes(before.id, AttributeChange(uid: 7, gid: 8, time: times[1]))
            try expectEqual([after.uid, after.gid], [7, 8], "owner")
            try expectEqual(after.mode, 0o600, "mode")
            let old = Timestamp(seconds: -5, nanoseconds: 999_999_999)
            after = try client.store.setAttributes(
                before.id, AttributeChange(mtime: old, atime: times[2], time: times[3]))
            try expectEqual(after.mtime, old, "mtime, before 1970")
            try expectEqual(after.atime, times[2], "atime")
            try expectEqual(client.node("blobs/a"), after, "what lookup says")
            try expectEqual(after.size, 1, "size")
            try expectEqual(after.btime, before.btime, "btime")
            let unused = try client.store.reserveNodeID()
            try expectError(.notFound, "of nothing") {
                try client.store.setAttributes(unused, AttributeChange(mode: 0, time: times[0]))
            }
        },
        LocalStoreCheck("R3 R4 the root, namespaces, directories and symlinks keep attributes too") { client in
            try client.directory("records/d")
            try client.create("records/l", .symlink, target: "d")
            for path in ["", "kv", "records/d", "records/l"] {
                let id = try client.node(path).id
                let change = AttributeChange(mode: 0o711, uid: 1, gid: 2, mtime: client.tick(), time: client.tick())
                _ = try client.store.setAttributes(id, change)
                let node = try client.node(path)
                try expectEqual(node.mode, 0o711, "mode of \(path)")
                try expectEqual([node.uid, node.gid], [1, 2], "owner of \(path)")
                try expectEqual(node.mtime, change.mtime, "mtime of \(path)")
                try expectEqual(node.ctime, change.time, "ctime of \(path)")
            }
        },
        LocalStoreCheck("R1 R4 publishing sets mtime as told, keeps mode and owner, and clears suid and sgid as told") {
            client in
            var creation = try client.creation("blobs/a", mode: 0o6755)
            creation.uid = 5
            let id = try client.store.create(creation).id
            let first = try client.put("blobs/a", "1").node
            try expectEqual(first.mode, 0o6755, "mode")
            try expectEqual(first.uid, 5, "uid")
            let mtime = Timestamp(seconds: 12, nanoseconds: 34)
            let publication = Publication(node: id, content: .bytes([1, 2]), mtime: mtime)
            let second = try client.store.publish(publication).node
            try expectEqual(second.mode, 0o6755, "mode")
            try expectEqual(second.mtime, mtime, "mtime")
            try expectEqual(second.ctime, first.ctime, "ctime, where mtime is older")
            try expectEqual(second.btime, creation.time, "btime")
            let third = try client.put("blobs/a", "3").node
            try expectEqual(third.ctime, third.mtime, "ctime, where mtime is newer")
        },
        LocalStoreCheck("R4 extended attributes are set, created, replaced, listed and removed") { client in
            let id = try client.put("records/a.json", "1").node.id
            let name = Array("user.\u{e9}".utf8)
            let store = client.store
            try expectError(.noAttribute, "get, none") { try store.attribute(name, of: id) }
            try expectError(.noAttribute, "remove, none") { try store.removeAttribute(name, of: id) }
            try expectError(.noAttribute, "replace, none") {
                try store.setAttribute(name, to: [1], mode: .replace, of: id)
            }
            try store.setAttribute(name, to: [0, 255], mode: .create, of: id)
            try expectError(.exists, "create, again") { try store.setAttribute(name, to: [1], mode: .create, of: id) }
            try expectEqual(store.attribute(name, of: id), [0, 255], "value")
            try store.setAttribute(name, to: [], mode: .replace, of: id)
            try expectEqual(store.attribute(name, of: id), [], "an empty value")
            try store.setAttribute(Array("user.b".utf8), to: [1], mode: .set, of: id)
            try expectEqual(Set(store.attributeNames(of: id)), [name, Array("user.b".utf8)], "names")
            try store.removeAttribute(name, of: id)
            try expectEqual(store.attributeNames(of: id), [Array("user.b".utf8)], "names after a removal")
        },
        LocalStoreCheck("R4 extended attributes move ctime, stay through a publication and a rename") { client in
            let before = try client.put("records/a.json", "1").node
            let name = Array("user.a".utf8)
            try client.store.setAttribute(name, to: [1], mode: .set, of: before.id)
            let after = try client.node("records/a.json")
            try expect(after.ctime != before.ctime, "ctime stays")
            try expectEqual(after.mtime, before.mtime, "mtime")
            try client.put("records/a.json", "2")
            try client.rename("records/a.json", to: "records/b.json")
            try expectEqual(client.store.attribute(name, of: before.id), [1], "the value")
            try client.put("records/a.json", "3")
            try expectEqual(client.store.attributeNames(of: client.node("records/a.json").id), [], "of a new file")
        },
        LocalStoreCheck("R14 extended attributes past the limit are .full, and change nothing", limits: .small) {
            client in
            let id = try client.create("blobs/a").id
            let name = Array("user.a".utf8)
            try client.store.setAttribute(name, to: [1], mode: .set, of: id)
            try expectError(.full, "one too large") {
                try client.store.setAttribute(name, to: [UInt8](repeating: 0, count: 1_001), mode: .set, of: id)
            }
            try expectEqual(client.store.attribute(name, of: id), [1], "the value")
            try expectError(.full, "all together") {
                for number in 0..<20 {
                    let value = [UInt8](repeating: 0, count: 100)
                    try client.store.setAttribute(Array("user.\(number)".utf8), to: value, mode: .set, of: id)
                }
            }
        },
    ]
}
