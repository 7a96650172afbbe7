import Persist
import PersistTestKit
import Testing

@Suite("Event lines")
struct EventLinesTests {
    @Test(
        "R8 bytes are cut into finished lines and a rest, whatever they are",
        arguments: ["", "\n", "a", "a\nb", "\n\na\n"])
    func split(_ text: String) {
        let parts = text.split(separator: "\n", omittingEmptySubsequences: false)
        let lines = EventLines(bytes(text)[...])
        #expect(Array(lines.rest) == bytes(String(parts.last ?? "")))
        #expect(lines.map { String(decoding: $0, as: UTF8.self) } == parts.dropLast().map(String.init))
    }

    @Test("R8 the bytes before the first line that is not JSON are good")
    func problem() {
        func start(_ text: String, after padding: Int = 0) -> Int? {
            let padded = Array(repeating: UInt8(ascii: "x"), count: padding) + bytes(text)
            return EventLines.firstProblem(in: padded[padding...])?.start
        }
        #expect(start("{}\n[1]\r\n3\n{unfinished") == nil)
        #expect(start("{}\n{\n3\n") == 3)
        #expect(start("nope\n") == 0)
        #expect(start("1\n\n2\n", after: 5) == 7)
        #expect(EventLines.firstProblem(in: bytes("1\n [1,]\n")[...])?.problem.column == 4)
    }

    @Test("R8 lines are JSON in *.jsonl and *.ndjson only")
    func names() {
        #expect(EventLines.requiresJSON("a.jsonl") && EventLines.requiresJSON("a.ndjson"))
        #expect(!EventLines.requiresJSON("a.log") && !EventLines.requiresJSON("a.json"))
    }
}
