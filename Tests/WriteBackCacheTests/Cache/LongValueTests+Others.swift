import Persist
import PersistTestKit
import SQLiteStore
import Testing
import WriteBackCache

/// Long values that move, or that others change.
extension LongValueTests {
    @Test("a long file that gets another name is copied on the far side, here or not")
    func moves() async throws {
        for isAway in [false, true] {
            let bed = try bed()
            let cache = try await ready(bed)
            let text = content(7)
            try cache.store.put(text, .blobs, "a")
            try await cache.sync()
            if isAway { #expect(try await cache.evictAll() > 0) }
            let blobs = Namespace.blobs.node
            _ = try cache.store.rename(
                Rename(
                    parent: blobs, name: FileName(unchecked: Array("a".utf8)), newParent: blobs,
                    newName: FileName(unchecked: Array("b".utf8))))
            try await cache.sync()
            #expect(await bed.far.get("blobs/b") == Array(text.utf8))
            #expect(await bed.far.get("blobs/a") == nil)
            #expect(
                bed.partsSent("blobs/b").isEmpty && bed.history.lines(with: "get blobs").isEmpty
                    && bed.ranges("blobs/a").isEmpty)
            #expect(await bed.far.openUploadCount == 0)
            #expect(try await cache.text(cache.store, "b") == text)
            await end(cache)
        }
    }

    @Test("what others have put in the place of the source is not copied for it")
    func movedSource() async throws {
        let bed = try bed()
        let cache = try await ready(bed)
        let text = content(8)
        try cache.store.put(text, .blobs, "a")
        try await cache.sync()
        let blobs = Namespace.blobs.node
        bed.setDown(true)
        _ = try cache.store.rename(
            Rename(
                parent: blobs, name: FileName(unchecked: Array("a".utf8)), newParent: blobs,
                newName: FileName(unchecked: Array("b".utf8))))
        let theirs = content(9)
        await bed.far.put("blobs/a", Array(theirs.utf8))
        bed.setDown(false)
        try await cache.sync()
        #expect(await bed.far.get("blobs/b") == Array(text.utf8))
        #expect(await bed.far.get("blobs/a") == Array(theirs.utf8))
        await end(cache)
    }

    @Test("R10 two machines write one long file: one has the name, the other's lies beside it, on both")
    func conflict() async throws {
        let bed = try bed()
        let (one, two) = (try await ready(bed), try await ready(bed))
        try one.store.put(content(20), .blobs, "a")
        try await one.sync()
        try await two.refresh()
        _ = try await two.text(two.store, "a")
        bed.setDown(true)
        let (ours, theirs) = (content(21), content(22))
        try one.store.put(theirs, .blobs, "a")
        try two.store.put(ours, .blobs, "a")
        bed.setDown(false, for: one)
        try await one.sync()
        bed.setDown(false, for: two)
        try await two.sync()
        for cache in [one, two] {
            try await cache.refresh()
            #expect(try await cache.text(cache.store, "a") == theirs)
            let beside = try #require(
                cache.store.list(Namespace.blobs.node, after: 0, limit: 10).first { $0.name.bytes != Array("a".utf8) })
            #expect(String(decoding: beside.name.bytes, as: UTF8.self).hasPrefix("a@"))
            #expect(try await cache.store.bytes(of: beside.node) == Array(ours.utf8))
        }
        #expect(await bed.far.openUploadCount == 0)
        for cache in [one, two] { await end(cache) }
    }

    @Test("a long value that others change while it is away is read as theirs, and not fetched whole for that")
    func changedElsewhere() async throws {
        let bed = try bed()
        let (one, two) = (try await ready(bed), try await ready(bed))
        try one.store.put(content(30), .blobs, "a")
        try await one.sync()
        try await two.refresh()
        let theirs = content(31) + "and more"
        try one.store.put(theirs, .blobs, "a")
        try await one.sync()
        // Two has not looked: it asks for a part of the value that was there.
        let node = try two.store.node(.blobs, "a")
        #expect(try await two.store.bytes(of: node, at: 0, count: 100) == Array(theirs.utf8.prefix(100)))
        #expect(try await two.text(two.store, "a") == theirs)
        #expect(bed.history.lines(with: "get blobs").isEmpty)
        for cache in [one, two] { await end(cache) }
    }
}
