import Persist
import PersistTestKit
import PersistVFS
import Testing

@testable import PersistFUSE

@Suite("Listings as the kernel reads them")
struct DirectoryBufferTests {
    private struct Silence: KernelNotifier, Log {
        func invalidate(_ node: NodeID, attributesOnly: Bool) {}
        func invalidate(_ name: FileName, in parent: NodeID) {}
        func expire(_ name: FileName, in parent: NodeID) {}
        func finishInvalidating(_ node: NodeID) {}
        func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool { true }
        func log(_ line: String) {}
    }

    /// One `fuse_dirent`, and the `fuse_entry_out` before it.
    private struct Line {
        var name: [UInt8]
        var inode: UInt64
        var cookie: UInt64
        /// Zero in a READDIR, and for `.` and `..`.
        var node: UInt64
    }

    private let fileSystem: FileSystem
    private let directory: NodeID
    private let names: Set<[UInt8]>

    init() throws {
        fileSystem = FileSystem(
            store: MemoryStore(), options: FileSystemOptions(uid: 0, gid: 0, umask: 0), kernel: Silence(),
            log: Silence(), clock: MemoryStore.systemClock)
        let caller = Caller(uid: 0, gid: 0)
        directory = try fileSystem.mkdir(Array("d".utf8), in: Namespace.blobs.node, mode: 0o755, caller).id
        var names: Set<[UInt8]> = []
        for number in 0..<120 {
            let name = Array("\(number)".utf8) + Array(repeating: UInt8(ascii: "x"), count: (number * 37) % 250)
            _ = try fileSystem.mkdir(name, in: directory, mode: 0o755, caller)
            names.insert(name)
        }
        self.names = names
    }

    private func lines(of bytes: [UInt8], isPlus: Bool) -> [Line] {
        bytes.withUnsafeBytes { bytes in
            var lines: [Line] = []
            var at = 0
            while at < bytes.count {
                let node = isPlus ? bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) : 0
                if isPlus { at += 128 }
                let length = Int(bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt32.self))
                lines.append(
                    Line(
                        name: Array(bytes[(at + 24)..<(at + 24 + length)]),
                        inode: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self),
                        cookie: bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self), node: node))
                at += (24 + length + 7) / 8 * 8
            }
            return lines
        }
    }

    /// All that the kernel gets with requests of this size.
    private func listing(size: Int, isPlus: Bool) throws -> [Line] {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size + 64, alignment: 8)
        defer { room.deallocate() }
        var all: [Line] = []
        while true {
            room.initializeMemory(as: UInt8.self, repeating: 0xEE)
            var buffer = DirectoryBuffer(UnsafeMutableRawBufferPointer(rebasing: room[..<size]), isPlus: isPlus)
            try buffer.fill(fileSystem, directory, after: all.last?.cookie ?? 0)
            #expect(buffer.count <= size)
            #expect(room[size...].allSatisfy { $0 == 0xEE })
            let lines = lines(of: Array(buffer.bytes), isPlus: isPlus)
            if lines.isEmpty { return all }
            all += lines
        }
    }

    @Test(
        "Every name comes exactly once, whatever the size of the requests, and none writes past its end",
        arguments: [512, 4096, 5000, 1 << 20], [false, true])
    func whole(size: Int, isPlus: Bool) throws {
        let all = try listing(size: size, isPlus: isPlus)
        #expect(all.count == names.count + 2)
        #expect(Set(all.dropFirst(2).map(\.name)) == names)
        #expect(all.prefix(2).map(\.name) == [Array(".".utf8), Array("..".utf8)])
        #expect(all.prefix(2).map(\.cookie) == [1, 2])
        #expect(all.prefix(2).map(\.inode) == [directory.rawValue, Namespace.blobs.node.rawValue])
        #expect(all.dropFirst(2).allSatisfy { $0.cookie >= 16 })
    }

    @Test("With attributes the kernel learns the node of each name, but of . and .., which it never looks up")
    func nodes() throws {
        let all = try listing(size: 4096, isPlus: true)
        #expect(all.prefix(2).allSatisfy { $0.node == 0 })
        #expect(all.dropFirst(2).allSatisfy { $0.node == $0.inode && $0.node >= NodeID.firstFree })
    }

    @Test("R14 a directory of very many names is known by how dense its cookies lie, and listed without attributes")
    func veryLarge() throws {
        let all: UInt64 = 1 << 62
        #expect(DirectoryBuffer.isVeryLarge(180, within: all / 1_000_000 * 180) == true)
        #expect(DirectoryBuffer.isVeryLarge(180, within: all / 100_000 * 180) == false)
        #expect(DirectoryBuffer.isVeryLarge(20, within: all) == false)
        // Two names may lie close together in any directory.
        #expect(DirectoryBuffer.isVeryLarge(2, within: 1) == nil)
    }
}
