internal import Persist

extension StoreClient {
    /// A draft of what is at `path`, and what it is as it begins.
    fileprivate func patching(_ path: String) throws -> DraftContent {
        let node = try node(path)
        let draft = try store.openDraft(of: node.id, isNew: false)
        return DraftContent(draft: draft, chunks: [], size: node.size, baseLimit: node.size)
    }
}

/// A file, the draft of it, and what the draft must show.
private struct Patching {
    var content: DraftContent
    var expected: [UInt8]
    private let chunk: Int

    init(_ client: StoreClient, _ path: String, _ expected: [UInt8]) throws {
        content = try client.patching(path)
        chunk = Int(client.store.limits.chunkBytes)
        self.expected = expected
    }

    /// So many bytes at each of these places of the file, none over the end of a chunk.
    mutating func add(_ byte: UInt8, _ count: Int, at places: [Int]) {
        let bytes = [UInt8](repeating: byte, count: count)
        for place in places {
            if expected.count < place + count {
                expected += [UInt8](repeating: 0, count: place + count - expected.count)
            }
            expected.replaceSubrange(place..<(place + count), with: bytes)
            let patch = ScatteredBytes(bytes, at: place % chunk)
            if let known = content.patches.firstIndex(where: { $0.index == UInt64(place / chunk) }) {
                content.patches[known].bytes.write(patch)
            } else {
                content.patches.append(DraftPatch(index: UInt64(place / chunk), bytes: patch))
            }
        }
        content.size = UInt64(expected.count)
    }

    /// Ends the file there.
    mutating func cut(at size: Int) {
        expected.removeLast(expected.count - size)
        content.size = UInt64(size)
        content.baseLimit = min(content.baseLimit, UInt64(size))
    }

    mutating func write(_ client: StoreClient) throws {
        try client.store.writeDraft(content)
        content.patches = []
        try expect(client.draftBytes(content.draft, count: expected.count + 1) == expected, "the draft")
        let middle = try client.draftBytes(content.draft, at: UInt64(expected.count / 3), count: 9_000)
        try expect(middle == Array(expected[(expected.count / 3)...].prefix(9_000)), "a part of the draft")
    }

    mutating func publish(_ client: inout StoreClient, _ path: String) throws {
        let node = try client.publish(content).node
        try expectEqual(node.size, UInt64(expected.count), "size")
        try expect(client.bytes(path) == expected, "published")
    }
}

extension LocalStoreCheck {
    private static func bytes(_ client: StoreClient, _ chunks: Int, plus more: Int = 0) -> [UInt8] {
        (0..<(chunks * Int(client.store.limits.chunkBytes) + more)).map { UInt8(truncatingIfNeeded: $0 % 251 + 1) }
    }

