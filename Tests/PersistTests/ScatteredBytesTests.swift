import Persist
import PersistTestKit
import Testing

@Suite("Bytes at some places of a chunk")
struct ScatteredBytesTests {
    @Test("R7 what is written here and there is what was written last at each place")
    func isWhatWasWritten() throws {
        var random = Seeded("ScatteredBytes")
        var subject = ScatteredBytes()
        var reference = [UInt8?](repeating: nil, count: 200)
        for step in 0..<3_000 {
            let start = Int.random(in: 0..<180, using: &random)
            let count = Int.random(in: 0...20, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                subject.cut(at: start)
                for index in start..<200 { reference[index] = nil }
            case 1:
                subject = ScatteredBytes()
                reference = [UInt8?](repeating: nil, count: 200)
            default:
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: step + $0) }
                bytes.withRawSpan { subject.write($0, at: start) }
                for (index, byte) in bytes.enumerated() { reference[start + index] = byte }
            }
            try #require(subject.count == reference.count { $0 != nil })
            try #require(subject.end == (reference.lastIndex { $0 != nil } ?? -1) + 1)
            try #require(subject.isEmpty == reference.allSatisfy { $0 == nil })
            try #require(subject.pieces.allSatisfy { !$0.bytes.isEmpty })
            try #require(zip(subject.pieces, subject.pieces.dropFirst()).allSatisfy { $0.end < $1.start })
            let asked = start..<(start + count)
            try #require(subject.covers(asked) == reference[asked].allSatisfy { $0 != nil })
            var below = [UInt8](repeating: 255, count: count)
            subject.overlay(&below, from: start)
            try #require(below == reference[asked].map { $0 ?? 255 })
            let zeros = [UInt8](capacity: count) { subject.append(asked, to: &$0) }
            try #require(zeros == reference[asked].map { $0 ?? 0 })
        }
    }
}
