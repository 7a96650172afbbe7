internal import CSQLite

/// Frames on their way to the WAL: those of a transaction go to the file in one write, where SQLite makes two of each.
///
/// A frame is a header of 24 bytes and a page (sqlite.org/walformat.html, section 1.2). The header of the last frame of
/// a transaction says so, by a size of the database that is not 0: with its page all of them are written, so that an
/// error is still one of the commit, and what is committed is in the file before the WAL-index says so. Only what
/// follows upon the last write is gathered: SQLite also goes back, to change a page or a header that it has written.
struct GatheredFrames: ~Copyable {
    static let headerBytes = 24
    /// The unix VFS takes no more in one write (os_unix.c masks the count).
    private static let bytesMost = 0x1ffff

    private var buffer: UnsafeMutableRawBufferPointer?
    private var count = 0
    /// Where the last write ended, gathered or not.
    private var end: Int64 = 0
    /// What is gathered last is a header, and its page is next.
    private var awaitsPage = false
    private var endsTransaction = false

    deinit { buffer?.deallocate() }

    var isEmpty: Bool { count == 0 }

    mutating func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int64, _ writing: (UnsafeRawBufferPointer, Int64) -> Int32
    ) -> Int32 {
        let isHeader = bytes.count == Self.headerBytes
        if offset == end, isHeader || awaitsPage, count + bytes.count <= Self.bytesMost {
            gather(bytes)
            if isHeader {
                awaitsPage = true
                endsTransaction = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self) != 0
                return SQLITE_OK
            }
            awaitsPage = false
            return endsTransaction ? flush(writing) : SQLITE_OK
        }
        let code = flush(writing)
        guard code == SQLITE_OK else { return code }
        // After a full buffer a header begins the next.
        if offset == end, isHeader { return write(bytes, at: offset, writing) }
        end = offset + Int64(bytes.count)
        return writing(bytes, offset)
    }

    private mutating func gather(_ bytes: UnsafeRawBufferPointer) {
        let buffer = buffer ?? .allocate(byteCount: Self.bytesMost, alignment: 4096)
        self.buffer = buffer
        UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: bytes)
        count += bytes.count
        end += Int64(bytes.count)
    }

    /// Whatever comes of it, they are not gathered any more: after an error SQLite writes them again.
    mutating func flush(_ writing: (UnsafeRawBufferPointer, Int64) -> Int32) -> Int32 {
        guard let buffer, count > 0 else { return SQLITE_OK }
        let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        count = 0
        awaitsPage = false
        return writing(part, end - Int64(part.count))
    }
}
