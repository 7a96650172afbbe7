import Glibc

/// Pages of the database, read before SQLite asks for them. A large value goes on over a chain of pages that follow
/// each other mostly, and SQLite reads one after another.
///
/// Within one read transaction only. The pages of the file that its snapshot needs do not change while it lasts: a
/// checkpoint copies nothing into the file that is younger than the oldest snapshot in use, and what was not in the file
/// yet when the snapshot began is read from the WAL (sqlite.org/walformat.html, section 2.3). Any other page that is
/// read here may change, and SQLite does not ask for it. The next transaction has another snapshot, so nothing stays.
struct ReadAhead: ~Copyable {
    /// Of one read: it stays in the processor's cache until SQLite has taken all of it.
    static let windowBytes = 64 << 10

    private var window: UnsafeMutableRawPointer?
    private var start: Int64 = 0
    private var count = 0
    private var isOn = false
    /// What is asked for, until its first page is.
    private var part: Part?
    /// What of it has not been asked for yet.
    private var wanted = 0
    /// What may still be read: pages that do not follow each other cost at most twice as much.
    private var budget = 0

    deinit { window?.deallocate() }

    /// This part of a value of so many bytes is asked for, until `end`.
    mutating func begin(_ valueBytes: Int, _ range: Range<Int>) {
        part = Part(valueBytes: valueBytes, range: range)
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
    /// - Parameter reading: reads so many bytes from there on, all or none.
    /// - Returns: false where the caller has to read by itself.
    mutating func read(
        _ page: UnsafeMutableRawPointer, _ pageBytes: Int, at offset: Int64,
        _ reading: (UnsafeMutableRawPointer, Int32) -> Bool
    ) -> Bool {
        guard isOn else { return false }
        if let part {
            wanted = part.pages(of: pageBytes) * pageBytes
            budget = 2 * wanted
            self.part = nil
        }
        defer { wanted -= pageBytes }
        if let window, offset >= start, offset + Int64(pageBytes) <= start + Int64(count) {
            memcpy(page, window + Int(offset - start), pageBytes)
            return true
        }
        let most = min(wanted, budget, Self.windowBytes) / pageBytes * pageBytes
        guard most > pageBytes else { return false }
        let window = window ?? .allocate(byteCount: Self.windowBytes, alignment: 4096)
        self.window = window
        budget -= most
        guard reading(window, Int32(most)) else {
            // Behind the end of the file, or an error: it belongs to the page that has it.
            count = 0
            return false
        }
        (start, count) = (offset, most)
        memcpy(page, window, pageBytes)
        return true
    }

    struct Part {
        let valueBytes: Int
        let range: Range<Int>

        /// On how many pages of the chain it lies, by sqlite.org/fileformat2.html, section 1.6. Exact where the row has
        /// no other value, else perhaps wrong by one.
        func pages(of pageBytes: Int) -> Int {
            let headerBytes = 5
            let payload = valueBytes + headerBytes
            let chained = pageBytes - 4
            let most = pageBytes - 35
            let least = (pageBytes - 12) * 32 / 255 - 23
            let fitting = least + (payload - least) % chained
            let inRow = payload <= most ? payload : fitting <= most ? fitting : least
            let last = range.upperBound + headerBytes - inRow - 1
            guard last >= 0 else { return 0 }
            return last / chained - max(0, range.lowerBound + headerBytes - inRow) / chained + 1
        }
    }
}
