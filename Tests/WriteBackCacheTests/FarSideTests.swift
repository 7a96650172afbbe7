import Persist
import PersistTestKit
import Testing

@testable import WriteBackCache

@Suite("The far side, as the cache asks it")
struct FarSideTests {
    /// Of which a slow line takes a while.
    private static let long = [UInt8](repeating: 1, count: 2 << 20)

    /// Each value takes longer than a request may.
    private func slow() -> (far: FarSide, slow: SlowFar) {
        let slow = SlowFar(takes: .seconds(1))
        return (FarSide(slow, requestMilliseconds: 100), slow)
    }

    @Test("a long value has more time to get there than a short one, whatever kind of put it is")
    func longPuts() async throws {
        let (far, slow) = slow()
        async let plain: Void = far.put("kv/plain", Self.long)
        async let side = far.putSide("kv/side", Self.long)
        async let replacing = far.put("kv/replacing", Self.long, replacing: nil)
        async let attributed = far.put(
            "kv/attributed", Self.long, ValueAttributes(), replacing: nil, isConditional: true)
        _ = try await (plain, side, replacing, attributed)
        #expect(await slow.values.keys == ["kv/attributed", "kv/plain", "kv/replacing", "kv/side"])
    }

    @Test("so has a piece of a long value, or all of it, where somebody knows how long it is")
    func longGets() async throws {
        let (far, slow) = slow()
        await slow.values.put("kv/a", Self.long)
        let size = UInt64(Self.long.count)
        async let piece = far.get("kv/a", range: 0..<size)
        async let whole = far.whole(at: "kv/a", isJSON: false, size: size)
        let (part, all) = (try await piece, try await whole)
        #expect(part?.value == Self.long && all != nil)
    }

    @Test("what fails where the keys of a listing are put says nothing about the far side")
    func ownFailure() async throws {
        let far = FarSide(MemoryAdapter(), requestMilliseconds: 10_000)
        try await far.put("kv/a", [1])
        for kind in [StoreError.Kind.unsupported, .timedOut] {
            await #expect {
                try await far.listKeys("kv/", most: 1) { _ throws(StoreError) in throw StoreError(kind) }
            } throws: {
                ($0 as? StoreError)?.kind == kind
            }
        }
        #expect(far.listsKeys)
        #expect(far.offline == nil)
        #expect(far.requests.failures == 0)
    }
}
