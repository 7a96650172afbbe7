import Persist
import PersistTestKit
import Testing

@Suite("Random operations")
struct RandomOperationsSelfTests {
    @Test("the reference agrees with itself", arguments: [1, 2] as [UInt64])
    func agrees(seed: UInt64) throws {
        try RandomOperations(on: .memory).run(seed: seed, count: 1_000)
    }

    @Test("a seed brings the same numbers again, those of the published generator")
    func isSeeded() {
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }

    @Test("a store that removes streams is found out, by a sequence as short as can be")
    func findsOut() throws {
        var limits = StoreLimits()
        limits.removesEvents = true
        let removing = limits
        var subject = LocalStoreFactory.memory
        subject.make = { _ in MemoryStore(limits: removing) }
        let found = #expect(throws: Disagreement.self) {
            try RandomOperations(on: subject).run(seed: 3, count: 2_000)
        }
        let operations = try #require(found?.operations)
        #expect(operations.count <= 3, "\(operations)")
        #expect(throws: Disagreement.self) { try RandomOperations(on: subject).replay(operations) }
        try RandomOperations(on: .memory).replay(operations)
    }
}
