internal import Persist

/// What has been put from here and stands in no index yet: decides when a segment is worth its request.
///
/// Pure: it is told the time, in milliseconds.
struct IndexPending: Sendable {
    private var entries: [[UInt8]: (entry: IndexEntry, noted: Int64)] = [:]
    /// Of objects that were deleted from here: what older segments say of them goes when those are merged.
    private(set) var deleted: Set<[UInt8]> = []

    /// A segment is written when so many wait,
    static let countMax = 512
    /// or fewer, but not for a handful, when nothing has come for so long.
    static let countMin = 16
    static let quietMilliseconds: Int64 = 30_000
    /// Times of objects are in seconds: what may be changed again within the same one waits, so that of two changes of one
    /// second the last is written alone.
    static let settleMilliseconds: Int64 = 2_000
    static let deletedMax = 100_000

    var count: Int { entries.count }
    private var last: Int64 = 0
    /// When there were `countMax` of them; nil: there are fewer.
    private var filled: Int64?
    /// What nobody can write is not kept without end: a hint.
    private static let entriesMax = 50_000

    mutating func note(_ entry: IndexEntry, now: Int64) {
        if count < Self.entriesMax || entries[entry.name] != nil { entries[entry.name] = (entry, now) }
        deleted.remove(entry.name)
        last = now
        if filled == nil, count >= Self.countMax { filled = now }
    }

    mutating func noteDeleted(_ name: [UInt8]) {
        entries[name] = nil
        if deleted.count < Self.deletedMax { deleted.insert(name) }
    }

    mutating func forget(_ name: [UInt8]) { entries[name] = nil }

    func entry(of name: [UInt8]) -> IndexEntry? { entries[name]?.entry }

    /// In how many milliseconds a segment is to be written; nil: not for these.
    func due(now: Int64) -> Int64? {
        if let filled { return max(0, filled + Self.settleMilliseconds - now) }
        return count >= Self.countMin ? max(0, last + Self.quietMilliseconds - now) : nil
    }

    /// In the order of names. - Parameter isLast: all of them, settled or not.
    mutating func take(now: Int64, isLast: Bool) -> [IndexEntry] {
        let taken = entries.values.filter { isLast || $0.noted + Self.settleMilliseconds <= now }.map(\.entry)
        for entry in taken { entries[entry.name] = nil }
        filled = count >= Self.countMax ? now : nil
        return taken.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// They could not be written. What has come since is newer.
    mutating func putBack(_ taken: [IndexEntry], now: Int64) {
        for entry in taken where entries[entry.name] == nil && !deleted.contains(entry.name) {
            entries[entry.name] = (entry, now)
        }
        last = now
        filled = count >= Self.countMax ? now : nil
    }

    mutating func forgetDeleted(_ names: Set<[UInt8]>) { deleted.subtract(names) }
}
