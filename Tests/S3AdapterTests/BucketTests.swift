import Persist
import PersistTestKit
import Testing

@testable import S3Adapter

/// What buckets of real servers do that the contract of adapters does not speak of.
@Suite("S3 buckets", .serialized)
struct BucketTests {
    @Test("more keys than a page has are listed in order, each once", arguments: S3Server.Kind.allCases)
    func pages(kind: S3Server.Kind) async throws {
        try await TestBucket.with(kind) { adapter in
            let keys = (0..<1_150).map { StoreKey(stringLiteral: "blobs/d\($0 % 7)/\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in 0..<32 {
                    group.addTask {
                        for key in stride(from: part, to: keys.count, by: 32).map({ keys[$0] }) {
                            try await adapter.put(key, [1])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let before = adapter.requests.lists
            #expect(try await TestBucket.keys(adapter, "blobs/") == keys.sorted())
            #expect(adapter.requests.lists - before >= 2)
            #expect(adapter.requests.puts >= keys.count)
        }
    }

    @Test("names may have any character", arguments: S3Server.Kind.allCases)
    func odd(kind: S3Server.Kind) async throws {
        try await TestBucket.with(kind) { adapter in
            let names = [
                "a b", "a+b", "100%", "%41", "a=b&c?d#e", "üé\u{301}😀", "a\nb\tc", "~!@$^*()[]{}|;:,'\"<>`", "a/.b/..c",
                "-",
            ]
            var keys = names.flatMap {
                [StoreKey(stringLiteral: "kv/\($0)"), StoreKey(stringLiteral: "records/\($0)")]
            }
            keys.append(StoreKey(Array("blobs/".utf8) + [0x61, 0xFF, 0x25, 0xC3, 0x28]))
            for (number, key) in keys.enumerated() { try await adapter.put(key, Array("\(number)".utf8)) }
            for (number, key) in keys.enumerated() {
                #expect(try await adapter.get(key) == Array("\(number)".utf8), "\(key)")
            }
            #expect(try await TestBucket.keys(adapter, "") == keys.sorted())
            for key in keys { try await adapter.delete(key) }
            #expect(try await TestBucket.keys(adapter, "") == [])
        }
    }

    @Test(
        "R10 of a change and a removal at the same moment one comes first: hardly a change goes with a removal that did not see it",
        arguments: [1, 16])
    func removedMeanwhile(atOnce: Int) async throws {
        // SeaweedFS itself compares first and deletes then, and others may still come in between: of these 96 one now and then.
        // Where the removal names no ETag it is a third of them.
        try await TestBucket.with(.seaweedfs) { adapter in
            var wrong = 0
            for round in 0..<(96 / atOnce) {
                let keys = (0..<atOnce).map { StoreKey(stringLiteral: "blobs/\(round)/\($0)") }
                var revisions: [Revision?] = []
                for key in keys { revisions.append(try await adapter.put(key, [1], replacing: nil)) }
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for (key, revision) in zip(keys, revisions) {
                        group.addTask {
                            let revision = try #require(revision)
                            async let isRemoved = adapter.delete(key, having: revision)
                            // Some come before the listing that the removal begins with, some after it.
                            try await Task.sleep(for: .milliseconds(round % 16 + 4))
                            let isPut: Bool
                            do {
                                _ = try await adapter.put(key, [2], replacing: revision)
                                isPut = true
                            } catch is RevisionConflict { isPut = false }
                            let (removed, value) = (try await isRemoved, try await adapter.get(key))
                            return removed == isPut || value != (isPut ? [2] : nil)
                        }
                    }
                    for try await isWrong in group where isWrong { wrong += 1 }
                }
            }
            #expect(wrong <= 6)
        }
    }

    @Test("a directory's key, which ends with /, has a value as others do", arguments: S3Server.Kind.allCases)
    func directories(kind: S3Server.Kind) async throws {
        try await TestBucket.with(kind) { adapter in
            let keys: [StoreKey] = [".persist/meta/blobs/", ".persist/meta/blobs/d/", ".persist/meta/blobs/d/x"]
            for (number, key) in keys.enumerated() { try await adapter.put(key, [UInt8(number)]) }
            for (number, key) in keys.enumerated() { #expect(try await adapter.get(key) == [UInt8(number)]) }
            #expect(try await TestBucket.keys(adapter, "") == keys)
        }
    }

    @Test(
        "a directory that another tool has made is listed, and goes with its side data",
        arguments: S3Server.Kind.allCases)
    func markers(kind: S3Server.Kind) async throws {
        try await TestBucket.with(kind) { adapter in
            let (theirs, implied): (StoreKey, StoreKey) = (".persist/meta/blobs/d/", ".persist/meta/blobs/e/")
            _ = try await adapter.service.send(S3Request("PUT", adapter.keys.marker(of: theirs)), about: theirs)
            for key in ["blobs/d/x", "blobs/e/x"] as [StoreKey] { try await adapter.put(key, [1]) }
            #expect(try await TestBucket.keys(adapter, "blobs/") == [theirs, "blobs/d/x", "blobs/e/x"])
            let meta = try #require(try await adapter.get(theirs))
            #expect(String(decoding: meta, as: UTF8.self).hasPrefix(#"{"v":1,"dir":true,"mtime":""#))
            var entries: [KeyEntry] = []
            for try await entry in try await adapter.listKeys("blobs/") where entry.key == theirs {
                entries.append(entry)
            }
            #expect(try await adapter.values(of: entries) == [meta])
            // SeaweedFS answers to a HEAD of this one too.
            #expect(try await adapter.get(implied) == nil)

            try await adapter.put(theirs, Array("{}".utf8))
            #expect(try await adapter.get(theirs) == Array("{}".utf8))
            try await adapter.delete(theirs)
            #expect(try await adapter.get(theirs) == nil)
            #expect(try await TestBucket.keys(adapter, "") == ["blobs/d/x", "blobs/e/x"])
        }
    }

    @Test("a wrong secret key, and a bucket that is not there, are said in words", arguments: S3Server.Kind.allCases)
    func refusals(kind: S3Server.Kind) async throws {
        try await TestBucket.with(kind) { _ in }
        var options = try await TestBucket.options(kind)
        options.credentials?.secretAccessKey += "x"
        let wrong = try await failure(options)
        #expect(wrong.kind == .accessDenied && wrong.hint?.contains("secret access key") == true, "\(wrong)")

        options = try await TestBucket.options(kind)
        options.credentials?.accessKeyID = "nobody"
        let unknown = try await failure(options)
        #expect(unknown.kind == .accessDenied && unknown.hint?.contains("access key") == true, "\(unknown)")

        options = try await TestBucket.options(kind)
        options.bucket = "persistfs-none"
        let none = try await failure(options)
        #expect(none.kind == .io && none.hint?.contains("no bucket 'persistfs-none'") == true, "\(none)")
    }

    /// Of a listing.
    private func failure(_ options: S3Options) async throws -> StoreError {
        let adapter = try S3Adapter(options) { print($0) }
        defer { Task { await adapter.close() } }
        do {
            _ = try await TestBucket.keys(adapter, "kv/")
        } catch let error as StoreError { return error }
        throw HarnessError("it was allowed")
    }
}
