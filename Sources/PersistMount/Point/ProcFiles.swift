internal import Glibc

// What /proc and control files are read with: nothing there says how much there is.

/// A whole file whose size is not known before (/proc, control files); nil with errno.
func readWhole(_ path: String, bytesMax: Int = 64 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 << 10)
    while bytes.count < bytesMax {
        let count = read(descriptor, &part, part.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { return nil }
        guard count > 0 else { break }
        bytes += part[..<count]
    }
    return bytes
}

/// What lies in a directory, `.` and `..` too; nothing where it cannot be read.
func namesIn(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } }
        names.append(String(decoding: bytes, as: UTF8.self))
    }
    return names
}
