internal import Persist

extension AdapterCheck {
    /// Beside `keyListing`, for adapters that conform to `RevisedDeleting`.
    public static let revisedDeleting: [AdapterCheck] = [
        AdapterCheck("a delete of a revision deletes that one, and no other") { adapter in
            guard let deleter = adapter as? any RevisedDeleting else {
                return try expect(false, "it does not conform to RevisedDeleting")
            }
            try await adapter.put("kv/a", [1])
            let first = try await keys(deleter, "kv/")[0].revision
            try await adapter.put("kv/a", [2])
            try await expectEqual(deleter.delete("kv/a", having: first), false, "a delete of what has been replaced")
            try await expectEqual(adapter.get("kv/a"), [2], "the value")
            let second = try await keys(deleter, "kv/")[0].revision
            try await expectEqual(deleter.delete("kv/a", having: second), true, "a delete of what is there")
            try await expectEqual(adapter.get("kv/a"), nil, "the value")
            try await expectEqual(deleter.delete("kv/a", having: second), false, "a delete of what is gone")
        },
        AdapterCheck("of many deletes at once each does its own") { adapter in
            guard let deleter = adapter as? any RevisedDeleting else {
                return try expect(false, "it does not conform to RevisedDeleting")
            }
            let names = (0..<20).map { StoreKey(Array("blobs/d/\($0)&<é> x".utf8)) } + ["kv/far"]
            for key in names { try await adapter.put(key, [1]) }
            var revisions: [StoreKey: Revision] = [:]
            for prefix: StoreKey in ["blobs/", "kv/"] {
                for entry in try await keys(deleter, prefix) { revisions[entry.key] = entry.revision }
            }
            for key in names.prefix(5) { try await adapter.put(key, [2, 2]) }
            let known = revisions
            let done = try await names.concurrentMap(most: 64) { key in
                try await deleter.delete(key, having: known[key] ?? Revision([]))
            }
            try expectEqual(done, names.indices.map { $0 >= 5 }, "what was deleted")
            var left: [StoreKey] = []
            for prefix: StoreKey in ["blobs/", "kv/"] { left += try await keys(deleter, prefix).map(\.key) }
            try expectEqual(left, names.prefix(5).sorted(), "what is left")
        },
    ]

    /// Beside `all`, for adapters that conform to `KeyListing`.
    public static let keyListing: [AdapterCheck] = [
        AdapterCheck("a listing of keys has what a listing of values has, in order, with their sizes") { adapter in
            let lister = try listing(adapter)
            for (key, size) in [("kv/b", 3), ("kv/a/b", 0), ("kv/a", 1), ("kv/a.b", 70_000), ("kw/a", 1)] {
                try await adapter.put(StoreKey(Array(key.utf8)), Array(repeating: 7, count: size))
            }
            let entries = try await keys(lister, "kv/")
            try expectEqual(entries.map(\.key), ["kv/a", "kv/a.b", "kv/a/b", "kv/b"], "the keys")
            try expectEqual(entries.map(\.size), [1, 70_000, 0, 3], "their sizes")
            try expectEqual(try await keys(lister, "kv/a/").map(\.key), ["kv/a/b"], "the keys below one")
        },
        AdapterCheck("a revision moves with the value, and with nothing else") { adapter in
            let lister = try listing(adapter)
            try await adapter.put("kv/a", [1])
            try await adapter.put("kv/b", [1])
            let first = try await keys(lister, "kv/")
            try await adapter.put("kv/b", [2])
            let second = try await keys(lister, "kv/")
            try expectEqual(second.first?.revision, first.first?.revision, "the revision of what stayed")
            try expect(second.last?.revision != first.last?.revision, "a value has changed, and its revision has not")
            if let adapter = adapter as? any ConditionalPutting {
                let there = try await adapter.getRevised("kv/b")
                try expectEqual(there?.revision, second.last?.revision, "the revision of a get and of a listing")
            }
        },
    ]

    /// Beside `all`, for adapters that conform to `RangedReading`.
    public static let rangedReading: [AdapterCheck] = [
        AdapterCheck("a part of a value has the bytes that are there, and the revision of the whole") { adapter in
            guard let reader = adapter as? any RangedReading else {
                throw CheckFailure(text: "it does not conform to RangedReading", file: #fileID, line: #line)
            }
            let value = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
            try await adapter.put("blobs/a", value)
            for range: Range<UInt64> in [0..<1, 10..<4_106, 65_536..<100_000, 99_999..<200_000, 0..<100_000] {
                let part = try await reader.get("blobs/a", range: range)
                let expected = Array(value[Int(range.lowerBound)..<min(value.count, Int(range.upperBound))])
                try expect(part?.value == expected, "other bytes in \(range)")
            }
            try expectEqual(
                try await reader.get("blobs/a", range: 100_000..<100_010)?.value, [], "bytes behind the end")
            try expectEqual(try await reader.get("blobs/b", range: 0..<10), nil, "a value that is not there")
            let before = try await reader.get("blobs/a", range: 0..<1)?.revision
            try await adapter.put("blobs/a", value.reversed())
            let after = try await reader.get("blobs/a", range: 0..<1)?.revision
            try expect(before != after, "the value has changed, and its revision has not")
        }
    ]

    private static func listing(_ adapter: any PersistAdapter) throws -> any KeyListing {
        guard let adapter = adapter as? any KeyListing else {
            throw CheckFailure(text: "it does not conform to KeyListing", file: #fileID, line: #line)
        }
        return adapter
    }

    private static func keys(_ adapter: any KeyListing, _ prefix: StoreKey) async throws -> [KeyEntry] {
        var found: [KeyEntry] = []
        for try await entry in try await adapter.listKeys(prefix) { found.append(entry) }
        return found
    }
}
