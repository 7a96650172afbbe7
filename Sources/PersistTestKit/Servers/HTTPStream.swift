internal import Glibc

/// One end of a connection: reads heads and bodies of HTTP/1.1, and writes bytes. Used by one thread.
final class HTTPStream {
    /// It has ended, or is no HTTP.
    struct Broken: Error {}

    let descriptor: Int32
    private var room = [UInt8](repeating: 0, count: 256 << 10)
    /// What has been read, and not been taken.
    private var ready = 0..<0

    private static let headBytesMax = 64 << 10

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        // Else small answers wait for the other side's acknowledgement.
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// nil: it has ended between two messages.
    func head() throws(Broken) -> HTTPHead? {
        var bytes: [UInt8] = []
        while true {
            if ready.isEmpty, try !fill() {
                guard bytes.isEmpty else { throw Broken() }
                return nil
            }
            let line = try self.line()
            bytes += line
            guard bytes.count <= Self.headBytesMax else { throw Broken() }
            guard line == [13, 10] else { continue }
            guard let head = HTTPHead(bytes) else { throw Broken() }
            return head
        }
    }

    /// Gives `take` a body in pieces, as they come; what stands between chunks (`isData` is false) too.
    func body(
        _ body: HTTPHead.Body, _ take: (ArraySlice<UInt8>, _ isData: Bool) throws(Broken) -> Void
    ) throws(Broken) {
        switch body {
        case .none: return
        case .bytes(let count): try bytes(count, take)
        case .untilEnd:
            while true {
                if ready.isEmpty, try !fill() { return }
                try take(takeReady(.max), true)
            }
        case .chunked:
            while true {
                let line = try self.line()
                try take(line[...], false)
                let digits = String(decoding: line.prefix { $0 != 13 && $0 != UInt8(ascii: ";") }, as: UTF8.self)
                guard let count = Int(digits, radix: 16) else { throw Broken() }
                if count == 0 { break }
                try bytes(count, take)
                try take(try self.line()[...], false)
            }
            // What follows the last chunk, up to an empty line.
            while true {
                let line = try self.line()
                try take(line[...], false)
                if line == [13, 10] { return }
            }
        }
    }

    func write(_ bytes: some Collection<UInt8>) throws(Broken) {
        let isWritten =
            bytes.withContiguousStorageIfAvailable { write(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes { write($0) }
        guard isWritten else { throw Broken() }
    }

    /// Nothing more comes from here; what has been written arrives.
    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The other side has closed it, or says something that nobody has asked for.
    var isSpent: Bool {
        var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !ready.isEmpty || poll(&place, 1, 0) != 0
    }

    /// The other side has closed it, and has said nothing before that has not been read.
    var hasEnded: Bool {
        var byte: UInt8 = 0
        return ready.isEmpty && recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
    }

    // MARK: Inside

    private func bytes(
        _ count: Int, _ take: (ArraySlice<UInt8>, _ isData: Bool) throws(Broken) -> Void
    ) throws(Broken) {
        var left = count
        while left > 0 {
            if ready.isEmpty, try !fill() { throw Broken() }
            let piece = takeReady(left)
            left -= piece.count
            try take(piece, true)
        }
    }

    /// With its end.
    private func line() throws(Broken) -> [UInt8] {
        var line: [UInt8] = []
        while line.count <= Self.headBytesMax {
            if ready.isEmpty, try !fill() { throw Broken() }
            if let end = room[ready].firstIndex(of: 10) {
                line += takeReady(end + 1 - ready.lowerBound)
                return line
            }
            line += takeReady(.max)
        }
        throw Broken()
    }

    private func takeReady(_ most: Int) -> ArraySlice<UInt8> {
        let taken = ready.prefix(most)
        ready = taken.upperBound..<ready.upperBound
        return room[taken]
    }

    /// - Precondition: nothing is ready. - Returns: false at the end.
    private func fill() throws(Broken) -> Bool {
        while true {
            let count = recv(descriptor, &room, room.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Broken() }
            ready = 0..<count
            return count > 0
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
