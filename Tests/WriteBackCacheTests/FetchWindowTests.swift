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
        // As it reads ahead: by 512 KiB, the second one first.
        let half: UInt64 = 512 << 10
        var kernels = FetchWindow(unit: Self.unit)
        let asked = [0, 2, 1, 4, 3].map { kernels.take($0 * half..<($0 + 1) * half, of: Self.size) }
        #expect(asked.map(\.lowerBound) == [0, 2, 1, 4, 3].map { $0 * half })
        #expect(asked.map { $0.count >> 19 } == [1, 1, 1, 4, 1])

        // So much at once after a jump, and what comes next is on its way with it: what a program needs that reads 1 MiB.
        var one = FetchWindow(unit: Self.unit)
        let jump: UInt64 = 20 << 20
        let first = one.take(jump..<jump + half, of: Self.size)
        let second = one.ahead(of: first.upperBound, size: Self.size)
        let third = one.ahead(of: first.upperBound, size: Self.size)
        #expect(second == [jump + half..<jump + 3 * half] && third.isEmpty)

        let ahead = mixed.ahead(of: position, size: Self.size)
        #expect(!ahead.isEmpty && ahead.allSatisfy { $0.count == Int(FetchWindow.most) })
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
        #expect(misses == 5, "of 128, 384, 512 and 512 KiB, and 2.5 MiB")
        #expect(reaches.max() == FetchWindow.reachMost)
        // Reading 4 MiB has asked for no more than three times as much again, and 1 MiB for nothing.
        let first = reaches.prefix(5)
        #expect(first.reduce(0, max) <= 12 << 20 && first.dropLast().allSatisfy { $0 == 0 }, "\(first)")
    }

    @Test("R7 what is fetched ends where a server's blocks end: none is read twice for two requests")
    func aligned() {
        var window = FetchWindow(unit: Self.unit)
        var position: UInt64 = 3 * Self.unit
        var ends: [UInt64] = []
        for _ in 0..<16 {
            let range = window.take(position..<position + 4_096, of: 1 << 30)
            #expect(range.lowerBound == position)
            let ahead = window.ahead(of: range.upperBound, size: 1 << 30)
            ends += ahead.map(\.upperBound)
            position = ahead.last?.upperBound ?? range.upperBound
        }
        #expect(ends.count > 16 && ends.suffix(16).allSatisfy { $0.isMultiple(of: FetchWindow.most) })
        // A slower line: 5 MiB while somebody waits. A short piece says nothing of it.
        window.came(64 << 10, seconds: 1)
        window.came(FetchWindow.most, seconds: 6.4)
        let range = window.take(position..<position + 4_096, of: 1 << 30)
        #expect(range == position..<position + 4 << 20)
    }

    @Test("R7 over a slow line no fetch is longer than what comes while somebody waits")
    func slow() {
        var window = FetchWindow(unit: Self.unit)
        let size: UInt64 = 256 << 20
        var position: UInt64 = 0
        func read(_ count: Int, bytesPerSecond: Double) -> (most: UInt64, underWay: UInt64) {
            var (most, underWay) = (UInt64(0), UInt64(0))
            for _ in 0..<count {
                let range = window.take(position..<position + 4_096, of: size)
                // The line is shared with what goes beside it.
                let ahead = window.ahead(of: range.upperBound, size: size)
                let all = ([range] + ahead).map { UInt64($0.count) }
                (most, underWay) = (max(most, all.max() ?? 0), max(underWay, all.reduce(0, +)))
                position = ahead.last?.upperBound ?? range.upperBound
                let seconds = Double(all.reduce(0, +)) / bytesPerSecond
                for bytes in all { window.came(bytes, seconds: seconds) }
            }
            return (most, underWay)
        }
        let slow = read(20, bytesPerSecond: 100e3)
        #expect(slow.most <= 512 << 10 && slow.underWay <= 1 << 20, "\(slow)")
        // Who jumps there gets nothing beside.
        let far = window.take(position + (64 << 20)..<position + (65 << 20), of: size)
        #expect(window.ahead(of: far.upperBound, size: size).isEmpty)
        position = far.upperBound
        let quick = read(20, bytesPerSecond: 100e6)
        #expect(quick.most == FetchWindow.most, "\(quick)")
        // A far side that is only far away is no slow line.
        var distant = FetchWindow(unit: Self.unit)
        position = 0
        for _ in 0..<8 {
            let range = distant.take(position..<position + 4_096, of: size)
            distant.came(UInt64(range.count), seconds: 1)
            position = range.upperBound
        }
        #expect(distant.take(position..<position + 4_096, of: size).count == Int(FetchWindow.most))
    }

    @Test("R14 what is fetched ahead keeps to the room that is left for it, and is asked for when there is some again")
    func room() {
        var window = FetchWindow(unit: Self.unit)
        let size: UInt64 = 256 << 20
        var position: UInt64 = 0
        for room: UInt64 in [0, 0, 0, 0, 0, 0, 0, 1 << 20, 9 << 20, .max] {
            let range = window.take(position..<position + 4_096, of: size)
            #expect(range.lowerBound == position)
            let ahead = window.ahead(of: range.upperBound, size: size, room: room)
            #expect(ahead.reduce(0) { $0 + UInt64($1.count) } <= room)
            if room >= 9 << 20 { #expect(!ahead.isEmpty) }
            position = ahead.last?.upperBound ?? range.upperBound
        }
    }

    @Test("R7 what has come makes room for what comes next, before the reader has come to it")
    func landed() {
        var window = FetchWindow(unit: Self.unit)
        let size: UInt64 = 1 << 30
        var position: UInt64 = 0
        for _ in 0..<12 {
            position = window.take(position..<position + 4_096, of: size).upperBound
            position = window.ahead(of: position, size: size).last?.upperBound ?? position
        }
        let come = window.take(position..<position + 4_096, of: size).upperBound
        var flights = window.ahead(of: come, size: size, room: 3 * FetchWindow.most)
        #expect(flights.count == 3)
        var end = flights.last?.upperBound ?? 0
        while !flights.isEmpty {
            flights.removeFirst()
            let more = window.ahead(room: FetchWindow.most)
            #expect(more.count <= 1 && more.allSatisfy { $0.lowerBound == end })
            flights += more
            end = more.last?.upperBound ?? end
        }
        #expect(end == come + FetchWindow.reachMost)
        // Nobody reads on for long.
        var other = FetchWindow(unit: Self.unit)
        _ = other.take(0..<4_096, of: size)
        #expect(other.ahead(room: .max).isEmpty)
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
        for (size, least) in [(8, 8), (512, 8), (1_024, 16), (10_240, 160)] as [(UInt64, Int)] {
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
