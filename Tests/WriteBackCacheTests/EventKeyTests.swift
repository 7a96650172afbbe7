import Persist
import PersistTestKit
import Testing

@testable import WriteBackCache

@Suite("Keys of events")
struct EventKeyTests {
    static let streams: [(stream: String, path: [FileName])] = [
        ("orders", ["orders.jsonl"]), ("app.log", ["app.log"]), ("a.ndjson", ["a.ndjson"]),
        ("app.log.jsonl", ["app.log.jsonl"]), (".jsonl", [".jsonl"]), (".", ["..jsonl"]), ("a/b", ["a", "b.jsonl"]),
        ("%", ["%.jsonl"]), ("a//b", ["a", "%", "b.jsonl"]),
    ]

    @Test("R8 a log has one stream, which leads back to it", arguments: streams)
    func examples(_ row: (stream: String, path: [FileName])) {
        #expect(EventKey.stream(of: ShownPath(.events, row.path)) == bytes(row.stream))
        #expect(EventKey.path(ofStream: bytes(row.stream)).names == row.path)
    }

    @Test("A log whose name another directory has is %self there")
    func prefix() {
        #expect(EventKey.path(ofStream: bytes("a.log"), isPrefix: true).names == ["a.log", "%self"])
        #expect(EventKey.stream(of: ShownPath(.events, ["a.log", "%self"])) == bytes("a.log"))
    }

    @Test("What is no log has no stream", arguments: [["a"], ["a.txt"], ["a.json"], ["%self"]] as [[FileName]])
    func none(_ names: [FileName]) {
        #expect(EventKey.stream(of: ShownPath(.events, names)) == nil)
        #expect(EventKey.stream(of: ShownPath(.kv, ["a.jsonl"])) == nil)
    }

    @Test("An event's key has its time, count and writer in hex digits")
    func key() {
        let position = EventKey.Position(milliseconds: 0x018f_0000_abcd, count: 1, writer: 0xc0ffee)
        let key = EventKey(stream: bytes("a/b"), position: position)
        #expect(key.storeKey.description == "events/a/b/018f0000abcd0001-00c0ffee")
        #expect(FarKey(key.storeKey) == .event(key))
        #expect(FarKey(key.storeKey)?.path() == ShownPath(.events, ["a", "b.jsonl"]))
        #expect(key.storeKey.hasPrefix(EventKey.prefix(ofStream: bytes("a/b"))))
    }

    @Test("R8 positions of one writer always grow, whatever its clock does")
    func grows() {
        var random = Seeded("grows")
        var position = EventKey.Position(milliseconds: 5, count: .max, writer: 1)
        for _ in 0..<10_000 {
            let next = position.next(at: UInt64(random.below(40)))
            #expect(position < next)
            position = next
        }
        #expect(position.next(at: 1 << 60).milliseconds == EventKey.Position.millisecondsMax)
    }

    @Test("The order of keys is that of positions")
    func order() {
        var random = Seeded("order")
        func number(_ max: UInt64) -> UInt64 { random.below(2) == 0 ? random.next() % 3 : random.next() % (max + 1) }
        let keys = (0..<500).map { _ in
            EventKey(
                stream: bytes("s"),
                position: EventKey.Position(
                    milliseconds: number(EventKey.Position.millisecondsMax), count: UInt16(number(0xFFFF)),
                    writer: UInt32(number(0xFFFF_FFFF))))
        }
        let byPosition = keys.sorted { $0.position < $1.position }.map(\.storeKey)
        #expect(byPosition == keys.map(\.storeKey).sorted())
        for key in keys { #expect(FarKey(key.storeKey) == .event(key)) }
    }
}
