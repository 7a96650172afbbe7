import Glibc

/// /proc/self/mountinfo: which mounts there are. Reading it touches none of them.
enum MountTable {
    struct Entry: Sendable {
        var point: String
        /// The number under /sys/fs/fuse/connections.
        var connection: UInt32
        var type: String
    }

    /// What is mounted at `point`: the mount on top, where there are several.
    static func entry(at point: String) -> Entry? { entries().last { $0.point == point } }

    /// What is mounted below `directory`, the latest first.
    static func points(below directory: String) -> [String] {
        entries().map(\.point).filter { $0.hasPrefix(directory + "/") }.reversed()
    }

    private static func entries() -> [Entry] {
        guard let bytes = readFile("/proc/self/mountinfo") else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap(parse)
    }

    /// `36 35 0:45 / /tmp/m rw,nosuid - fuse.persistfs store rw,user_id=0`
    private static func parse(_ line: Substring) -> Entry? {
        let fields = line.split(separator: " ")
        guard fields.count > 6, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { return nil }
        let device = fields[2].split(separator: ":")
        guard device.count == 2, let minor = UInt32(device[1]) else { return nil }
        return Entry(point: String(fields[4]), connection: minor, type: String(fields[dash + 1]))
    }
}

/// The bytes of a file that is on no mount under test; nil where it cannot be read.
func readFile(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0 { return nil }
        if count == 0 { return all }
        all += buffer[..<count]
    }
}

/// Writes a file that is on no mount under test.
func writeFile(_ path: String, _ bytes: [UInt8]) throws(HarnessError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw HarnessError(failed: path) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw HarnessError(failed: path) }
        rest = rest.dropFirst(count)
    }
}
