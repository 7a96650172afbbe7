internal import Persist

extension AdapterCheck {
    /// Beside `attributed`, for adapters that conform to `PartedPutting`. They send some ten megabytes.
    public static let parted: [AdapterCheck] = [
        parted("a value that was put in parts is all of them in order, with its attributes") { adapter in
            let (value, parts) = value(of: adapter, 1)
            let upload = try await adapter.beginParts(of: "blobs/a", partedAttributes)
            // In another order than theirs, and one of them twice.
            var receipts: [Int: PartReceipt] = [:]
            for number in [3, 1, 2, 1] {
                receipts[number] = try await adapter.putPart(number, parts[number - 1], of: upload)
            }
            for (number, part) in parts.enumerated() {
                try expectEqual(receipts[number + 1]?.sum, SHA256.digest(of: part), "the sum of part \(number + 1)")
            }
            try await expectEqual(adapter.get("blobs/a") == nil, true, "nothing is there before it is complete")
            let new = try await adapter.complete(upload, of: (1...3).compactMap { receipts[$0] }, on: .none)
            let found = try await adapter.getAttributed("blobs/a")
            try expect(found?.value == value, "\(found?.value.count ?? -1) bytes that are not those of the parts")
            try expectEqual(found?.attributes, partedAttributes, "the attributes")
            try expectEqual(found?.revision, new.revision, "the revision")
            let entry = try await entry(of: "blobs/a", adapter)
            try expectEqual(entry.size, UInt64(value.count), "the size in a listing")
            try expectEqual(entry.revision, new.revision, "the revision in a listing")
            let middle = UInt64(value.count) / 2
            let part = try await adapter.get("blobs/a", range: middle..<(middle + 10))
            try expectEqual(part?.value, Array(value[Int(middle)..<(Int(middle) + 10)]), "a range of it")
            try expectEqual(part?.revision, new.revision, "the revision of a range")
            try await expectEqual(adapter.openUploads(of: "blobs/a").count, 0, "uploads that are open")
        },
        parted("an upload that was abandoned leaves nothing, and takes no part any more") { adapter in
            let (_, parts) = value(of: adapter, 2)
            let upload = try await adapter.beginParts(of: "blobs/a", ValueAttributes())
            let receipt = try await adapter.putPart(1, parts[0], of: upload)
            let open = try await adapter.openUploads(of: "blobs/a")
            try expectEqual(open.map(\.upload), [upload], "uploads that are open")
            let age = Timestamp.now().seconds - (open.first?.begun.seconds ?? 0)
            try expect(abs(age) < 3_600, "it was begun \(age) seconds ago")
            try await expectEqual(adapter.openUploads(of: "blobs/").count, 0, "those of another key")
            try await adapter.abandon(upload)
            try await adapter.abandon(upload)
            try await expectEqual(adapter.openUploads(of: "blobs/a").count, 0, "uploads that are open")
            try await expectGone { _ = try await adapter.putPart(2, parts[1], of: upload) }
            try await expectGone { _ = try await adapter.complete(upload, of: [receipt], on: .none) }
            try await expectEqual(adapter.get("blobs/a"), nil, "the value")
        },
        parted("two uploads of one key do not mix; the last one that is complete is the value") { adapter in
            let (first, parts) = value(of: adapter, 3)
            let (_, others) = value(of: adapter, 4)
            let one = try await adapter.beginParts(of: "blobs/a", ValueAttributes())
            let two = try await adapter.beginParts(of: "blobs/a", ValueAttributes())
            var receipts: [[PartReceipt]] = [[], []]
            for number in 1...3 {
                receipts[0].append(try await adapter.putPart(number, parts[number - 1], of: one))
                receipts[1].append(try await adapter.putPart(number, others[number - 1], of: two))
            }
            _ = try await adapter.complete(two, of: receipts[1], on: .none)
            _ = try await adapter.complete(one, of: receipts[0], on: .none)
            let found = try await adapter.get("blobs/a")
            try expect(found == first, "it is not what was completed last")
        },
    ]

