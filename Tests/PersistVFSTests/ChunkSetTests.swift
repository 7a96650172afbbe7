import PersistTestKit
import Testing

@testable import PersistVFS

@Suite("Numbers of chunks")
struct ChunkSetTests {
    @Test("ranges that come and go are the set that they stand for")
    func isASet() {
        var random = SplitMix64(seed: 7)
        var subject = ChunkSet()
        var reference: Set<UInt64> = []
        for _ in 0..<3_000 {
            let first = UInt64.random(in: 0..<60, using: &random)
            let chunks = first..<(first + UInt64.random(in: 0..<9, using: &random))
            if Bool.random(using: &random) {
                subject.insert(chunks)
                reference.formUnion(chunks)
            } else {
                subject.remove(chunks)
                reference.subtract(chunks)
            }
            #expect(subject.ranges.flatMap(Array.init) == reference.sorted())
            #expect(zip(subject.ranges, subject.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
            #expect(subject.ranges.allSatisfy { !$0.isEmpty })
            #expect(subject.count == UInt64(reference.count) && subject.isEmpty == reference.isEmpty)
            let asked = UInt64.random(in: 0..<70, using: &random)
            #expect(subject.contains(asked) == reference.contains(asked))
            #expect(subject.next(from: asked)?.lowerBound == reference.filter { $0 >= asked }.min())
            let three = asked..<(asked + 3)
            #expect(subject.overlaps(three) == three.contains { reference.contains($0) })
        }
    }

    @Test("what was written in order is one range")
    func isOneRange() {
        var subject = ChunkSet()
        for index: UInt64 in 0..<1_000 { subject.insert(index..<(index + 1)) }
        #expect(subject.ranges == [0..<1_000])
        subject.remove(500..<UInt64.max)
        #expect(subject.ranges == [0..<500])
    }
}
