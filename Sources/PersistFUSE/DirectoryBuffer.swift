import CFuse3
import Glibc
import Persist
import PersistVFS

/// The lines of one READDIR or READDIRPLUS, as many as its size holds.
///
/// Cookies are stateless: 1 and 2 for `.` and `..`, then those of the store, from 16.
///
/// For each line with attributes the kernel makes an inode and a name of its own, 1.2 KiB together and half the time of
/// a listing. Who reads a small directory mostly asks for them next; a very large one would push everything else
/// out of memory. There lines have no node, and the kernel looks up the names that it is asked for.
struct DirectoryBuffer {
    static let selfCookie: UInt64 = 1
    static let parentCookie: UInt64 = 2
    /// Names of a directory whose lines have attributes.
    static let namesWithAttributesMost: UInt64 = 1 << 17

    private let room: UnsafeMutableRawBufferPointer
    /// Whether lines carry attributes, with which the kernel knows the file without a LOOKUP.
    private let isPlus: Bool
    private(set) var count = 0
    private var isVeryLarge = false

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
            if let last = entries.last, !FileSystem.isVolatile(directory) {
                isVeryLarge = Self.isVeryLarge(entries.count, within: last.cookie - cookie) ?? isVeryLarge
            }
            for entry in entries {
                guard add(entry) else { return }
                cookie = entry.cookie
            }
            guard entries.count == limit, limit > 0 else { return }
        }
    }

    /// Whether a directory is one that has so many names in a part of its cookies, which are hashes, and so lie as
    /// dense everywhere. nil: these are too few to say.
    static func isVeryLarge(_ names: Int, within cookies: UInt64) -> Bool? {
        names < 16 ? nil : cookies / UInt64(names) < (1 << 62) / namesWithAttributesMost
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
        add(entry.name, entry.attributes, node: isVeryLarge ? 0 : entry.attributes.id.rawValue, entry.cookie)
    }

    /// - Returns: false where there is no room left.
    private mutating func add(
        _ name: FileName, _ attributes: Attributes, node: UInt64, _ cookie: UInt64
    ) -> Bool {
        let left = UnsafeMutableRawBufferPointer(rebasing: room[count...])
        let start = left.bindMemory(to: CChar.self).baseAddress
        // Names of conflict copies are longer than those of files can be.
        let needed = withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.bytes.count + 1) { text in
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