    /// Beside `parted`, for adapters that conform to `PartCopying`.
    public static let copying: [AdapterCheck] = [
        parted("parts of another value are copied, while it is what it was") { adapter in
            guard let adapter = adapter as? any PartCopying else {
                return try expect(false, "it does not conform to PartCopying")
            }
            let (value, parts) = value(of: adapter, 6)
            let source = try await adapter.put("blobs/a", value, ValueAttributes(), on: .none)
            let upload = try await adapter.beginParts(of: "blobs/b", partedAttributes)
            let part = UInt64(parts[0].count)
            let first = try await adapter.copyPart(
                1, from: "blobs/a", having: source.revision, 0..<part, of: upload)
            let second = try await adapter.putPart(2, parts[1], of: upload)
            let third = try await adapter.copyPart(
                3, from: "blobs/a", having: source.revision, 2 * part..<UInt64(value.count), of: upload)
            try expectEqual([first.sum, third.sum], [[], []], "sums of what was copied")
            _ = try await adapter.complete(upload, of: [first, second, third], on: .none)
            let found = try await adapter.getAttributed("blobs/b")
            try expect(found?.value == value, "\(found?.value.count ?? -1) bytes that are not those of the source")
            try expectEqual(found?.attributes, partedAttributes, "the attributes")
        }
    ]

    /// Beside `parted`, where the far side keeps conditions.
    public static let partedConditions: [AdapterCheck] = [
        parted("parts become the value on a condition alone, and wait where it is not met") { adapter in
            let (value, parts) = value(of: adapter, 5)
            let upload = try await adapter.beginParts(of: "blobs/a", partedAttributes)
            var receipts: [PartReceipt] = []
            for number in 1...3 { receipts.append(try await adapter.putPart(number, parts[number - 1], of: upload)) }
            let there = try await adapter.put("blobs/a", [1], ValueAttributes(), on: .none)
            try await expectConflict {
                try await adapter.complete(upload, of: receipts, on: .replacing(nil)).revision
            }
            try await expectConflict {
                try await adapter.complete(upload, of: receipts, on: .replacing(Revision(Array("0".utf8)))).revision
            }
            try await expectEqual(adapter.get("blobs/a"), [1], "the value")
            _ = try await adapter.complete(upload, of: receipts, on: .replacing(there.revision))
            let found = try await adapter.get("blobs/a")
            try expect(found == value, "it is not what was completed")
        }
    ]

    private static let partedAttributes = ValueAttributes(
        mode: 0o640, uid: 7, gid: 8, mtime: Timestamp(nanoseconds: 1_700_000_000_123_456_789))

    /// Two whole parts and the beginning of a third, of the shortest value that goes in parts, or more.
    private static func value(of adapter: any PartedPutting, _ seed: UInt64) -> (value: [UInt8], parts: [[UInt8]]) {
        let part = Int(adapter.partBytes(of: adapter.partedBytesMin))
        var random = SplitMix64(seed: seed)
        var value: [UInt8] = []
        while value.count < 2 * part + 100 {
            let word = random.next()
            for shift in stride(from: 0, to: 64, by: 8) {
                value.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        let parts = [Array(value[..<part]), Array(value[part..<(2 * part)]), Array(value[(2 * part)...])]
        return (value, parts)
    }

    private static func expectGone(_ body: () async throws -> Void) async throws {
        do { try await body() } catch is UploadGone { return }
        try expect(false, "an upload that is gone took something")
    }

    private static func parted(
        _ name: String, _ body: @escaping @Sendable (any PartedPutting) async throws -> Void
    ) -> AdapterCheck {
        AdapterCheck(name) { adapter in
            guard let adapter = adapter as? any PartedPutting else {
                return try expect(false, "it does not conform to PartedPutting")
            }
            try await body(adapter)
        }
    }
}
