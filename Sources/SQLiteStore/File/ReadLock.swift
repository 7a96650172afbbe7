internal import CSQLite

/// The lock by which a reader of the WAL says up to where it reads (sqlite.org/walformat.html, section 2.3), kept beyond
/// its transaction: each one that begins would take three calls of fcntl(2) for it, and each end another.
///
/// A kept lock stops no writer. It does what a reader does: a checkpoint ends at the place that it stands for, and the
/// WAL does not start anew. So it is given back after some use, and by whoever looks after the store every few
/// milliseconds; and where other programs have the store open it is not kept at all.
struct ReadLock {
    /// The slots for readers: 3 is for those that do not need the WAL.
    private static let slots: ClosedRange<Int32> = 3...7
    private static let usesMost = 64

    var isKept = false
    /// Kept, and not in use.
    private var slot: Int32?
    private var uses = 0
    /// How many places a beginning reader has been denied, one after another.
    private var denied = 0

    enum Step: Equatable {
        case answer(Int32)
        /// Give this one back, if any; then it is the real file's matter.
        case pass(releasing: Int32?)
    }

    mutating func asked(_ slot: Int32, _ count: Int32, _ flags: Int32) -> Step {
        switch flags {
        case SQLITE_SHM_LOCK | SQLITE_SHM_SHARED where slot == self.slot:
            self.slot = nil
            denied = 0
            uses += 1
            return .answer(SQLITE_OK)
        case SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE
        where count == 1 && slot > Self.slots.lowerBound && Self.slots.contains(slot)
            && self.slot.map { $0 > Self.slots.lowerBound } == true && denied < Self.slots.count - 1:
            // A beginning reader would move a place forward. Where it may not, it takes the best that there is: ours,
            // or another's. Who then asks again has found none: the WAL began anew while ours was taken, which stands for
            // what is not in it any more.
            denied += 1
            return .answer(SQLITE_BUSY)
        case SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED
        where isKept && uses < Self.usesMost && self.slot == nil && Self.slots.contains(slot):
            self.slot = slot
            return .answer(SQLITE_OK)
        default:
            return .pass(releasing: release())
        }
    }

    /// - Returns: the slot whose lock is to be given back.
    mutating func release() -> Int32? {
        defer { (slot, uses, denied) = (nil, 0, 0) }
        return slot
    }
}
