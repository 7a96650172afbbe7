import Glibc

/// What lies in a directory, `.` and `..` too; nothing where it cannot be read.
public func namesIn(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } }
        names.append(String(decoding: bytes, as: UTF8.self))
    }
    return names
}
