internal import Glibc
internal import Linux

/// Who keeps a mount busy, as far as /proc shows it to this user.
struct BusyProcess: CustomStringConvertible, Sendable {
    var pid: Int32
    var name: String
    /// How: its working directory, or the file that it has open.
    var use: String

    var description: String { "\(ShownText.line(name)) (process \(pid)): \(ShownText.line(use))" }

    /// Reads links of /proc only: the mount itself is not asked.
    static func find(in mountPoint: String) -> [BusyProcess] {
        namesIn("/proc").compactMap { Int32($0) }.sorted().compactMap { pid in
            guard pid != getpid(), let use = use(of: mountPoint, by: "/proc/\(pid)") else { return nil }
            let name = readWhole("/proc/\(pid)/comm").map { String(decoding: $0, as: UTF8.self) } ?? ""
            return BusyProcess(pid: pid, name: String(name.prefix { $0 != "\n" }), use: use)
        }
    }

    private static func use(of mountPoint: String, by process: String) -> String? {
        for (link, words) in [("cwd", "its working directory is "), ("root", "its root is "), ("exe", "it runs ")] {
            if let target = target(process + "/" + link), PathText.contains(mountPoint, target) {
                return words + target
            }
        }
        for descriptor in namesIn(process + "/fd") {
            if let target = target(process + "/fd/" + descriptor), PathText.contains(mountPoint, target) {
                return "it has open " + target
            }
        }
        return mapped(mountPoint, by: process).map { "it has mapped " + $0 }
    }

    private static func mapped(_ mountPoint: String, by process: String) -> String? {
        guard let maps = readWhole(process + "/maps") else { return nil }
        for line in maps.split(separator: UInt8(ascii: "\n")) {
            guard let slash = line.firstIndex(of: UInt8(ascii: "/")) else { continue }
            let path = String(decoding: line[slash...], as: UTF8.self)
            if PathText.contains(mountPoint, path) { return path }
        }
        return nil
    }

    private static func target(_ link: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(link, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
