internal import Glibc

/// A whole file whose size is not known before (/proc, control files); nil with errno.
public func readWhole(_ path: String, bytesMax: Int = 64 << 20) -> [UInt8]? {
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
