import Foundation
import Glibc

/// Standard output and standard error.
enum Standard {
    /// Nobody reads standard output any more.
    struct ReaderGone: Error {}

    /// A closed standard stream would give its number to the next file opened, a store among them.
    static func ensureOpen() {
        signal(SIGPIPE, SIG_IGN)
        // Ignored, as whoever starts this may have it, nobody could wait for a child.
        signal(SIGCHLD, SIG_DFL)
        while true {
            let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            if descriptor > 2 {
                close(descriptor)
                return
            }
            _ = fcntl(descriptor, F_SETFD, 0)
        }
    }

    static func print(_ text: String) throws {
        try write(Array((text.hasSuffix("\n") ? text : text + "\n").utf8))
    }

    static func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EPIPE { throw ReaderGone() }
            guard count > 0 else {
                throw OutputFailed(number: errno)
            }
            rest = rest.dropFirst(count)
        }
    }

    struct OutputFailed: Error, CustomStringConvertible {
        var number: Int32
        var description: String { "standard output: \(String(cString: strerror(number)))" }
    }

    /// `persistfs: …`, in one write: lines of several programs stay whole.
    static func error(_ text: String) {
        let bytes = Array(("persistfs: " + text + (text.hasSuffix("\n") ? "" : "\n")).utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }

    /// For a live line: as it is.
    static func error(raw text: String) {
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }

    /// One object, its keys sorted; on one line where it is one of many.
    static func print(json value: some Encodable, pretty: Bool = true) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        try write(Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
    }
}
