import Glibc

/// The `persistfs` under test.
enum Binary {
    /// `PERSISTFS_BINARY`, else what was built beside the tests.
    static func find() throws(HarnessError) -> String {
        if let path = environment("PERSISTFS_BINARY") { return path }
        let places = [executableDirectory(), ".build/debug", ".build/release"].map { $0 + "/persistfs" }
        for place in places where access(place, X_OK) == 0 {
            guard let resolved = realpath(place, nil) else { continue }
            defer { free(resolved) }
            return String(cString: resolved)
        }
        throw HarnessError("no persistfs at \(places.joined(separator: ", ")); build it, or set PERSISTFS_BINARY")
    }

    private static func executableDirectory() -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return String(decoding: path[..<slash], as: UTF8.self)
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
