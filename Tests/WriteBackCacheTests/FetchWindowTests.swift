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
        let ahead = mixed.ahead(of: position, size: Self.size)
        #expect(ahead.map(\.count) == [Int(FetchWindow.most)])
    }

    @Test("R7 who reads on for long has more and more on its way, each byte once, and no more than there may be")
    func ahead() {
        var window = FetchWindow(unit: Self.unit)
        let size: UInt64 = 256 << 20
        var flights: [Range<UInt64>] = []
        var (position, misses) = (UInt64(0), 0)
        var reaches: [UInt64] = []
        while position < size {
            if flights.first?.contains(position) != true {
                flights.append(window.take(position..<position + 4_096, of: size))
                misses += 1
            }
            let flight = flights.removeFirst()
            #expect(flight.lowerBound == position)
            flights += window.ahead(of: flight.upperBound, size: size)
            let again = window.ahead(of: flight.upperBound, size: size)
            #expect(again.isEmpty, "who waits beside the first one begins nothing")
            reaches.append((flights.last?.upperBound ?? flight.upperBound) - flight.upperBound)
            position = flight.upperBound
        }
        #expect(flights.isEmpty && position == size)
        #expect(misses == 5, "of 128, 256, 512 KiB, 1 and 2 MiB")
        #expect(reaches.max() == FetchWindow.reachMost)
        // Reading 8 MiB has asked for no more than as much again.
        #expect(reaches.prefix(6).reduce(0, max) <= 8 << 20, "\(reaches.prefix(8))")
    }

    @Test("R7 what was missed while it came with what was fetched ahead is no jump")
    func missedMeanwhile() {
        let size: UInt64 = 1 << 30
        var window = FetchWindow(unit: Self.unit)
        var position: UInt64 = 0
        for _ in 0..<12 {
            position = window.take(position..<position + 4_096, of: size).upperBound
            position = window.ahead(of: position, size: size).last?.upperBound ?? position
        }
        let back = position - FetchWindow.reachMost
        let range = window.take(back..<back + 4_096, of: size)
        #expect(range.count == Int(Self.unit))
        let next = window.take(position..<position + 4_096, of: size)
        #expect(next.count == Int(FetchWindow.most))
    }

    @Test("R7 a file that has another size now is another file: nothing begins where the old one ended")
    func otherSize() {
        for old in [3 << 20 + 5, 10 << 20 + 5, 20 << 20 + 5] as [UInt64] {
            var window = FetchWindow(unit: Self.unit)
            for size in [old, old + 20 << 20] {
                var position: UInt64 = 0
                while position < size {
                    let range = window.take(position..<min(size, position + 4_096), of: size)
                    let ahead = window.ahead(of: range.upperBound, size: size)
                    for piece in [range] + ahead {
                        #expect(piece.lowerBound.isMultiple(of: Self.unit))
                        #expect(piece.upperBound.isMultiple(of: Self.unit) || piece.upperBound == size)
                    }
                    position = ahead.last?.upperBound ?? range.upperBound
                }
            }
        }
    }

    @Test("R7 what is fetched for somebody else, far away, begins nothing")
    func othersFlight() {
        var window = FetchWindow(unit: Self.unit)
        let size: UInt64 = 1 << 40
        var position: UInt64 = 0
        for _ in 0..<8 { position = window.take(position..<position + 4_096, of: size).upperBound }
        let (far, near) = (window.ahead(of: 1 << 39, size: size), window.ahead(of: position, size: size))
        #expect(far.isEmpty && !near.isEmpty)
    }

    @Test("R7 who jumps gets little")
    func far() {
        var window = FetchWindow(unit: Self.unit)
        for offset in [40 << 20, 1 << 20, 30 << 20, 2 << 20, 63 << 20] as [UInt64] {
            #expect(window.take(offset..<offset + 4_096, of: Self.size).count <= Int(FetchWindow.first))
            let ahead = window.ahead(of: offset + FetchWindow.first, size: Self.size)
            #expect(ahead.isEmpty)
        }
    }

    @Test("R7 who jumps about on and on gets all of it, said once: the sooner the shorter it is")
    func jumps() {
        for (size, least) in [(8, 8), (256, 8), (1_024, 32), (10_240, 320)] as [(UInt64, Int)] {
            var window = FetchWindow(unit: Self.unit)
            var found: [Int] = []
            for jump in 0...400 {
                let offset = jump.isMultiple(of: 2) ? 0 : (size - 1) << 20
                _ = window.take(offset..<offset + 4_096, of: size << 20)
                if window.takesWhole(of: size << 20) { found.append(jump) }
            }
            #expect(found == [least])
        }
        // Who reads on never does.
        var window = FetchWindow(unit: Self.unit)
        var position: UInt64 = 0
        while position < Self.size {
            position = window.take(position..<position + 4_096, of: Self.size).upperBound
            let isAll = window.takesWhole(of: Self.size)
            #expect(!isAll)
        }
    }
}
