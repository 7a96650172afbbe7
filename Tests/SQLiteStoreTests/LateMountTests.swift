import Persist
import PersistTestKit
import Testing

@testable import SQLiteStore

/// A mount that is kept from looking at what the other one does.
@Suite("Mounts that come late") struct LateMountTests {
    @Test("R9 who slept while the feed was trimmed looks at everything again", arguments: [false, true])
    func feedIsTrimmed(hasSeen: Bool) async throws {
        let file = try StoreFile()
        let (one, two) = (try file.open(), try file.open())
        defer {
            one.close()
            two.close()
        }
        if hasSeen {
            try two.put("blobs/seen", "1")
            try one.refresh()
        }
        one.serving.stopWorkers()
        let seen = Observed()
        one.observe(seen)
        for name in ["a", "b", "c"] { try two.put("blobs/\(name)", "1") }
        let other = try Foreign(file.path)
        try other.run("UPDATE feed SET time = 0")
        try await eventually("the feed is trimmed") {
            try other.run("SELECT count(*) < 2 FROM feed") == ["1"]
        }
        try one.refresh()
        #expect(seen.changes.contains(.everything))
    }
}
