import Glibc

/// What the kernel says is mounted where (`/proc/self/mountinfo`, proc(5)).
enum MountTable {
    /// The device number of what is mounted on `directory` and not covered by another mount, as `major:minor`.
    ///
    /// Does not touch the mount itself, so a dead or busy one cannot block it.
    static func device(on directory: String) -> String? {
        guard let table = read("/proc/self/mountinfo") else { return nil }
        return device(on: Array(directory.utf8), in: table)
    }

    /// Later lines lie over earlier ones.
    static func device(on directory: [UInt8], in table: [UInt8]) -> String? {
        var found: String?
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count > 4, unescaped(fields[4]) == directory else { continue }
            found = String(decoding: fields[2], as: UTF8.self)
        }
        return found
    }

    /// Blanks, tabs, newlines and backslashes are written `\040` and so on.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                result.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 0x30) })
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func read(_ path: String) -> [UInt8]? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var result: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = piece.withUnsafeMutableBytes { Glibc.read(fd, $0.baseAddress, $0.count) }
            if count < 0, Glibc.errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? result : nil }
            result += piece[..<count]
        }
    }
}
