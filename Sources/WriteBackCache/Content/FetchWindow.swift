/// How much of a file is fetched when a part of it is missed. A value; offsets and sizes are bytes.
///
/// Who reads from one end to the other gets more each time, and more and more of what comes next; who jumps gets what was
/// asked for, and who goes on jumping about, in the end all of it.
struct FetchWindow: Sendable, Equatable {
    static let first: UInt64 = 128 << 10
    static let most: UInt64 = 8 << 20
    /// How far ahead of a reader it goes: more than may be under way of a file, so that the next part is asked for as soon as
    /// one has come, and the line is never idle.
    static let reachMost: UInt64 = 8 * most
    /// As many fetches of a slow line, at most.
    private static let piecesMost: UInt64 = 3
    /// Who has read so much in order reads on for long: more than the kernel asks for where a program reads 1 MiB.
    private static let longBytes: UInt64 = 3 << 19
    /// Until then no fetch is longer, unless it was asked for; and what is fetched from then on.
    private static let (shortMost, longLeast): (UInt64, UInt64) = (512 << 10, 4 << 20)
    private static let firstReach: UInt64 = 12 << 20
    /// What is fetched at once takes no longer than about that, however slow the line is: somebody may be waiting for it.
    private static let secondsMost = 4.0
    /// What a cache that knew nothing better would fetch at each jump; and so many of them are no habit yet.
    private static let jumpBytes: UInt64 = 8 << 20
    private static let jumpsLeast: UInt64 = 8

    /// Where the last fetch ended: who misses there reads on.
    private var next: UInt64 = 0
    private var window = Self.first
    /// So much is fetched beyond what somebody waits for.
    private var reach: UInt64 = 0
    /// Up to here somebody has come.
    private var come: UInt64 = 0
    /// Where the last jump went.
    private var begin: UInt64 = 0
    private var isLong = false
    /// So much was asked for after the jump that the kernel is about to ask for what comes next.
    private var goesOn = false
    private var jumps: UInt64 = 0
    private var hasTakenWhole = false
    /// What came in so much time, by the last fetch.
    private var bytesInTime = Self.most
    /// Of the file: where that is another one now, nothing of this holds.
    private var size: UInt64 = 0
    private let unit: UInt64

    /// - Parameter unit: what is fetched begins and ends at multiples of it, but for the end of the file.
    init(unit: UInt64) { self.unit = unit }

    /// What to fetch where `wanted` is missed in a file of `size` bytes.
    mutating func take(_ wanted: Range<UInt64>, of size: UInt64) -> Range<UInt64> {
        if size != self.size {
            self = Self(unit: unit)
            self.size = size
        }
        let start = wanted.lowerBound / unit * unit
        // The kernel reads ahead in several requests at once, which come in no order; and what was missed may have come
        // since, with what was fetched ahead.
        let slack = max(window, 2 * UInt64(wanted.count))
        let isNear = next > 0 && start + reach + 2 * slack >= next && start <= next + slack
        let isBehind = isNear && start < next
        if !isNear {
            if next > 0 { jumps += 1 }
            (window, reach, come, begin, isLong) = (Self.first, 0, 0, start, false)
            goesOn = wanted.count >= Self.shortMost && bytesInTime == Self.most
        } else if !isBehind {
            isLong = isLong || wanted.upperBound > begin + Self.longBytes
            let wider = isLong ? max(2 * window, Self.longLeast) : min(4 * window, Self.shortMost)
            window = Self.rounded(min(wider, Self.most, bytesInTime))
        }
        let end = max(wanted.upperBound, isBehind ? 0 : windowEnd(of: start))
        let range = start..<min(size, (end + unit - 1) / unit * unit)
        next = isBehind ? max(next, range.upperBound) : range.upperBound
        return range
    }

    /// What to fetch beside, before it is missed, once somebody has come to what ends at `end`: none where nobody reads on
    /// for long, or where that has been asked already. What ends beyond all that was fetched for a reader is somebody else's.
    ///
    /// - Parameter room: so much may be under way at all.
    mutating func ahead(of end: UInt64, size: UInt64, room: UInt64 = .max) -> [Range<UInt64>] {
        guard isLong || goesOn, end > come, end <= next, size == self.size else { return [] }
        guard isLong else { return goOn(room) }
        come = end
        let isSlow = bytesInTime < Self.most
        let (first, most) = isSlow ? (2 * window, Self.piecesMost * bytesInTime) : (Self.firstReach, Self.reachMost)
        reach = min(max(2 * reach, first), most)
        window = max(window, min(Self.rounded(min(reach / 2, bytesInTime)), Self.most))
        return ahead(room: room)
    }

    private mutating func goOn(_ room: UInt64) -> [Range<UInt64>] {
        goesOn = false
        let end = min(size, begin + Self.longBytes)
        guard room >= Self.longBytes, next < end else { return [] }
        defer { next = end }
        return [next..<end]
    }

    /// The same once something has come of what was under way, and there is room for more.
    mutating func ahead(room: UInt64) -> [Range<UInt64>] {
        var pieces: [Range<UInt64>] = []
        var room = room
        while next < min(size, come + reach), room >= window {
            let end = min(size, windowEnd(of: next))
            room -= window
            pieces.append(next..<end)
            next = end
        }
        return pieces
    }

    /// Of a window that begins there: at a multiple of itself. Servers keep long objects in blocks of such lengths, and read
    /// a whole one for each request that meets it.
    private func windowEnd(of start: UInt64) -> UInt64 { (start + window) / window * window }

    /// A fetch has brought so many bytes, with all that was under way beside it.
    mutating func came(_ bytes: UInt64, seconds: Double) {
        // What ended early at a block's end tells more of the way there and back than of the line.
        guard bytes >= window / 2 else { return }
        let inTime = Double(bytes) * Self.secondsMost / max(seconds, 1e-6)
        bytesInTime = max(Self.first, UInt64(min(inTime, Double(Self.most))))
        window = Self.rounded(min(window, bytesInTime))
        if bytesInTime < Self.most { reach = min(reach, Self.piecesMost * bytesInTime) }
    }

    /// Down to a power of two: windows end at multiples of themselves.
    private static func rounded(_ bytes: UInt64) -> UInt64 { 1 << (63 - UInt64(bytes.leadingZeroBitCount)) }

    /// Whether all of it is to be fetched beside: with so many jumps the blocks of a plainer cache would be an eighth of it.
    /// Says so once.
    mutating func takesWhole(of size: UInt64) -> Bool {
        guard !hasTakenWhole, jumps >= max(Self.jumpsLeast, size / 8 / Self.jumpBytes) else { return false }
        hasTakenWhole = true
        return true
    }
}
