internal import Persist

extension StoreClient {
    /// A draft of what is at `path`, and what it is as it begins.
    fileprivate func draft(_ path: String) throws -> DraftContent {
        let node = try node(path)
        let draft = try store.openDraft(of: node.id, isNew: false)
        return DraftContent(draft: draft, chunks: [], size: node.size, baseLimit: node.size)
    }

    /// Stores it, and leaves size and limit for what comes next.
    fileprivate func write(_ content: inout DraftContent) throws {
        try store.writeDraft(content)
        (content.holes, content.shared, content.chunks) = ([], [], [])
    }
}

extension LocalStoreCheck {
    private static func whole(_ byte: UInt8, _ client: StoreClient, _ chunks: Int = 1) -> [UInt8] {
        [UInt8](repeating: byte, count: chunks * Int(client.store.limits.chunkBytes))
    }

    static let ranges: [LocalStoreCheck] = [
        LocalStoreCheck("R7 holes in a draft hide its base and its chunks, also once it is published") { client in
            let chunk = client.store.limits.chunkBytes
            try client.put("blobs/a", whole(1, client) + whole(2, client, 2) + whole(3, client))
            var content = try client.draft("blobs/a")
            content.chunks = [DraftChunk(index: 2, bytes: whole(9, client))]
            try client.write(&content)
            content.holes = [1..<3]
            try client.write(&content)
            let expected = whole(1, client) + whole(0, client, 2) + whole(3, client)
            try expect(client.draftBytes(content.draft, count: expected.count + 1) == expected, "the draft")
            let data = [0..<chunk, (3 * chunk)..<(4 * chunk)]
            try expectEqual(client.data(of: .draft(content.draft)), data, "data of the draft")
            try expect(client.bytes("blobs/a") != expected, "the published content changed")
            let node = try client.publish(content).node
            try expect(client.bytes("blobs/a") == expected, "published")
            try expectEqual(client.data(of: .published(node.id)), data, "data")
            try expectEqual(node.size, 4 * chunk, "size")
        },
        LocalStoreCheck("R7 a chunk that is written into a hole is there; a hole past the end is nothing") { client in
            let chunk = client.store.limits.chunkBytes
            try client.put("blobs/a", whole(1, client, 2))
            var content = try client.draft("blobs/a")
            content.holes = [0..<1_000_000]
            content.chunks = [DraftChunk(index: 1, bytes: whole(5, client))]
            let node = try client.publish(content).node
            try expect(client.bytes("blobs/a") == whole(0, client) + whole(5, client), "content")
            try expectEqual(client.data(of: .published(node.id)), [chunk..<(2 * chunk)], "data")
        },
        LocalStoreCheck("R7 data begins where it is asked for, and ends with the file") { client in
            let chunk = client.store.limits.chunkBytes
            let node = try client.put("blobs/a", whole(0, client) + whole(1, client) + [7]).node
            let store = client.store
            func next(_ range: Range<UInt64>) throws -> Range<UInt64>? {
                try store.nextData(of: .published(node.id), in: range)
            }
            try expectEqual(next(0..<(chunk + 9)), chunk..<(chunk + 9), "from a hole")
            try expectEqual(next((chunk + 5)..<(chunk + 9)), (chunk + 5)..<(chunk + 9), "within data")
            try expect(next(0..<chunk) == nil, "there is data in the hole")
            try expectEqual(client.data(of: .published(node.id)), [chunk..<node.size], "data")
            try expect(next(node.size..<UInt64.max) == nil, "there is data past the end")
            let small = try client.put("blobs/b", "x").node
            try expectEqual(client.data(of: .published(small.id)), [0..<1], "data of a small file")
            for path in ["kv/a", "records/a.json", "events/a.log"] {
                let node =
                    try path.hasPrefix("events") ? client.append(path, "1\n").node : client.put(path, "1\n").node
                try expectEqual(client.data(of: .published(node.id)), [0..<2], "data of \(path)")
            }
            try expectError(.notFound, "a node that is not there") {
                try client.store.nextData(of: .published(NodeID(1 << 40)), in: 0..<1)
            }
        },
        LocalStoreCheck("R7 chunks of other content, holes too, become chunks of a draft, and are its own") { client in
            let chunk = client.store.limits.chunkBytes
            let source = try client.put("blobs/a", whole(1, client) + whole(0, client) + whole(2, client, 2)).node
            try client.put("blobs/b", whole(8, client, 3))
            var content = try client.draft("blobs/b")
            content.size = 5 * chunk
            content.shared = [SharedChunks(source: .published(source.id), chunks: 0..<4, target: 1)]
            try client.write(&content)
            let expected = whole(8, client) + whole(1, client) + whole(0, client) + whole(2, client, 2)
            try expect(client.draftBytes(content.draft, count: expected.count + 1) == expected, "the draft")
            let node = try client.publish(content).node
            try expect(client.bytes("blobs/b") == expected, "published")
            try expectEqual(
                client.data(of: .published(node.id)), [0..<(2 * chunk), (3 * chunk)..<(5 * chunk)], "data")
            // Neither sees what becomes of the other.
            try client.put("blobs/a", whole(4, client, 4))
            try expect(client.bytes("blobs/b") == expected, "the copy changed with what it was copied from")
            try client.unlink("blobs/a")
            try expect(client.bytes("blobs/b") == expected, "the copy went with what it was copied from")
        },
        LocalStoreCheck("R7 a draft takes chunks of another draft as it shows them, and of itself") { client in
            let chunk = client.store.limits.chunkBytes
            try client.put("blobs/a", whole(1, client, 2) + whole(2, client) + whole(3, client))
            try client.put("blobs/b", "x")
            var source = try client.draft("blobs/a")
            source.holes = [0..<1]
            source.chunks = [DraftChunk(index: 2, bytes: whole(7, client))]
            try client.write(&source)
            var content = try client.draft("blobs/b")
            content.size = 4 * chunk
            content.shared = [SharedChunks(source: .draft(source.draft), chunks: 0..<4, target: 0)]
            try client.write(&content)
            let shown = whole(0, client) + whole(1, client) + whole(7, client) + whole(3, client)
            try expect(client.draftBytes(content.draft, count: shown.count + 1) == shown, "the draft")
            content.shared = [SharedChunks(source: .draft(content.draft), chunks: 2..<4, target: 0)]
            try client.write(&content)
            try client.store.dropDraft(source.draft)
            _ = try client.publish(content)
            let expected = whole(7, client) + whole(3, client) + whole(7, client) + whole(3, client)
            try expect(client.bytes("blobs/b") == expected, "published")
            // Each of the two places goes by itself.
            var again = try client.draft("blobs/b")
            again.holes = [0..<2]
            _ = try client.publish(again)
            try expect(client.bytes("blobs/b") == whole(0, client, 2) + whole(7, client) + whole(3, client), "a half")
        },
        LocalStoreCheck("R7 a draft takes chunks that another draft has past the end of its base") { client in
            let chunk = client.store.limits.chunkBytes
            try client.put("blobs/a", whole(1, client, 2))
            try client.put("blobs/b", "x")
            var source = try client.draft("blobs/a")
            source.size = 8 * chunk
            source.chunks = [DraftChunk(index: 5, bytes: whole(6, client))]
            try client.write(&source)
            var content = try client.draft("blobs/b")
            content.size = 3 * chunk
            content.shared = [
                SharedChunks(source: .draft(source.draft), chunks: 4..<7, target: 0),
                SharedChunks(source: .draft(source.draft), chunks: 1..<3, target: 0),
            ]
            _ = try client.publish(content)
            try expect(client.bytes("blobs/b") == whole(1, client) + whole(0, client, 2), "content")
            try expectEqual(client.data(of: .published(content.draft.node)), [0..<chunk], "data")
        },
        LocalStoreCheck("R7 a draft takes nothing that another draft was cut by, even of the chunk that is cut") {
            client in
            let chunk = client.store.limits.chunkBytes
            try client.put("blobs/a", whole(1, client, 4))
            for limit in [chunk, chunk + 100] {
                try client.put("blobs/b", "x")
                var source = try client.draft("blobs/a")
                source.baseLimit = limit
                try client.write(&source)
                var content = try client.draft("blobs/b")
                content.size = 4 * chunk
                content.shared = [SharedChunks(source: .draft(source.draft), chunks: 0..<4, target: 0)]
                _ = try client.publish(content)
                let shown = whole(1, client, 2).prefix(Int(limit))
                let zeros = [UInt8](repeating: 0, count: Int(4 * chunk - limit))
                try expect(client.bytes("blobs/b") == shown + zeros, "content, where the base shows \(limit) bytes")
                try client.store.dropDraft(source.draft)
            }
        },
        LocalStoreCheck("R7 chunks of values and logs are taken over too") { client in
            let chunk = client.store.limits.chunkBytes
            let value = try client.put("kv/a", whole(1, client) + whole(2, client) + [3]).node
            try client.put("blobs/b", "x")
            var content = try client.draft("blobs/b")
            content.size = chunk
            content.shared = [SharedChunks(source: .published(value.id), chunks: 1..<2, target: 0)]
            _ = try client.publish(content)
            try expect(client.bytes("blobs/b") == whole(2, client), "content")
        },
        LocalStoreCheck("R7 zeros of a value, and of what a draft was cut by, hide what was there") { client in
            let chunk = client.store.limits.chunkBytes
            let value = try client.put("kv/a", whole(0, client) + [3]).node
            try client.put("blobs/a", whole(0, client, 2))
            try client.put("blobs/b", whole(1, client, 2))
            var source = try client.draft("blobs/a")
            (source.size, source.baseLimit) = (chunk + 5, chunk + 5)
            try client.write(&source)
            source.size = 2 * chunk
            try client.write(&source)
            var content = try client.draft("blobs/b")
            content.shared = [
                SharedChunks(source: .published(value.id), chunks: 0..<1, target: 0),
                SharedChunks(source: .draft(source.draft), chunks: 1..<2, target: 1),
            ]
            try client.write(&content)
            try expect(client.draftBytes(content.draft, count: 2 * Int(chunk)) == whole(0, client, 2), "the draft")
            _ = try client.publish(content)
            try expect(client.bytes("blobs/b") == whole(0, client, 2), "published")
        },
        LocalStoreCheck("chunks that the other content has not got, or that overlap, are refused: nothing changes") {
            client in
            let chunk = client.store.limits.chunkBytes
            let source = try client.put("blobs/a", whole(1, client) + [2]).node
            try client.put("blobs/b", whole(8, client, 3))
            var content = try client.draft("blobs/b")
            content.size = 7 * chunk
            content.shared = [SharedChunks(source: .published(source.id), chunks: 0..<2, target: 0)]
            try expectError(.invalid, "past the end") { try client.store.writeDraft(content) }
            content.shared = [SharedChunks(source: .draft(content.draft), chunks: 0..<2, target: 1)]
            try expectError(.invalid, "overlapping") { try client.store.writeDraft(content) }
            content.shared = [SharedChunks(source: .published(NodeID(1 << 40)), chunks: 0..<1, target: 0)]
            try expectError(.notFound, "of nothing") { try client.store.writeDraft(content) }
            let bytes = try client.draftBytes(content.draft, count: 8 * Int(chunk))
            try expect(bytes == whole(8, client, 3), "the draft changed")
        },
        LocalStoreCheck("R1 holes and shared chunks that are kept survive a crash", needs: [.reopening]) { client in
            let chunk = client.store.limits.chunkBytes
            let source = try client.put("blobs/a", whole(1, client, 2)).node
            try client.put("blobs/b", whole(8, client, 3))
            var content = try client.draft("blobs/b")
            content.size = 5 * chunk
            content.holes = [0..<1]
            content.shared = [SharedChunks(source: .published(source.id), chunks: 0..<2, target: 3)]
            try client.store.keepDraft(content, creation: nil, mtime: client.tick())
            try client.unlink("blobs/a")
            try client.reopen()
            try expect(
                client.bytes("blobs/b") == whole(0, client) + whole(8, client, 2) + whole(1, client, 2), "content")
        },
    ]
}
