internal import Persist

extension AdapterCheck {
    /// Beside `all`, for adapters that conform to `ConditionalPutting`.
    public static let conditional: [AdapterCheck] = [
        conditional("a put over nothing takes effect once, until the value is deleted") { adapter in
            let first = try await adapter.put("kv/a", [1], replacing: nil)
            try await expectConflict { try await adapter.put("kv/a", [2], replacing: nil) }
            try await expectEqual(adapter.getRevised("kv/a"), RevisedValue([1], first), "the value")
            try await adapter.delete("kv/a")
            try await expectEqual(adapter.getRevised("kv/a"), nil, "the value, deleted")
            let second = try await adapter.put("kv/a", [3], replacing: nil)
            try await expectEqual(adapter.getRevised("kv/a"), RevisedValue([3], second), "the value, put again")
        },
        conditional("a put over a revision takes effect where that is still there") { adapter in
            let first = try await adapter.put("blobs/a", [1], replacing: nil)
            let second = try await adapter.put("blobs/a", [2], replacing: first)
            try expect(first != second, "two values have one revision")
            try await expectConflict { try await adapter.put("blobs/a", [3], replacing: first) }
            try await expectEqual(adapter.getRevised("blobs/a"), RevisedValue([2], second), "the value")
            try await expectEqual(adapter.get("blobs/a"), [2], "the value, without its revision")
        },
        conditional("a put without a condition, and a delete, are seen by those with one") { adapter in
            let first = try await adapter.put("records/a", Array("1".utf8), replacing: nil)
            try await adapter.put("records/a", Array("2".utf8))
            try await expectConflict { try await adapter.put("records/a", Array("3".utf8), replacing: first) }
            let there = try await found(adapter.getRevised("records/a"), "nothing is there")
            try expectEqual(there.value, Array("2".utf8), "the value")
            _ = try await adapter.put("records/a", Array("4".utf8), replacing: there.revision)
            try await adapter.delete("records/a")
            try await expectConflict {
                try await adapter.put("records/a", Array("5".utf8), replacing: there.revision)
            }
            try await expectEqual(adapter.get("records/a"), nil, "the value")
        },
        conditional("of many puts over one revision one takes effect") { adapter in
            let first = try await adapter.put("kv/a", [0], replacing: nil)
            let done = try await withThrowingTaskGroup(of: UInt8?.self) { group in
                for number in UInt8(1)...16 {
                    group.addTask {
                        do {
                            _ = try await adapter.put("kv/a", [number], replacing: first)
                            return number
                        } catch is RevisionConflict { return nil }
                    }
                }
                return try await group.reduce(into: [UInt8]()) { if let number = $1 { $0.append(number) } }
            }
            try expectEqual(done.count, 1, "puts that took effect")
            try await expectEqual(adapter.get("kv/a"), done, "the value")
        },
    ]

    private static func conditional(
        _ name: String, _ body: @escaping @Sendable (any ConditionalPutting) async throws -> Void
    ) -> AdapterCheck {
        AdapterCheck(name) { adapter in
            try await body(found(adapter as? any ConditionalPutting, "it does not conform to ConditionalPutting"))
        }
    }

    static func expectConflict(_ body: () async throws -> Revision) async throws {
        do { _ = try await body() } catch is RevisionConflict { return }
        try expect(false, "a put over a revision that is not there took effect")
    }

    private static func found<Value>(_ value: Value?, _ text: String) throws -> Value {
        guard let value else { throw CheckFailure(text: text, file: #fileID, line: #line) }
        return value
    }
}
