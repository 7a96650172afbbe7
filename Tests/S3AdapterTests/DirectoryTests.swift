import Persist
import PersistTestKit
import S3Adapter
import Testing

/// Names that are objects and directories, on servers that keep objects in directories.
@Suite("S3 directories", .serialized)
struct DirectoryTests {
    @Test("R10 where nothing is but a directory, empty or not, a put on the condition that nothing is there is done")
    func conditional() async throws {
        try await TestBucket.with(.seaweedfs) { adapter in
            for below in ["a", "b/c/a"] {
                for isRemoved in [true, false] {
                    let name = "blobs/\(below.count)\(isRemoved)"
                    let (key, other) = (StoreKey(stringLiteral: name), StoreKey(stringLiteral: "\(name)/\(below)"))
                    try await adapter.put(other, [1])
                    if isRemoved { try await adapter.delete(other) }
                    let revision = try await adapter.put(key, [2], replacing: nil)
                    #expect(try await adapter.getRevised(key) == RevisedValue([2], revision))
                    #expect(try await adapter.get(other) == (isRemoved ? nil : [1]))
                    // And what is there is kept as everywhere.
                    await #expect(throws: RevisionConflict.self) { try await adapter.put(key, [3], replacing: nil) }
                    let next = try await adapter.put(key, [4], replacing: revision)
                    await #expect(throws: RevisionConflict.self) {
                        try await adapter.put(key, [5], replacing: revision)
                    }
                    #expect(try await adapter.getRevised(key) == RevisedValue([4], next))
                }
            }
        }
    }

    @Test("where a name is an object or a directory, not both, that is said, and not asked for again")
    func exclusive() async throws {
        try await TestBucket.with(.juicefs) { adapter in
            try await adapter.put("blobs/x/a", [1])
            try await adapter.put("blobs/w", [2])
            let before = adapter.requests.puts
            let directory = await storeError { try await adapter.put("blobs/x", [3]) }
            #expect(
                directory?.kind == .isDirectory && directory?.isTransient == false, "\(String(describing: directory))")
            #expect(directory?.hint?.contains("another name") == true)
            let below = await storeError { try await adapter.put("blobs/w/a", [4]) }
            #expect(below?.kind == .notDirectory && below?.isTransient == false, "\(String(describing: below))")
            #expect(below?.hint?.contains("another name") == true)
            #expect(adapter.requests.puts == before + 2)
            // Both go when what is in the way has gone.
            try await adapter.delete("blobs/x/a")
            try await adapter.put("blobs/x", [3])
            try await adapter.delete("blobs/w")
            try await adapter.put("blobs/w/a", [4])
            #expect(try await TestBucket.keys(adapter, "blobs/") == ["blobs/w/a", "blobs/x"])
        }
    }
}
