import CFuse3
import Glibc
import Persist
import PersistVFS

/// The lines of one READDIR or READDIRPLUS, as many as its size holds.
///
/// Cookies are stateless: 1 and 2 for `.` and `..`, then those of the store, from 16.
struct DirectoryBuffer {
    static let selfCookie: UInt64 = 1
    static let parentCookie: UInt64 = 2

    private let room: UnsafeMutableRawBufferPointer
    /// Whether lines carry attributes, with which the kernel knows the file without a LOOKUP.
    private let isPlus: Bool
    private(set) var count = 0

    init(_ room: UnsafeMutableRawBufferPointer, isPlus: Bool) {
        self.room = room
        self.isPlus = isPlus
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room[..<count]) }

    /// Fills the buffer with what follows `cookie` in `directory`.
    mutating func fill(
        _ fileSystem: FileSystem, _ directory: NodeID, after cookie: UInt64
    ) throws(StoreError) {
        if cookie < Self.selfCookie {
            guard add(dots: 1, try fileSystem.getattr(directory), cookie: Self.selfCookie) else { return }
        }
        if cookie < Self.parentCookie {
            let parent = try fileSystem.parent(of: directory)
            guard add(dots: 2, try fileSystem.getattr(parent), cookie: Self.parentCookie) else { return }
        }
        var cookie = cookie <= Self.parentCookie ? 0 : cookie
        while true {
            let limit = linesThatMayFit
            let entries = limit > 0 ? try fileSystem.readdir(directory, after: cookie, limit: limit) : []
            for entry in entries {
                guard add(entry) else { return }
                cookie = entry.cookie
            }
            guard entries.count == limit, limit > 0 else { return }
        }
    }

    /// How many lines to ask for: of names of about 16 bytes, and at least one where one might fit.
    private var linesThatMayFit: Int {
        let shortest = isPlus ? 160 : 32
        let usual = shortest + 16
        let left = room.count - count
        return left < shortest ? 0 : max(1, left / usual)
    }

    private mutating func add(dots: Int, _ attributes: Attributes, cookie: UInt64) -> Bool {
        // No node id: with one, the kernel would count a lookup of a name that it never looks up.
        add(FileName(unchecked: Array(repeating: UInt8(ascii: "."), count: dots)), attributes, node: 0, cookie)
    }

    private mutating func add(_ entry: ListedEntry) -> Bool {
        add(entry.name, entry.attributes, node: entry.attributes.id.rawValue, entry.cookie)
    }

    /// - Returns: false where there is no room left.
    private mutating func add(
        _ name: FileName, _ attributes: Attributes, node: UInt64, _ cookie: UInt64
    ) -> Bool {
        let left = UnsafeMutableRawBufferPointer(rebasing: room[count...])
        let start = left.bindMemory(to: CChar.self).baseAddress
        let needed = withUnsafeTemporaryAllocation(of: CChar.self, capacity: FileName.bytesMax + 1) { text in
            for (index, byte) in name.bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
            text[name.bytes.count] = 0
            // libfuse does not use the request, and writes nothing where there is no room.
            if isPlus {
                var entry = attributes.entry
                entry.ino = node
                return fuse_add_direntry_plus(nil, start, left.count, text.baseAddress, &entry, off_t(cookie))
            }
            var stat = attributes.stat
            return fuse_add_direntry(nil, start, left.count, text.baseAddress, &stat, off_t(cookie))
        }
        guard needed <= left.count else { return false }
        count += needed
        return true
    }
}
