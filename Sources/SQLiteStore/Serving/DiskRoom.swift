internal import CLinux
import Glibc
internal import Persist
import Synchronization

/// Who has which bytes of a disk that is nearly full, so that it can always be emptied (R13).
///
/// A commit goes to the WAL; what it adds to the file gets its place there only at a checkpoint. Where the disk is full
/// by then everything stops: without a checkpoint the WAL can only grow, which it cannot, so nothing can be removed
/// either, and pages that are free in the file are of no use. Hence one rule: **a checkpoint needs no room**. Where
/// little is free, a transaction that makes the file longer takes the blocks for that before it commits, and is refused
/// where there are none; and the WAL has blocks for all that it holds between two checkpoints. So a transaction that
/// finds the WAL at its end needs a checkpoint, which works, and the WAL begins anew: to remove takes nothing of the disk,
/// and what has been removed can be written again in its pages.
///
/// The reserve is for what this does not cover: a reader that pins the WAL, other programs that write the file by
/// themselves, file systems that promise no blocks. Once it is spent it comes first: nothing makes the file longer until
/// it is as large again as it was.
///
/// Any thread.
final class DiskRoom: Sendable {
    let reserve: Reserve
    private let path: String
    private let walBytesMax: Int
    private let blocks: Mutex<(file: FileBlocks, wal: FileBlocks)>
    private let isShortNow = Atomic(true)
    /// So many times the WAL's bound is room enough: it takes seconds to fill it.
    private static let enough: UInt64 = 64
    /// The file takes so much more than it needs, so that not every transaction has to ask.
    private static let step: Int64 = 1 << 20
    private static let margin: Int64 = 256 << 10

    struct FileSize {
        var pages: Int64
        var freePages: Int64
        var pageBytes: Int64
        var bytes: Int64 { pages * pageBytes }
    }

    /// With the store's file and its WAL open.
    init(path: String, reserve: Reserve, walBytesMax: Int) {
        self.path = path
        self.reserve = reserve
        self.walBytesMax = walBytesMax
        blocks = Mutex((FileBlocks(path), FileBlocks(path + "-wal")))
        look(free: Self.freeBytes(path))
    }

    /// Whether the disk may become full before anybody looks again.
    var isShort: Bool { isShortNow.load(ordering: .relaxed) }

    /// - Parameter free: what the disk has free, as of now.
    func look(free: UInt64) {
        let isShort = free / Self.enough < UInt64(walBytesMax)
        guard isShortNow.exchange(isShort, ordering: .relaxed) != isShort, !isShort else { return }
        // From now on the file may get pages that it has no blocks for.
        blocks.withLock { $0.file.forget() }
    }

    /// The WAL is brought into the file when it has so much.
    var walBytesDue: Int { isShort ? walBytesMax / 2 : walBytesMax }
    /// Before the WAL is longer, a writer waits for a checkpoint; where the disk is short it is not left longer either.
    var walBytesMost: Int { isShort ? walBytesMax / 4 * 3 : walBytesMax * 2 }

    /// Before a transaction commits: blocks for all pages that the file has then.
    ///
    /// What is written into the pages of what was removed may need a few more: pages that others had a part of did not
    /// become free. For that some are left over by all that only makes the file longer.
    ///
    /// - Parameters:
    ///   - before: nil where others have written since.
    ///   - isFreeing: it makes room; whatever else makes the file longer waits until the reserve is whole.
    /// - Throws: `.full`, `.quotaExceeded`.
    func claim(_ size: FileSize, before: FileSize?, isFreeing: Bool) throws(StoreError) {
        guard isShort else { return }
        let growth = before.map { size.pages - $0.pages } ?? 0
        let isInFreePages = before.map { $0.freePages > 0 && growth <= $0.freePages / 4 + 4 } ?? true
        let bytes = size.bytes + (isFreeing || growth <= 0 || isInFreePages ? 0 : Self.margin)
        try blocks.withLock { blocks throws(StoreError) in
            guard !blocks.file.hasTaken(bytes) else { return }
            guard isFreeing || reserve.isWholeAgain() else { throw Self.full(ENOSPC) }
            if blocks.file.take(bytes + Self.step) == 0 { return }
            let code = blocks.file.take(bytes)
            if code != 0 { throw Self.full(code) }
        }
    }

    /// Fills the reserve, and then gives the WAL its blocks, each up to half of what is free.
    /// - Returns: whether the reserve is whole.
    @discardableResult
    func keep() -> Bool {
        let isWhole = reserve.fill()
        guard isShort, reserve.isKept, reserve.isWholeAgain() else { return isWhole }
        blocks.withLock { blocks in
            let has = blocks.wal.count
            let most = Int64(clamping: (UInt64(has) + Self.freeBytes(path)) / 2)
            let size = min(Int64(walBytesMost), most)
            // Not a little more each second.
            if size >= has + Self.step { _ = blocks.wal.take(size) }
        }
        return isWhole
    }

    private static func full(_ code: Int32) -> StoreError { .noRoom(isQuota: code == EDQUOT) }

    private static func freeBytes(_ path: String) -> UInt64 {
        var disk = statvfs()
        return statvfs(path, &disk) == 0 ? UInt64(disk.f_bavail) * UInt64(disk.f_frsize) : 0
    }
}

/// The blocks that a file of SQLite's has on the disk, also past its end: nobody who reads it can tell.
private struct FileBlocks {
    private let file: FileIdentity?
    private var descriptor: Int32 = -1
    /// Up to here it has all of them,
    private var end: Int64 = 0
    /// as long as it has so many.
    private var known: Int64 = 0

    init(_ path: String) { file = FileIdentity(path) }

    mutating func forget() { end = 0 }

    /// Bytes that its blocks take.
    var count: Int64 {
        mutating get { look().map { Int64($0.st_blocks) * 512 } ?? 0 }
    }

    /// Whether it has blocks up to `bytes` for certain.
    mutating func hasTaken(_ bytes: Int64) -> Bool {
        guard let found = look() else { return true }
        // A checkpoint ends with the file cut to its pages, which are all there then.
        if Int64(found.st_blocks) < known { end = min(end, Int64(found.st_size)) }
        known = Int64(found.st_blocks)
        return bytes <= end
    }

    /// - Returns: 0, ENOSPC or EDQUOT. 0 also where blocks cannot be promised: it shows when they are written.
    mutating func take(_ bytes: Int64) -> Int32 {
        guard look() != nil else { return 0 }
        let code = clinux_take_blocks(descriptor, end, bytes - end)
        if code == ENOSPC || code == EDQUOT { return code }
        end = bytes
        known = Int64(look()?.st_blocks ?? 0)
        return 0
    }

    private mutating func look() -> stat? {
        guard let file else { return nil }
        descriptor = file.descriptor(descriptor)
        var found = stat()
        // SQLite may have closed it since: blocks beyond the end of another file would do that no harm.
        return descriptor >= 0 && fstat(descriptor, &found) == 0 ? found : nil
    }
}
