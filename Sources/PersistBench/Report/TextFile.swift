internal import Glibc

/// The whole text of a small file.
enum TextFile {
    static func read(_ path: String) throws(Failure) -> String {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw Failure(call: "open", on: path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count >= 0 else { throw Failure(call: "read", on: path) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
