import Glibc

/// What a WAL's shared memory says, and who holds which of its locks: for a failure that SQLite's code does not explain
/// (sqlite.org/walformat.html, sections 2.1 and 2.3).
enum SharedMemory {
    private static let locks = ["write", "checkpoint", "recover", "read 0", "read 1", "read 2", "read 3", "read 4"]
    private static let firstLock = 120
    private static let marksOffset = 100

    /// - Parameter path: the database's.
    static func report(of path: String) -> String {
        // The locks come first: closing the file here gives back those of this process (fcntl_locking(2)).
        let held = heldLocks(of: path + "-shm")
        guard let file = fopen(path + "-shm", "r") else { return "no shared memory" }
        defer { fclose(file) }
        var words = [UInt32](repeating: 0, count: 34)
        let count = words.withUnsafeMutableBytes { fread($0.baseAddress, 1, $0.count, file) }
        let isWhole = words[..<12] == words[12..<24]
        let marks = words[(marksOffset / 4)..<(marksOffset / 4 + 5)].map { $0 == .max ? "-" : "\($0)" }
        return """
            shared memory of \(count) bytes, header \(isWhole ? "whole" : "torn"), initialised \(words[3] & 0xff), \
            \(words[4]) frames, \(words[24]) of them brought over, read marks \(marks.joined(separator: " ")); \
            locks: \(held.isEmpty ? "none" : held.joined(separator: ", "))
            """
    }

    private static func heldLocks(of path: String) -> [String] {
        var status = stat()
        guard stat(path, &status) == 0, let file = fopen("/proc/locks", "r") else { return [] }
        defer { fclose(file) }
        var found: [String] = []
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            // 1: POSIX  ADVISORY  WRITE 123 00:1a:42 120 120
            let fields = text.split(whereSeparator: \.isWhitespace)
            guard fields.count == 8, fields[5].hasSuffix(":\(status.st_ino)"),
                let first = Int(fields[6]), let last = Int(fields[7])
            else { continue }
            for byte in first...max(first, last) where locks.indices.contains(byte - firstLock) {
                found.append("\(locks[byte - firstLock]) \(fields[3].lowercased()) by \(fields[4])")
            }
        }
        return found
    }
}
