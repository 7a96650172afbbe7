internal import Persist

extension AdapterCheck {
    public static let all: [AdapterCheck] = [
        AdapterCheck("a new adapter has nothing: get gives nil, list gives no entry") { adapter in
            try await expectEqual(adapter.get("kv/a"), nil, "get")
            for prefix: StoreKey in ["", "kv/", "records/"] {
                try await expectEqual(adapter.entries(prefix), [], "list of \(prefix)")
            }
        },
        AdapterCheck("get gives what put took, in every namespace but events/") { adapter in
            for key: StoreKey in ["records/users/alice", "kv/theme", "blobs/photos/2026/cat.jpg"] {
                let value = Array(#"{"key":"\#(key)"}"#.utf8)
                try await adapter.put(key, value)
                try await expectEqual(adapter.get(key), value, "the value of \(key)")
            }
        },
        AdapterCheck("put replaces, by longer and shorter values") { adapter in
            for value: [UInt8] in [[1], [1, 2, 3], [4], []] {
                try await adapter.put("kv/a", value)
                try await expectEqual(adapter.get("kv/a"), value, "the value")
            }
            try await expectEqual(adapter.keys("kv/"), ["kv/a"], "keys")
        },
        AdapterCheck("an empty value is a value") { adapter in
            try await adapter.put("kv/empty", [])
            try await expectEqual(adapter.get("kv/empty"), [], "the value")
            try await expectEqual(adapter.entries("kv/"), [StoreEntry(key: "kv/empty", value: [])], "the listing")
        },
        AdapterCheck("values keep every byte") { adapter in
            let value = (0..<512).map { UInt8(truncatingIfNeeded: $0) } + [0, 0, 0x0D, 0x0A, 0xFF]
            for key: StoreKey in ["kv/a", "blobs/a"] {
                try await adapter.put(key, value)
                try await expectEqual(adapter.get(key), value, "the value of \(key)")
            }
        },
        AdapterCheck("a value of a mebibyte is kept whole") { adapter in
            let value = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 / 251) }
            try await adapter.put("blobs/large", value)
            let found = try await adapter.get("blobs/large")
            try expect(found == value, "\(found?.count ?? -1) bytes that are not those of before")
            try await adapter.put("blobs/large", [1])
            try await expectEqual(adapter.get("blobs/large"), [1], "a short value after it")
        },
        AdapterCheck("delete removes one key; deleting nothing is no error") { adapter in
            try await adapter.delete("kv/a")
            try await adapter.put("kv/a", [1])
            try await adapter.put("kv/ab", [2])
            try await adapter.delete("kv/a")
            try await adapter.delete("kv/a")
            try await expectEqual(adapter.get("kv/a"), nil, "the value")
            try await expectEqual(adapter.keys("kv/"), ["kv/ab"], "keys")
        },
        AdapterCheck("a key that was deleted can be put again") { adapter in
            for value in [UInt8(1), 2, 3] {
                try await adapter.put("records/a", [UInt8(ascii: "0") + value])
                try await expectEqual(adapter.get("records/a"), [UInt8(ascii: "0") + value], "the value")
                try await adapter.delete("records/a")
                try await expectEqual(adapter.get("records/a"), nil, "the value, deleted")
            }
        },
        AdapterCheck("list gives keys in the order of their bytes, with their values") { adapter in
            let keys: [StoreKey] = ["kv/a", "kv/B", "kv/a-b", "kv/a0", "kv/\u{e9}", "kv/z", "kv/|", "kv/ "]
            for (number, key) in keys.enumerated() { try await adapter.put(key, [UInt8(number)]) }
            let found = try await adapter.entries("kv/")
            try expectEqual(found.map(\.key), keys.sorted(), "keys")
            for entry in found {
                try expectEqual(entry.value, [UInt8(keys.firstIndex(of: entry.key) ?? 0)], "the value of \(entry.key)")
            }
        },
        AdapterCheck("in the order of bytes, `a-b` comes before `a/b`, and `a/b` before `a0`") { adapter in
            let keys: [StoreKey] = ["blobs/a-b", "blobs/a/b", "blobs/a/c", "blobs/a0", "blobs/b"]
            for key in keys.reversed() { try await adapter.put(key, [1]) }
            try await expectEqual(adapter.keys("blobs/"), keys, "keys")
        },
        AdapterCheck("a prefix is bytes: it may end within a component, and is matched to the letter") { adapter in
            let keys: [StoreKey] = ["kv/user", "kv/users", "kv/user:1", "kv/User", "kv/us"]
            for key in keys { try await adapter.put(key, [1]) }
            try await expectEqual(adapter.keys("kv/user"), ["kv/user", "kv/user:1", "kv/users"], "kv/user")
            try await expectEqual(adapter.keys("kv/user:1"), ["kv/user:1"], "a whole key")
            try await expectEqual(adapter.keys("kv/x"), [], "no key")
            try await expectEqual(adapter.keys("").count, keys.count, "all")
        },
        AdapterCheck("the characters of patterns are ordinary ones, in keys and prefixes") { adapter in
            let keys: [StoreKey] = ["kv/%", "kv/_", "kv/*", "kv/?", "kv/[a]", "kv/a'b\"c", "kv/\\"]
            for (number, key) in keys.enumerated() { try await adapter.put(key, [UInt8(number)]) }
            for (number, key) in keys.enumerated() {
                try await expectEqual(adapter.keys(key), [key], "list of \(key)")
                try await expectEqual(adapter.get(key), [UInt8(number)], "the value of \(key)")
            }
        },
        AdapterCheck("é in two spellings is two keys, and so is another case") { adapter in
            let keys: [StoreKey] = ["kv/\u{e9}", "kv/e\u{301}", "kv/\u{c9}"]
            for (number, key) in keys.enumerated() { try await adapter.put(key, [UInt8(number)]) }
            for (number, key) in keys.enumerated() {
                try await expectEqual(adapter.get(key), [UInt8(number)], "the value of \(key.bytes)")
            }
            try await expectEqual(adapter.keys("kv/"), keys.sorted(), "keys")
        },
        AdapterCheck("keys need not be UTF-8, nor short") { adapter in
            let prefix = Array("kv/".utf8)
            let keys = [
                StoreKey(prefix + [0xFF]), StoreKey(prefix + [0xC3]), StoreKey(prefix + [0x01, 0x0A]),
                StoreKey(prefix + [UInt8](repeating: 0x78, count: 200)),
            ]
            for (number, key) in keys.enumerated() { try await adapter.put(key, [UInt8(number)]) }
            for (number, key) in keys.enumerated() {
                try await expectEqual(adapter.get(key), [UInt8(number)], "the value of \(key.bytes)")
            }
            try await expectEqual(adapter.keys("kv/"), keys.sorted(), "keys")
        },
        AdapterCheck("a key and its prefix may both have values") { adapter in
            let keys: [StoreKey] = ["kv/a", "kv/a/b", "kv/a/b/c"]
            for (number, key) in keys.enumerated() { try await adapter.put(key, [UInt8(number)]) }
            try await expectEqual(adapter.keys("kv/"), keys, "keys")
            try await adapter.delete("kv/a")
            try await expectEqual(adapter.get("kv/a"), nil, "the deleted one")
            try await expectEqual(adapter.get("kv/a/b"), [1], "one below it")
            try await adapter.put("kv/a", [9])
            try await expectEqual(adapter.get("kv/a"), [9], "put again")
        },
        AdapterCheck("concurrent puts of different keys are all there") { adapter in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask { try await adapter.put(StoreKey(stringLiteral: "kv/\(number)"), [UInt8(number)]) }
                }
                try await group.waitForAll()
            }
            let found = try await adapter.entries("kv/")
            try expectEqual(found.count, 100, "keys")
            for entry in found {
                try expectEqual(entry.key.description, "kv/\(entry.value[0])", "the key of a value")
            }
        },
        AdapterCheck("concurrent puts and gets of one key: a value is one of those put, whole") { adapter in
            try await adapter.put("blobs/a", [UInt8](repeating: 0, count: 5_000))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...20 {
                    group.addTask { try await adapter.put("blobs/a", [UInt8](repeating: UInt8(number), count: 5_000)) }
                    group.addTask {
                        let value = try await adapter.get("blobs/a") ?? []
                        try expectEqual(value.count, 5_000, "size of a value")
                        try expectEqual(Set(value).count, 1, "different bytes in a value")
                    }
                }
                try await group.waitForAll()
            }
        },
        AdapterCheck("what stays while a listing runs is given exactly once, whatever keys come and go") { adapter in
            // At once, since a far side may be slow to each.
            _ = try await Array(100..<300).concurrentMap(most: 32) { number in
                try await adapter.put(StoreKey(stringLiteral: "kv/\(number)-stays"), [1])
                try await adapter.put(StoreKey(stringLiteral: "kv/\(number)-goes"), [1])
            }
            var stays: [StoreKey] = []
            var number = 100
            for try await entry in try await adapter.list("kv/") {
                if entry.key.description.hasSuffix("-stays") { stays.append(entry.key) }
                guard number < 300 else { continue }
                try await adapter.delete(StoreKey(stringLiteral: "kv/\(number)-goes"))
                try await adapter.put(StoreKey(stringLiteral: "kv/\(number)-comes"), [1])
                number += 1
            }
            try expectEqual(stays, (100..<300).map { StoreKey(stringLiteral: "kv/\($0)-stays") }, "keys that stay")
        },
    ]
}