    static let patches: [LocalStoreCheck] = [
        LocalStoreCheck("R7 parts of chunks lie over the base, over holes and over the draft's own chunks") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let base = bytes(client, 2) + [UInt8](repeating: 0, count: chunk) + bytes(client, 1, plus: 300)
            try client.put("blobs/a", base)
            var file = try Patching(client, "blobs/a", base)
            file.content.chunks = [DraftChunk(index: 1, bytes: [UInt8](repeating: 9, count: chunk))]
            file.expected.replaceSubrange(chunk..<(2 * chunk), with: file.content.chunks[0].bytes)
            file.add(101, 4_096, at: [0, 8_192, chunk + 5, 2 * chunk + 700, 4 * chunk + 250])
            try file.write(client)
            file.content.chunks = []
            file.add(102, 5_000, at: [6_000, chunk - 5_000, 2 * chunk - 5_000, 3 * chunk + 1])
            try file.write(client)
            try expect(client.bytes("blobs/a") == base, "the published content changed")
            try file.publish(&client, "blobs/a")
        },
        LocalStoreCheck("R7 parts of a chunk are one with those that were published before, few or many") { client in
            let base = bytes(client, 3, plus: 100)
            try client.put("blobs/a", base)
            var shown = base
            for round in 0..<12 {
                var file = try Patching(client, "blobs/a", shown)
                file.add(UInt8(round), 4_096, at: [round * 5_000 + 1, 65_536 * 2 + 4_000, 65_536 * 3 - 4_096])
                try file.write(client)
                file.add(UInt8(100 + round), 10, at: [round * 5_000 + 500, 65_536 * 3 + 20])
                try file.publish(&client, "blobs/a")
                shown = file.expected
            }
        },
        LocalStoreCheck("R7 a file that shrank within a part of a chunk, and grew again, shows zeros there") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            for isPublishedBetween in [false, true] {
                let base = bytes(client, 3)
                try client.put("blobs/a", base)
                var file = try Patching(client, "blobs/a", base)
                file.add(7, 4_096, at: [chunk + 1_000, 2 * chunk + 1_000])
                try file.write(client)
                if isPublishedBetween {
                    try file.publish(&client, "blobs/a")
                    file = try Patching(client, "blobs/a", file.expected)
                }
                file.cut(at: chunk + 2_000)
                try file.write(client)
                file.add(8, 100, at: [chunk + 3_000, 2 * chunk + 10])
                try file.write(client)
                try file.publish(&client, "blobs/a")
            }
        },
        LocalStoreCheck("R7 holes and whole chunks take the place of parts of chunks") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let base = bytes(client, 3)
            try client.put("blobs/a", base)
            var file = try Patching(client, "blobs/a", base)
            file.add(7, 4_096, at: [1_000, chunk + 1_000, 2 * chunk + 1_000])
            try file.write(client)
            file.content.holes = [0..<1]
            file.content.chunks = [DraftChunk(index: 1, bytes: [UInt8](repeating: 5, count: chunk))]
            file.expected.replaceSubrange(0..<chunk, with: repeatElement(0, count: chunk))
            file.expected.replaceSubrange(chunk..<(2 * chunk), with: repeatElement(5, count: chunk))
            try file.write(client)
            try expectEqual(client.data(of: .draft(file.content.draft)), [UInt64(chunk)..<UInt64(3 * chunk)], "data")
            (file.content.holes, file.content.chunks) = ([], [])
            try file.publish(&client, "blobs/a")
        },
        LocalStoreCheck("R7 chunks are shared with the parts that were written over them") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let base = bytes(client, 3)
            let source = try client.put("blobs/a", base).node
            var file = try Patching(client, "blobs/a", base)
            file.add(7, 4_096, at: [1_000, chunk + 1_000])
            try file.publish(&client, "blobs/a")
            var draft = try Patching(client, "blobs/a", file.expected)
            draft.add(8, 4_096, at: [3_000, 2 * chunk])
            try draft.write(client)
            for (number, from) in [StoredContent.published(source.id), .draft(draft.content.draft)].enumerated() {
                try client.put("blobs/\(number)", "x")
                var copy = try Patching(client, "blobs/\(number)", number == 0 ? file.expected : draft.expected)
                copy.content.size = UInt64(3 * chunk)
                copy.content.shared = [SharedChunks(source: from, chunks: 0..<3, target: 0)]
                try copy.write(client)
                copy.content.shared = []
                copy.add(9, 100, at: [0, chunk + 2_000])
                try copy.publish(&client, "blobs/\(number)")
            }
            try expect(client.bytes("blobs/a") == file.expected, "what was copied from changed")
            try draft.publish(&client, "blobs/a")
        },
        LocalStoreCheck("R9 a draft of parts keeps its base, whatever is published meanwhile, and is published whole") {
            client in
            let base = bytes(client, 2, plus: 77)
            try client.put("blobs/a", base)
            var file = try Patching(client, "blobs/a", base)
            file.add(7, 4_096, at: [1_000, 100_000])
            try file.write(client)
            var other = try Patching(client, "blobs/a", base)
            other.add(8, 4_096, at: [3_000, 65_536, 65_536 * 2])
            try other.publish(&client, "blobs/a")
            try client.put("blobs/a", "short")
            file.add(9, 4_096, at: [2_000])
            try file.write(client)
            try file.publish(&client, "blobs/a")
        },
        LocalStoreCheck(
            "R1 parts of chunks that are kept survive a crash, those that are not do not", needs: [.reopening]
        ) { client in
            let base = bytes(client, 3, plus: 10)
            try client.put("blobs/a", base)
            try client.put("blobs/b", base)
            var kept = try Patching(client, "blobs/a", base)
            kept.add(7, 4_096, at: [1_000, 100_000, 65_536 * 3 + 5])
            try client.store.keepDraft(kept.content, creation: nil, mtime: client.tick())
            var dropped = try Patching(client, "blobs/b", base)
            dropped.add(8, 4_096, at: [1_000, 100_000])
            try dropped.write(client)
            try client.reopen()
            try expect(client.bytes("blobs/a") == kept.expected, "what was kept")
            try expect(client.bytes("blobs/b") == base, "what was not")
        },
        LocalStoreCheck("parts that reach over the end of their chunk or file are refused: nothing changes") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            try client.put("blobs/a", bytes(client, 1, plus: 50))
            for (index, place) in [(0, chunk - 3), (1, 47)] {
                var content = try client.patching("blobs/a")
                content.patches = [DraftPatch(index: UInt64(index), bytes: ScatteredBytes([1, 2, 3, 4], at: place))]
                try expectError(.invalid, "at \(place)") { try client.store.writeDraft(content) }
                try expect(
                    client.draftBytes(content.draft, count: 2 * chunk) == bytes(client, 1, plus: 50), "the draft")
                try client.store.dropDraft(content.draft)
            }
        },
    ]
}
