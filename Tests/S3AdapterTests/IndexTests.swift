import Persist
@testable import S3Adapter
import Testing

/// The parts of the index that need no server.
@Suite("An index of what lies with objects")
struct IndexTests {
    private func entry(_ name: String, etag: String = "e", time: Int64 = 100, mode: UInt16 = 0o644) -> IndexEntry {
        IndexEntry(
            name: Array(name.utf8), etag: Array(etag.utf8), time: time,
            attributes: ValueAttributes(mode: mode, mtime: Timestamp(nanoseconds: 1)))
    }

    @Test("a line is read as it was written, whatever is in it")
    func lines() throws {
        var odd = entry("blobs/a\tb\nc%41+ü/ d", etag: "0\"1")
        odd.attributes.uid = 7
        odd.attributes.extended = [Array("user.x".utf8): [0, 9, 10, 255]]
        odd.attributes.hasMore = true
        odd.body = Array("{\"dir\":true}\n\t%".utf8)
        var empty = entry("kv/%")
        empty.body = []
        for entry in [odd, empty, entry("x")] {
            let line = entry.line
            #expect(line.last == 10 && line.dropLast().allSatisfy { $0 != 10 })
            #expect(IndexEntry(line: line.dropLast()) == entry)
        }
        for text in ["", "a", "a\tb\tc\t\t\t\t\t\t\t", "a\tb\t1\t\t\t\t\t"] {
            #expect(IndexEntry(line: Array(text.utf8)[...]) == nil)
        }
    }

    @Test("an entry counts only for the object that a listing shows: its ETag, and no later time")
    func table() throws {
        var table = IndexTable()
        table.add(entry("a", time: 100, mode: 0o600))
        func mode(_ etag: String, _ nanoseconds: Int64?) -> UInt16? {
            table.entry(
                of: Array("a".utf8), etag: Array(etag.utf8),
                modified: nanoseconds.map(Timestamp.init(nanoseconds:)))?.attributes.mode
        }
        #expect(mode("e", 100_999_000_000) == 0o600 && mode("e", nil) == 0o600)
        #expect(mode("e", 101_000_000_000) == nil && mode("other", 100_000_000_000) == nil)
        // The later one counts, in whatever order they are read.
        table.add(entry("a", time: 102, mode: 0o640))
        table.add(entry("a", time: 101, mode: 0o604))
        #expect(mode("e", 102_000_000_000) == 0o640)
        // Two of one second, and nobody knows which was the last.
        table.add(entry("a", time: 102, mode: 0o640))
        #expect(mode("e", 102_000_000_000) == 0o640)
        table.add(entry("a", time: 102, mode: 0o666))
        #expect(mode("e", 102_000_000_000) == nil)
        table.add(entry("a", time: 103, mode: 0o644))
        #expect(mode("e", 102_000_000_000) == 0o644)
    }

    @Test("a segment is written for many, or for some when it is quiet, and never for a handful")
    func due() {
        var pending = IndexPending()
        for number in 0..<(IndexPending.countMin - 1) { pending.note(entry("\(number)"), now: 1_000) }
        #expect(pending.due(now: 1_000_000) == nil)
        pending.note(entry("more"), now: 2_000)
        #expect(pending.due(now: 2_000) == IndexPending.quietMilliseconds)
        #expect(pending.due(now: 2_000 + IndexPending.quietMilliseconds) == 0)
        for number in 0..<IndexPending.countMax { pending.note(entry("\(number)"), now: 3_000) }
        #expect(pending.due(now: 3_000) == IndexPending.settleMilliseconds)
        #expect(pending.due(now: 3_000 + IndexPending.settleMilliseconds) == 0)
    }

    @Test("what may be changed once more in the same second waits; what could not be written comes back")
    func settles() {
        var pending = IndexPending()
        pending.note(entry("old", mode: 0o600), now: 0)
        pending.note(entry("new"), now: 1_500)
        pending.note(entry("gone"), now: 0)
        pending.noteDeleted(Array("gone".utf8))
        let taken = pending.take(now: 2_000, isLast: false)
        #expect(taken == [entry("old", mode: 0o600)] && pending.count == 1)
        pending.note(entry("old", mode: 0o640), now: 2_100)
        pending.putBack(taken + [entry("gone")], now: 2_200)
        #expect(pending.take(now: 2_300, isLast: true) == [entry("new"), entry("old", mode: 0o640)])
        #expect(pending.count == 0 && pending.deleted == [Array("gone".utf8)])
    }
}
