import Glibc

/// Pages of the database, read before SQLite asks for them. A large value goes on over a chain of pages that follow
/// each other mostly, and SQLite reads one after another.
///
/// Within one read transaction only. The pages of the file that its snapshot needs do not change while it lasts: a
/// checkpoint copies nothing into the file that is younger than the oldest snapshot in use, and what was not in the file
/// yet when the snapshot began is read from the WAL (sqlite.org/walformat.html, section 2.3). Any other page that is
/// read here may change, and SQLite does not ask for it. The next transaction has another snapshot, so nothing stays.
///
/// Where the file has shrunk they lie backwards: incremental_vacuum moves pages from its end to free places one by one,
/// the last one first. The kernel reads nothing ahead there, so more is read at once, for values that follow too.
struct ReadAhead: ~Copyable {
    /// Of one read: it stays in the processor's cache until SQLite has taken all of it.
    static let windowBytes = 64 << 10
    /// The same, backwards.
    static let backwardBytes = 256 << 10

    private var window: UnsafeMutableRawBufferPointer?
    private var start: Int64 = 0
    private var count = 0
    private var isOn = false
    /// What is asked for, until its first page is.
    private var part: Part?
    /// What of it has not been asked for yet, and what comes after it.
    private var wanted = 0
    private var more = 0
    /// What may still be read: pages that do not follow each other cost at most twice as much.
    private var budget = 0
    /// The page of this value that was asked for last.
    private var last: Int64?
    private var isBackward = false

    deinit { window?.deallocate() }

    /// This part of a value of so many bytes is asked for, and then so many bytes of others like it, until `end`.
    mutating func begin(_ valueBytes: Int, _ range: Range<Int>, more: Int) {
        part = Part(valueBytes: valueBytes, range: range)
        last = nil
        self.more = more
        isOn = true
    }

    mutating func end() {
        isOn = false
        drop()
    }

    /// What was read may be another snapshot's.
    mutating func drop() { count = 0 }

    /// One page.
    ///
    /// - Parameter reading: reads so many bytes from an offset on, all or none.
    /// - Returns: false where the caller has to read by itself.
    mutating func read(
        _ page: UnsafeMutableRawPointer, _ pageBytes: Int, at offset: Int64,
        _ reading: (UnsafeMutableRawPointer, Int32, Int64) -> Bool
    ) -> Bool {
        guard isOn else { return false }
        look(offset, pageBytes)
        defer { wanted -= pageBytes }
        if let window, offset >= start, offset + Int64(pageBytes) <= start + Int64(count) {
            memcpy(page, window.baseAddress! + Int(offset - start), pageBytes)
            return true
        }
        let most = most(offset, pageBytes) / pageBytes * pageBytes
        guard most > pageBytes else { return false }
        budget -= most
        let first = isBackward ? offset - Int64(most - pageBytes) : offset
        let window = room(most)
        guard reading(window, Int32(most), first) else {
            // Behind the end of the file, or an error: it belongs to the page that has it.
            count = 0
            return false
        }
        (start, count) = (first, most)
        memcpy(page, window + Int(offset - first), pageBytes)
        return true
    }

    /// Which way the pages lie.
    private mutating func look(_ offset: Int64, _ pageBytes: Int) {
        if let last { isBackward = offset == last - Int64(pageBytes) }
        last = offset
        guard let part else { return }
        self.part = nil
        wanted = part.pages(of: pageBytes, withAllBefore: isBackward) * pageBytes
        budget = 2 * wanted
    }

    private func most(_ offset: Int64, _ pageBytes: Int) -> Int {
        isBackward
            ? min(wanted + more, Self.backwardBytes, Int(offset) + pageBytes)
            : min(wanted, budget, Self.windowBytes)
    }

    private mutating func room(_ bytes: Int) -> UnsafeMutableRawPointer {
        if let window, window.count >= bytes { return window.baseAddress! }
        window?.deallocate()
        let made = UnsafeMutableRawBufferPointer.allocate(
            byteCount: bytes > Self.windowBytes ? Self.backwardBytes : Self.windowBytes, alignment: 4096)
        window = made
        return made.baseAddress!
    }

    struct Part {
        let valueBytes: Int
        let range: Range<Int>

        /// On how many pages of the chain it lies, by sqlite.org/fileformat2.html, section 1.6. Exact where the row has
        /// no other value, else perhaps wrong by one.
        ///
        /// - Parameter withAllBefore: SQLite finds the next page of a chain without reading this one only where it
        ///   follows.
        func pages(of pageBytes: Int, withAllBefore: Bool = false) -> Int {
            let headerBytes = 5
            let payload = valueBytes + headerBytes
            let chained = pageBytes - 4
            let most = pageBytes - 35
            let least = (pageBytes - 12) * 32 / 255 - 23
            let fitting = least + (payload - least) % chained
            let inRow = payload <= most ? payload : fitting <= most ? fitting : least
            let last = range.upperBound + headerBytes - inRow - 1
            guard last >= 0 else { return 0 }
            let first = withAllBefore ? 0 : max(0, range.lowerBound + headerBytes - inRow)
            return last / chained - first / chained + 1
        }
    }
}
