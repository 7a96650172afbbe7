internal import Glibc

/// Cuts a stream of bytes into lines.
struct LineSplitter {
    /// What becomes of a line that is too long.
    enum Overlong {
        /// `append` says so, and the stream is of no use any more.
        case refused
        /// Its first bytes are given, the rest is thrown away.
        case cut
    }

    private let bytesMax: Int
    private let overlong: Overlong
    private var pending: [UInt8] = []
    /// The rest of the line is thrown away.
    private var isSkipping = false

    init(bytesMax: Int, _ overlong: Overlong) {
        self.bytesMax = bytesMax
        self.overlong = overlong
    }

    /// Gives each line that ends in `bytes`, without its newline, to `take`, until that says no.
    ///
    /// - Returns: false where a line is too long.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ take: ([UInt8]) -> Bool) -> Bool {
        var rest = bytes
        while let start = rest.baseAddress, rest.count > 0 {
            guard let end = memchr(start, 0x0A, rest.count) else { return collect(rest, take) }
            let count = UnsafeRawPointer(end) - start
            guard collect(UnsafeRawBufferPointer(rebasing: rest[..<count]), take) else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[(count + 1)...])
            let line = pending
            let isRest = isSkipping
            pending = []
            isSkipping = false
            if !isRest && !take(line) { return true }
        }
        return true
    }

    /// What came after the last newline.
    mutating func takeRest() -> [UInt8] {
        defer { pending = [] }
        return pending
    }

    private mutating func collect(_ bytes: UnsafeRawBufferPointer, _ take: ([UInt8]) -> Bool) -> Bool {
        guard !isSkipping else { return true }
        let room = bytesMax - pending.count
        guard bytes.count > room else {
            pending.append(contentsOf: bytes)
            return true
        }
        guard overlong == .cut else { return false }
        pending.append(contentsOf: bytes.prefix(room))
        isSkipping = true
        let line = pending
        pending = []
        return take(line)
    }
}
