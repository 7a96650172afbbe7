import Testing

@testable import WriteBackCache

@Suite struct FetchWindowTests {
    private static let unit: UInt64 = 64 << 10
    private static let size: UInt64 = 64 << 20

    @Test("R7 who reads on gets more each time, also where the kernel's requests come in no order")
    func near() {
        var (inOrder, mixed) = (FetchWindow(unit: Self.unit), FetchWindow(unit: Self.unit))
        let part: UInt64 = 128 << 10
        var most: UInt64 = 0
        var position: UInt64 = 0
        for _ in 0..<8 {
            let range = inOrder.take(position..<position + part, of: Self.size)
            most = UInt64(range.count)
            position = range.upperBound
        }
        #expect(most == FetchWindow.most)

        position = 0
        for _ in 0..<8 {
            let second = mixed.take(position + part..<position + 2 * part, of: Self.size)
            let first = mixed.take(position..<position + part, of: Self.size)
            #expect(first.lowerBound == position && first.upperBound <= max(second.upperBound, position + 2 * part))
            position = second.upperBound
        }
        #expect(mixed.ahead(of: Self.size)?.count == Int(FetchWindow.most))
    }

    @Test("R7 who jumps gets little")
    func far() {
        var window = FetchWindow(unit: Self.unit)
        for offset in [40 << 20, 1 << 20, 30 << 20, 2 << 20, 63 << 20] as [UInt64] {
            #expect(window.take(offset..<offset + 4_096, of: Self.size).count <= Int(FetchWindow.first))
            #expect(window.ahead(of: Self.size) == nil)
        }
    }
}
