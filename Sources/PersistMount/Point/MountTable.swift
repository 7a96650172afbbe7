internal import Glibc
internal import Linux

/// The mounts that this process sees, from /proc/self/mountinfo: asks no filesystem, so a hung one cannot stop it.
public struct MountTable: Sendable {
    public struct Entry: Sendable, Equatable {
        /// Where it is mounted, absolute, symlinks resolved by the kernel.
        public var mountPoint: String
        /// `fuse.persistfs`
        public var type: String
        /// df's first column; fsname.
        public var source: String
        public var isReadOnly: Bool
        /// The minor number of its device: of FUSE, the number of its connection.
        public var connection: UInt32 = 0

        public var isPersistfs: Bool { type == "fuse.persistfs" }
        /// Of any FUSE filesystem.
        public var isFUSE: Bool { type == "fuse" || type.hasPrefix("fuse.") || type == "fuseblk" }
    }

    /// In the order of mounting: the last of one place is the one that shows.
    public let entries: [Entry]

    public init(_ text: [UInt8]) {
        entries = text.split(separator: UInt8(ascii: "\n")).compactMap { Self.parse($0) }
    }

    public static func current() throws(MountFailure) -> MountTable {
        guard let text = readWhole("/proc/self/mountinfo") else {
            throw MountFailure("/proc/self/mountinfo", errorText(errno), status: .failed)
        }
        return MountTable(text)
    }

    /// What shows at exactly this place.
    public func top(at path: String) -> Entry? { entries.last { $0.mountPoint == path } }

    /// The filesystem that `path` (resolved) lies on.
    public func holding(_ path: String) -> Entry? {
        var best: Entry?
        for entry in entries where PathText.contains(entry.mountPoint, path) {
            if entry.mountPoint.utf8.count >= best?.mountPoint.utf8.count ?? 0 { best = entry }
        }
        return best
    }

    public var persistfs: [Entry] { entries.filter(\.isPersistfs) }

    /// `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue` (proc(5))
    private static func parse(_ line: ArraySlice<UInt8>) -> Entry? {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count >= 6, let dash = fields.dropFirst(6).firstIndex(where: { $0.elementsEqual("-".utf8) }),
            fields.count > dash + 2
        else { return nil }
        return Entry(
            mountPoint: unescaped(fields[4]), type: unescaped(fields[dash + 1]), source: unescaped(fields[dash + 2]),
            isReadOnly: fields[5].split(separator: UInt8(ascii: ",")).contains { $0.elementsEqual("ro".utf8) },
            connection: fields[2].lastIndex(of: UInt8(ascii: ":")).flatMap {
                UInt32(String(decoding: fields[2][($0 + 1)...], as: UTF8.self))
            } ?? 0)
    }

    /// Space, tab, newline and backslash are `\040` and so on.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            let digits = field[index...].dropFirst().prefix(3)
            if field[index] == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                index += 4
            } else {
                bytes.append(field[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
