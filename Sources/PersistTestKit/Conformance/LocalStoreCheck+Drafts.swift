internal import Persist

extension StoreClient {
    func draftBytes(_ draft: Draft, at offset: UInt64 = 0, count: Int) throws -> [UInt8] {
        try Array(capacity: count) { span throws(StoreError) in try store.readDraft(draft, at: offset, into: &span) }
    }

    mutating func publish(_ content: DraftContent) throws -> Published {
        try store.publish(Publication(node: content.draft.node, content: .draft(content), mtime: tick()))
    }
}

extension LocalStoreCheck {
    /// Bytes that tell where they came from.
    private static func pattern(_ seed: UInt8, _ count: Int) -> [UInt8] {
        (0..<count).map { seed &+ UInt8(truncatingIfNeeded: $0 % 97) }
    }

    static let drafts: [LocalStoreCheck] = [
        LocalStoreCheck("R7 a draft shows its base, under the chunks that were written") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let base = pattern(1, chunk * 3 + 100)
            let node = try client.put("blobs/a", base).node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            try expectEqual(draft.node, node.id, "its node")
            try expectEqual(draft.baseSize, node.size, "size of its base")
            try expectEqual(draft.baseRevision, node.revision, "revision of its base")
            try expect(client.draftBytes(draft, count: base.count + 1) == base, "an empty draft is not its base")
            let changed = pattern(50, chunk)
            try client.store.writeDraft(
                DraftContent(
                    draft: draft, chunks: [DraftChunk(index: 1, bytes: changed)], size: node.size,
                    baseLimit: node.size))
            let expected = base[..<chunk] + changed + base[(2 * chunk)...]
            try expect(client.draftBytes(draft, count: base.count + 1) == Array(expected), "the draft is not both")
            let middle = try client.draftBytes(draft, at: UInt64(chunk - 5), count: 10)
            try expect(middle == Array(expected[(chunk - 5)..<(chunk + 5)]), "ten bytes over a border are not both")
            try expect(client.bytes("blobs/a") == base, "the published content changed")
        },
        LocalStoreCheck("R7 a draft is published whole: with chunks given, its size, and the base below") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let base = pattern(1, chunk * 3)
            let node = try client.put("blobs/a", base).node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            var content = DraftContent(
                draft: draft, chunks: [DraftChunk(index: 0, bytes: pattern(50, chunk))], size: node.size,
                baseLimit: node.size)
            try client.store.writeDraft(content)
            content.chunks = [DraftChunk(index: 3, bytes: pattern(90, 10))]
            content.size = UInt64(chunk * 3 + 10)
            let published = try client.publish(content).node
            let expected = pattern(50, chunk) + base[chunk...] + pattern(90, 10)
            try expectEqual(published.size, UInt64(expected.count), "size")
            try expect(published.revision != node.revision, "the revision stays")
            try expect(client.bytes("blobs/a") == Array(expected), "content")
            try expectError(.notFound, "the draft, used up") { try client.store.writeDraft(content) }
        },
        LocalStoreCheck("R7 holes in a draft read as zeros, before and after it is published") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let id = try client.create("blobs/a").id
            let draft = try client.store.openDraft(of: id, isNew: false)
            let size = chunk * 4 + 5
            let content = DraftContent(
                draft: draft, chunks: [DraftChunk(index: 2, bytes: pattern(9, chunk))], size: UInt64(size), baseLimit: 0
            )
            try client.store.writeDraft(content)
            let zeros = [UInt8](repeating: 0, count: chunk * 2)
            let expected = zeros + pattern(9, chunk) + zeros.prefix(chunk + 5)
            try expect(client.draftBytes(draft, count: size + 10) == Array(expected), "the draft")
            var rest = content
            rest.chunks = []
            let node = try client.publish(rest).node
            try expect(client.bytes("blobs/a") == Array(expected), "published")
            try expectEqual(node.size, UInt64(size), "size")
        },
        LocalStoreCheck("R7 a file that shrank and grew again shows zeros, not its base or old chunks") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let node = try client.put("blobs/a", pattern(1, chunk * 3)).node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            let whole = UInt64(chunk * 3)
            let cut = UInt64(chunk / 2)
            try client.store.writeDraft(
                DraftContent(
                    draft: draft, chunks: [DraftChunk(index: 2, bytes: pattern(60, chunk))], size: whole,
                    baseLimit: whole))
            try client.store.writeDraft(DraftContent(draft: draft, chunks: [], size: cut, baseLimit: cut))
            try expectEqual(client.draftBytes(draft, count: chunk * 4).count, Int(cut), "bytes of what is left")
            let grown = DraftContent(draft: draft, chunks: [], size: whole, baseLimit: cut)
            try client.store.writeDraft(grown)
            let expected = pattern(1, chunk).prefix(Int(cut)) + [UInt8](repeating: 0, count: chunk * 3 - Int(cut))
            try expect(client.draftBytes(draft, count: chunk * 4) == Array(expected), "the draft")
            _ = try client.publish(grown)
            try expect(client.bytes("blobs/a") == Array(expected), "published")
        },
        LocalStoreCheck("R7 the last chunk may be short; what a file grows by after it is zeros") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let node = try client.put("blobs/a", pattern(1, 100)).node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            try client.store.writeDraft(
                DraftContent(
                    draft: draft, chunks: [DraftChunk(index: 0, bytes: pattern(40, 150))], size: 150, baseLimit: 100))
            let grown = DraftContent(draft: draft, chunks: [], size: UInt64(chunk + 20), baseLimit: 100)
            _ = try client.publish(grown)
            let expected = pattern(40, 150) + [UInt8](repeating: 0, count: chunk + 20 - 150)
            try expect(client.bytes("blobs/a") == expected, "content")
        },
        LocalStoreCheck("a draft keeps the base that it was opened on, whatever is published meanwhile") { client in
            let chunk = Int(client.store.limits.chunkBytes)
            let base = pattern(1, chunk * 2)
            let node = try client.put("blobs/a", base).node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            for number in 0..<3 { try client.put("blobs/a", pattern(UInt8(70 + number), chunk * 3)) }
            try expect(client.draftBytes(draft, count: chunk * 3) == base, "the base changed")
            try client.store.dropDraft(draft)
            try expect(client.bytes("blobs/a") == pattern(72, chunk * 3), "the published content")
        },
        LocalStoreCheck("R1 a draft of a new file becomes its value with its creation") { client in
            let creation = try client.creation("blobs/a", mode: 0o600)
            let draft = try client.store.openDraft(of: creation.id, isNew: true)
            try expectEqual(draft.baseSize, 0, "size of its base")
            let content = DraftContent(
                draft: draft, chunks: [DraftChunk(index: 0, bytes: [1, 2, 3])], size: 3, baseLimit: 0)
            try client.store.writeDraft(content)
            try expect(!client.has("blobs/a"), "the name is there before its value")
            let publication = Publication(
                node: creation.id, creation: creation, content: .draft(content), mtime: client.tick())
            let node = try client.store.publish(publication).node
            try expectEqual(node.mode, 0o600, "mode")
            try expectEqual(client.bytes("blobs/a"), [1, 2, 3], "content")
        },
        LocalStoreCheck("a draft that is dropped, or made superfluous by other content, leaves nothing") { client in
            let node = try client.put("kv/a", "1").node
            for isDropped in [true, false] {
                let draft = try client.store.openDraft(of: node.id, isNew: false)
                let content = DraftContent(
                    draft: draft, chunks: [DraftChunk(index: 0, bytes: [9])], size: 1, baseLimit: 0)
                try client.store.keepDraft(content, creation: nil, mtime: client.tick())
                if isDropped {
                    try client.store.dropDraft(draft)
                } else {
                    let publication = Publication(
                        node: node.id, content: .bytes([2]), mtime: client.tick(), draft: draft)
                    _ = try client.store.publish(publication)
                }
                try expectError(.notFound, "the draft") { try client.store.writeDraft(content) }
            }
            try expectEqual(client.bytes("kv/a"), [2], "the value")
        },
        LocalStoreCheck("R5 a draft of a document is held to the same rules, and survives its refusal") { client in
            let node = try client.put("records/a.json", "1").node
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            let bad = DraftContent(
                draft: draft, chunks: [DraftChunk(index: 0, bytes: Array("{".utf8))], size: 1, baseLimit: 0)
            try expectError(.rejected, "no JSON") { try client.publish(bad) }
            try expectEqual(client.text("records/a.json"), "1", "the value")
            let good = DraftContent(
                draft: draft, chunks: [DraftChunk(index: 0, bytes: Array("[2]".utf8))], size: 3, baseLimit: 0)
            _ = try client.publish(good)
            try expectEqual(client.text("records/a.json"), "[2]", "the value")
        },
    ]
}
