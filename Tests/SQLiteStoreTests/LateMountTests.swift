import Glibc
import Persist
import PersistTestKit
import Testing

@testable import SQLiteStore

/// A mount that is kept from looking at what the other one does: stopped, or by a program that holds the file.
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

    @Test("what is open here stays, where the other mount removed it and a program then held the file for long")
    func claimComesLate() async throws {
        let file = try StoreFile()
        let waits = CountedWaits()
        let (one, two) = (try file.open(), try file.open { $0.waits = waits })
        defer {
            one.close()
            two.close()
        }
        let node = try one.put("blobs/a", "kept").node
        try two.refresh()
        one.hold(node.id)
        // Its claim comes when this test says so.
        one.serving.stopWorkers()
        _ = try two.remove("blobs/a")
        let other = try Foreign(file.path)
        let before = waits.count
        try other.run("BEGIN IMMEDIATE")
        // The other mount wants to collect it.
        while waits.count == before { usleep(1_000) }
        // No task: where many tests run its thread may be taken for seconds.
        usleep(UInt32(SQLiteStore.lingerNanoseconds / 1_000 + 300_000))
        try other.run("COMMIT")
        // Comes after who has waited.
        try two.put("blobs/b", "1")
        try one.refresh()
        #expect(try one.bytes(of: node.id) == Array("kept".utf8))
        one.release(node.id)
        try await eventually("it is collected") { kind { try two.node(node.id) } == .notFound }
        #expect(try two.check() == [])
    }
}
