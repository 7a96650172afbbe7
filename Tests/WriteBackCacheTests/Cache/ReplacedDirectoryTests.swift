import Persist
import SQLiteStore
import Testing
import WriteBackCache

@testable import PersistTestKit

@Suite("A directory that a file replaces, on the other machines", .serialized)
struct ReplacedDirectoryTests {
    private static let places = [("blobs/a", "blobs/a"), ("kv/a", "kv/a"), ("records/a.json", "records/a")]
    private static let json = #"{"n": 1}"#

    private struct Bed {
        let bed: CacheBed
        let here: WriteBackCache
        let there: WriteBackCache
        var client: StoreClient
        var other: StoreClient

        /// Both have the directory.
        init(_ shows: CacheBed.Shown, _ directory: String, holds: Bool) async throws {
            bed = try CacheBed(shows: shows)
            here = try bed.cache(at: bed.newPath())
            there = try bed.cache(at: bed.newPath())
            (client, other) = (StoreClient(here.store, .memory), StoreClient(there.store, .memory))
            for cache in [here, there] { try await cache.refresh() }
            _ = try client.directory(directory)
            if holds { try client.put("\(directory)/in.json", json) }
            try await here.sync()
            try await there.refresh()
            #expect(try other.node(directory).kind == .directory)
        }

        mutating func replace(_ directory: String, holds: Bool) throws {
            if holds { try client.unlink("\(directory)/in.json") }
            try client.removeDirectory(directory)
            try client.put(directory, json)
        }

        func expectSame() async throws {
            for _ in 0..<2 {
                for cache in [there, here] { try await cache.refresh() }
                let (mine, theirs) = (try await here.keptTree(), try await there.keptTree())
                #expect(mine == theirs)
                #expect(try await mine == bed.freshTree())
            }
        }

        func close() async {
            for cache in [here, there] {
                await cache.stop()
                cache.store.close()
            }
        }
    }

    @Test("R10 is a file there too, empty or not", arguments: CacheBed.Shown.allCases, places)
    func replaced(shows: CacheBed.Shown, place: (String, String)) async throws {
        for holds in [false, true] {
            var bed = try await Bed(shows, place.0, holds: holds)
            try bed.replace(place.0, holds: holds)
            try await bed.here.sync()
            try await bed.expectSame()
            #expect(try bed.other.node(place.0).kind == .file)
            // And gone as one.
            try bed.other.unlink(place.0)
            try await bed.there.sync()
            try await bed.expectSame()
            #expect(try !bed.client.has(place.0))
            await bed.close()
        }
    }

    @Test("R10 is one also where a look came in between", arguments: CacheBed.Shown.allCases, places)
    func lookedBetween(shows: CacheBed.Shown, place: (String, String)) async throws {
        let bed = try await Bed(shows, place.0, holds: false)
        // The file is there, and the side data of the directory still.
        await bed.bed.far.put(StoreKey(Array(place.1.utf8)), Array(Self.json.utf8))
        try await bed.there.refresh()
        #expect(try bed.other.has("\(place.0)/%self"))
        await bed.bed.far.delete(StoreKey(Array(".persist/meta/\(place.0)/".utf8)))
        try await bed.there.refresh()
        #expect(try bed.other.node(place.0).kind == .file)
        #expect(try await bed.there.keptTree() == bed.bed.freshTree())
        await bed.close()
    }

    @Test(
        "R10 stays where something in it has not been sent: the file is its %self", arguments: CacheBed.Shown.allCases)
    func unsent(shows: CacheBed.Shown) async throws {
        var bed = try await Bed(shows, "blobs/a", holds: true)
        bed.bed.setDown(true, for: bed.there)
        try bed.other.put("blobs/a/new", "new")
        try bed.replace("blobs/a", holds: true)
        try await bed.here.sync()
        bed.bed.setDown(false, for: bed.there)
        try await bed.there.refresh()
        try await bed.there.sync()
        try await bed.expectSame()
        #expect(try bed.client.names("blobs/a") == ["%self", "new"])
        await bed.close()
    }
}
