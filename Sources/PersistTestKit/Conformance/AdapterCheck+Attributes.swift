internal import Persist

extension AdapterCheck {
    /// Beside `all` and `conditional`, for adapters that conform to `AttributedPutting`.
    public static let attributed: [AdapterCheck] = [
        attributed("attributes go with the value, exactly") { adapter in
            let first = try await adapter.put("blobs/a", [1, 2], some, on: .none)
            try await expectEqual(
                adapter.getAttributed("blobs/a"), AttributedValue([1, 2], first.revision, some), "the value")
            try await expectEqual(adapter.get("blobs/a"), [1, 2], "the value alone")
            let entry = try await entry(of: "blobs/a", adapter)
            try expectEqual(entry.revision, first.revision, "the revision in a listing")
            if let time = first.time, let modified = entry.modified {
                try expect(modified <= time, "a listing has a later time")
            }
            try await expectEqual(adapter.attributes(of: [entry]), [some], "what goes with the listed value")
        },
        attributed("names of extended attributes, and values, are bytes") { adapter in
            var attributes = ValueAttributes(mode: 0o4711, mtime: Timestamp(nanoseconds: -1))
            attributes.extended = [Array("user.ü %".utf8): [0, 255, 10], Array("user.empty".utf8): []]
            _ = try await adapter.put("blobs/a", [], attributes, on: .none)
            try await expectEqual(adapter.getAttributed("blobs/a")?.attributes, attributes, "the attributes")
        },
        attributed("a put of another value brings its own attributes, or none") { adapter in
            _ = try await adapter.put("records/a", Array("1".utf8), some, on: .none)
            _ = try await adapter.put("records/a", Array("2".utf8), ValueAttributes(mode: 0o600), on: .none)
            let found = try await adapter.getAttributed("records/a")?.attributes
            try expectEqual(found?.mode, 0o600, "the mode")
            try expectEqual(found?.uid, nil, "the owner")
            try expectEqual(found?.extended, [:], "the extended attributes")
            try await adapter.put("records/a", Array("3".utf8))
            try await expectEqual(adapter.getAttributed("records/a")?.attributes.mode, nil, "the mode of a plain put")
        },
        attributed("attributes are set alone, and the value stays") { adapter in
            let first = try await adapter.put("kv/a", [7, 8], some, on: .none)
            let changed = ValueAttributes(mode: 0o600, mtime: Timestamp(nanoseconds: 5_000_000_001))
            let second = try await adapter.setAttributes(changed, of: "kv/a", on: .none)
            try await expectEqual(
                adapter.getAttributed("kv/a"), AttributedValue([7, 8], second.revision, changed), "the value")
            let entry = try await entry(of: "kv/a", adapter)
            try expectEqual(entry.revision, second.revision, "the revision in a listing")
            try await expectEqual(adapter.attributes(of: [entry]), [changed], "what goes with the listed value")
            if let before = first.time, let time = second.time {
                try expect(before <= time, "the attributes were set before the value was put")
            }
        },
        attributed("what is gone has no attributes") { adapter in
            _ = try await adapter.put("kv/a", [1], some, on: .none)
            let entry = try await entry(of: "kv/a", adapter)
            try await adapter.delete("kv/a")
            try await expectEqual(adapter.attributes(of: [entry]), [nil], "what goes with a value that is gone")
            try await expectEqual(adapter.getAttributed("kv/a"), nil, "the value")
        },
    ]

    /// Beside `attributed`, where the far side keeps conditions.
    public static let attributedConditions: [AdapterCheck] = [
        attributed("a put with attributes takes effect on its condition alone") { adapter in
            let first = try await adapter.put("kv/a", [1], some, on: .replacing(nil))
            try await expectConflict { try await adapter.put("kv/a", [2], .init(), on: .replacing(nil)).revision }
            let second = try await adapter.put("kv/a", [3], some, on: .replacing(first.revision))
            try await expectConflict {
                try await adapter.put("kv/a", [4], .init(), on: .replacing(first.revision)).revision
            }
            try await expectEqual(
                adapter.getAttributed("kv/a"), AttributedValue([3], second.revision, some), "the value")
        },
        attributed("attributes are set where the value is still the same") { adapter in
            let first = try await adapter.put("kv/a", [1], some, on: .none)
            let second = try await adapter.put("kv/a", [2], some, on: .none)
            let other = ValueAttributes(mode: 0o600)
            try await expectConflict {
                try await adapter.setAttributes(other, of: "kv/a", on: .replacing(first.revision)).revision
            }
            _ = try await adapter.setAttributes(other, of: "kv/a", on: .replacing(second.revision))
            try await expectEqual(adapter.getAttributed("kv/a")?.attributes.mode, 0o600, "the mode")
            try await expectConflict {
                try await adapter.setAttributes(other, of: "kv/none", on: .replacing(second.revision)).revision
            }
        },
    ]

    private static let some = ValueAttributes(
        mode: 0o640, uid: 1_000, gid: 4_294_967_295, mtime: Timestamp(nanoseconds: 1_732_790_000_123_456_789),
        extended: [Array("user.kind".utf8): Array("a value".utf8)])

    private static func attributed(
        _ name: String, _ body: @escaping @Sendable (any AttributedPutting) async throws -> Void
    ) -> AdapterCheck {
        AdapterCheck(name) { adapter in
            guard let adapter = adapter as? any AttributedPutting else {
                return try expect(false, "it does not conform to AttributedPutting")
            }
            try await body(adapter)
        }
    }

    static func entry(of key: StoreKey, _ adapter: any AttributedPutting) async throws -> KeyEntry {
        for try await entry in try await adapter.listKeys(key) where entry.key == key { return entry }
        throw CheckFailure(text: "\(key) is not in a listing", file: #fileID, line: #line)
    }
}
