internal import Persist

extension LocalStoreCheck {
    static let streams: [LocalStoreCheck] = [
        LocalStoreCheck("R8 a stream is its lines, one after another, and only grows") { client in
            let first = try client.append("events/a.jsonl", "{\"a\":1}\n{\"a\":2}\n")
            try expectEqual([first.position, UInt64(first.accepted)], [0, 16], "position and bytes accepted")
            let second = try client.append("events/a.jsonl", "[3]\n")
            try expectEqual(second.position, 16, "position of the next")
            try expectEqual(second.node.size, 20, "size")
            try expect(second.node.revision > first.node.revision, "the revision does not rise")
            try expectEqual(second.node.mtime, second.node.ctime, "mtime and ctime")
            try expect(second.node.mtime > first.node.mtime, "mtime stays")
            try expectEqual(client.text("events/a.jsonl"), "{\"a\":1}\n{\"a\":2}\n[3]\n", "the whole")
            let part = try client.bytes(of: first.node.id, at: 6, count: 5)
            try expectEqual(part, Array("}\n{\"a".utf8), "a part")
        },
        LocalStoreCheck("R8 one long append and many short ones read the same") { client in
            let lines = (0..<3_000).map { "{\"n\":\($0),\"s\":\"\(String(repeating: "x", count: $0 % 50))\"}\n" }
            try client.append("events/a.jsonl", lines.joined())
            for start in stride(from: 0, to: 3_000, by: 300) {
                try client.append("events/b.jsonl", lines[start..<(start + 300)].joined())
            }
            let whole = Array(lines.joined().utf8)
            try expect(client.bytes("events/a.jsonl") == whole, "one long append")
            try expect(client.bytes("events/b.jsonl") == whole, "many short ones")
            let id = try client.node("events/b.jsonl").id
            for offset in stride(from: 1, to: whole.count, by: 7_919) {
                let part = try client.bytes(of: id, at: UInt64(offset), count: 100)
                try expect(part == Array(whole[offset...].prefix(100)), "100 bytes at \(offset)")
            }
        },
        LocalStoreCheck("R8 lines end before the first that is not JSON; where it is the first, nothing changes") {
            client in
            for path in ["events/a.jsonl", "events/a.ndjson"] {
                try client.append(path, "1\n")
                let before = try client.node(path)
                try expectError(.rejected, "a bad first line") { try client.append(path, "{\n2\n") }
                try expectError(.rejected, "an empty first line") { try client.append(path, "\n") }
                try expectEqual(client.node(path), before, "the stream")
                let cut = try client.append(path, "2\n3\noops\n4\n")
                try expectEqual(cut.accepted, 4, "bytes accepted")
                try expectEqual(client.text(path), "1\n2\n3\n", "the lines")
            }
            try client.append("events/a.log", "any\n\nthing\u{0}\n")
            try expectEqual(client.text("events/a.log"), "any\n\nthing\u{0}\n", "a log of text")
        },
        LocalStoreCheck("R8 a refused first line of a new stream leaves no name") { client in
            try expectError(.rejected, "no JSON") { try client.append("events/a.jsonl", "{\n") }
            try expect(!client.has("events/a.jsonl"), "the name is there")
        },
        LocalStoreCheck("R8 after a line without a newline, O_APPEND puts the newline first") { client in
            try client.append("events/a.jsonl", "1\n2", endsUnterminated: true)
            try expectEqual(client.text("events/a.jsonl"), "1\n2", "without a newline")
            let next = try client.append("events/a.jsonl", "3\n")
            try expectEqual(next.position, 4, "where the bytes begin")
            try expectEqual(next.accepted, 2, "bytes accepted")
            try expectEqual(client.text("events/a.jsonl"), "1\n2\n3\n", "the lines")
            try client.append("events/a.jsonl", "4", endsUnterminated: true)
            try expectError(.rejected, "a bad line") { try client.append("events/a.jsonl", "{\n") }
            try expectEqual(client.text("events/a.jsonl"), "1\n2\n3\n4", "no newline for a refused line")
        },
        LocalStoreCheck("R8 a positioned write continues a line without a newline, and it must still be JSON") {
            client in
            try client.append("events/a.jsonl", "12", endsUnterminated: true)
            try expectError(.rejected, "12}") { try client.append("events/a.jsonl", "}\n", .continuing) }
            let next = try client.append("events/a.jsonl", "34\n5\n", .continuing)
            try expectEqual(next.position, 2, "where the bytes begin")
            try expectEqual(client.text("events/a.jsonl"), "1234\n5\n", "the lines")
            try client.append("events/a.log", "one ", endsUnterminated: true)
            try client.append("events/a.log", "line", .continuing, endsUnterminated: true)
            try client.append("events/a.log", ".\n", .continuing)
            try expectEqual(client.text("events/a.log"), "one line.\n", "a log of text")
        },
        LocalStoreCheck("R8 an unfinished last line that does not parse is not taken") { client in
            try expectError(.rejected, "alone") {
                try client.append("events/a.jsonl", "{\"a", endsUnterminated: true)
            }
            let cut = try client.append("events/a.jsonl", "1\n{\"a", endsUnterminated: true)
            try expectEqual(cut.accepted, 2, "bytes accepted")
            try expectEqual(client.text("events/a.jsonl"), "1\n", "the lines")
        },
        LocalStoreCheck("R8 R14 a line past the limit is .tooLarge", limits: .small) { client in
            for path in ["events/a.log", "events/a.jsonl"] {
                let fits = "\"" + String(repeating: "x", count: 98) + "\""
                try client.append(path, fits + "\n")
                try expectError(.tooLarge, "101 bytes") { try client.append(path, "1" + fits + "\n") }
                try expectEqual(client.append(path, "1\n" + fits + " \n").accepted, 2, "bytes before such a line")
                try expectEqual(client.text(path), fits + "\n1\n", "the lines")
            }
        },
        LocalStoreCheck("R8 a stream that has events is not removed, renamed, exchanged or replaced") { client in
            try client.directory("events/d")
            try client.append("events/d/a.log", "1\n")
            try client.create("events/d/b.log")
            try client.put("events/d/other.txt", "2\n")
            let before = try client.node("events/d/a.log")
            try expectError(.notPermitted, "unlink") { try client.unlink("events/d/a.log") }
            try expectError(.notPermitted, "rename") { try client.rename("events/d/a.log", to: "events/d/c.log") }
            try expectError(.notPermitted, "rename to a plain name") {
                try client.rename("events/d/a.log", to: "events/d/a.txt")
            }
            try expectError(.notPermitted, "rename over it") {
                try client.rename("events/d/other.txt", to: "events/d/a.log")
            }
            try expectError(.notPermitted, "exchange") {
                try client.rename("events/d/other.txt", to: "events/d/a.log", .exchange)
            }
            try expectError(.notPermitted, "rename of its directory") { try client.rename("events/d", to: "events/e") }
            try expectEqual(client.node("events/d/a.log"), before, "the stream")
            try client.unlink("events/d/b.log")
        },
        LocalStoreCheck("R8 a stream without events may be removed and renamed") { client in
            let id = try client.create("events/a.log").id
            try client.rename("events/a.log", to: "events/b.log")
            try client.rename("events/b.log", to: "events/b.txt")
            try expectEqual(client.node("events/b.txt").id, id, "the node")
            try client.rename("events/b.txt", to: "events/c.jsonl")
            try client.append("events/c.jsonl", "1\n")
            try expectEqual(client.node("events/c.jsonl").id, id, "the node")
            try client.create("events/d.log")
            try client.unlink("events/d.log")
            try expectEqual(client.names("events"), ["c.jsonl"], "names")
        },
        LocalStoreCheck("R8 renaming over a stream a file that begins with what is there appends the rest") { client in
            let stream = try client.append("events/a.jsonl", "1\n2\n").node
            try client.put("events/.a.jsonl.Ab3dEf", "1\n2\n3\n[4]\n")
            let source = try client.node("events/.a.jsonl.Ab3dEf").id
            let change = AttributeChange(
                mode: 0o604, uid: 3, gid: 4, mtime: Timestamp(seconds: 99, nanoseconds: 1), time: client.tick())
            _ = try client.store.setAttributes(source, change)
            let renamed = try client.rename("events/.a.jsonl.Ab3dEf", to: "events/a.jsonl")
            try expectEqual(renamed.node.id, stream.id, "the node")
            try expectEqual(renamed.absorbed, source, "the node that is gone")
            try expectEqual(renamed.replaced, nil, "what was replaced")
            try expectEqual(renamed.node.mode, 0o604, "mode")
            try expectEqual([renamed.node.uid, renamed.node.gid], [3, 4], "owner")
            try expectEqual(renamed.node.mtime, change.mtime, "mtime")
            try expectEqual(client.text("events/a.jsonl"), "1\n2\n3\n[4]\n", "the lines")
            try expectEqual(client.names("events"), ["a.jsonl"], "names")
            try expectError(.notFound, "the source") { try client.store.node(source) }
            try client.put("events/bad.tmp", "1\n2\n3\n[4]\n{\n")
            try expectError(.rejected, "a rest that is no JSON") {
                try client.rename("events/bad.tmp", to: "events/a.jsonl")
            }
            try client.put("events/short.tmp", "1\n2\n")
            try expectError(.notPermitted, "a shorter one") {
                try client.rename("events/short.tmp", to: "events/a.jsonl")
            }
            try expectEqual(client.text("events/a.jsonl"), "1\n2\n3\n[4]\n", "the lines")
        },
        LocalStoreCheck("R8 a file renamed to the name of a stream becomes one, by the rules of its lines") { client in
            try client.put("events/a.tmp", "1\n2\n3")
            try client.rename("events/a.tmp", to: "events/a.jsonl")
            try expect(client.node("events/a.jsonl").isStream, "it is no stream")
            try client.append("events/a.jsonl", "4\n")
            try expectEqual(client.text("events/a.jsonl"), "1\n2\n3\n4\n", "the lines")
            try client.put("events/b.tmp", "1\n{\n")
            try expectError(.rejected, "a bad line") { try client.rename("events/b.tmp", to: "events/b.jsonl") }
            try expectEqual(client.text("events/b.tmp"), "1\n{\n", "the file")
        },
        LocalStoreCheck("R8 events are taken from a stream only where the limits say so") { client in
            let stream = try client.append("events/a.log", "1\n2\n").node
            try expectError(.notPermitted, "events") {
                try client.store.removeEvents(of: stream.id, at: client.tick())
            }
            try expectEqual(client.text("events/a.log"), "1\n2\n", "the lines")
            let empty = try client.create("events/b.log")
            try expectEqual(client.store.removeEvents(of: empty.id, at: client.tick()).size, 0, "an empty one")
            let blob = try client.put("blobs/a", "1").node
            try expectError(.invalid, "a blob") { try client.store.removeEvents(of: blob.id, at: client.tick()) }
        },
        LocalStoreCheck("R8 a stream that lost its events begins anew, under its name and id", limits: .removing) {
            client in
            let before = try client.append("events/a.jsonl", "1\n2", endsUnterminated: true).node
            let time = client.tick()
            let node = try client.store.removeEvents(of: before.id, at: time)
            try expectEqual(node.id, before.id, "id")
            try expectEqual([node.size, node.allocated], [0, 0], "size")
            try expectEqual([node.mtime, node.ctime], [time, time], "times")
            try expect(node.revision != before.revision, "the revision has not moved")
            try expectEqual(client.text("events/a.jsonl"), "", "the lines")
            try expectEqual(client.append("events/a.jsonl", "3\n").position, 0, "position")
            try expectEqual(client.text("events/a.jsonl"), "3\n", "the lines")
        },
        LocalStoreCheck("R8 where the limits say so, streams may be removed, renamed and replaced", limits: .removing) {
            client in
            try client.append("events/a.log", "1\n")
            try client.rename("events/a.log", to: "events/b.log")
            try client.put("events/c.tmp", "2\n")
            try client.rename("events/c.tmp", to: "events/b.log")
            try expectEqual(client.text("events/b.log"), "2\n", "replaced")
            try client.unlink("events/b.log")
            try expectEqual(client.names("events"), [], "names")
        },
    ]
}

extension StoreLimits {
    static var removing: StoreLimits {
        var limits = StoreLimits()
        limits.removesEvents = true
        return limits
    }
}
