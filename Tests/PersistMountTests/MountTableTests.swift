import Foundation
import PersistMount
import Testing

@Suite("Mount points")
struct MountTableTests {
    private static let table = MountTable(
        Array(
            """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            40 22 0:50 / /mnt/my\\040app rw,nosuid,nodev shared:9 master:2 - fuse.persistfs /data/a\\134b.db rw,user_id=0
            41 22 0:51 / /mnt/ro ro,nosuid - fuse.persistfs x ro
            42 41 0:52 / /mnt/ro rw - tmpfs tmpfs rw
            43 22 0:53 / /mnt/other rw - fuse.sshfs h: rw
            short line
            """.utf8))

    @Test("mountinfo is read as proc(5) writes it")
    func parsing() throws {
        #expect(Self.table.entries.count == 5)
        let entry = try #require(Self.table.top(at: "/mnt/my app"))
        #expect(entry.isPersistfs && !entry.isReadOnly && entry.source == #"/data/a\b.db"#)
        #expect(Self.table.persistfs.count == 2)
        #expect(Self.table.top(at: "/mnt/ro")?.type == "tmpfs", "the last one shows")
        #expect(Self.table.top(at: "/mnt/other")?.isFUSE == true)
        #expect(Self.table.top(at: "/mnt/other")?.isPersistfs == false)
    }

    @Test("a path lies on the mount whose point is its longest beginning")
    func holding() {
        #expect(Self.table.holding("/mnt/my app/records/a.json")?.isPersistfs == true)
        #expect(Self.table.holding("/mnt/my application")?.type == "ext4")
        #expect(Self.table.holding("/mnt/ro/x")?.type == "tmpfs")
    }

    @Test("a mount point that cannot be used is refused before the store is made")
    func refusals() throws {
        let place = NSTemporaryDirectory() + "pfs-points-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: place + "/data", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: place) }
        try Data().write(to: URL(fileURLWithPath: place + "/file"))
        let store = place + "/data/s.db"
        func refusal(_ point: String, allowsEntries: Bool = false) throws -> MountFailure {
            try #require(throws: MountFailure.self) {
                _ = try MountPoint.prepare(point, for: store, allowsEntries: allowsEntries)
            }
        }
        #expect(try refusal(place + "/none").hint?.contains("mkdir") == true)
        #expect(try refusal(place + "/file").why.contains("no directory"))
        #expect(try refusal(place).why.contains("inside this directory"))
        #expect(try refusal(place, allowsEntries: true).why.contains("inside this directory"))
        try FileManager.default.createSymbolicLink(atPath: place + "/link", withDestinationPath: "data")
        #expect(try refusal(place + "/link").why.contains("inside this directory"), "by whatever way")
        try FileManager.default.createDirectory(atPath: place + "/full/x", withIntermediateDirectories: true)
        let full = try refusal(place + "/full")
        #expect(full.why.contains("not empty") && full.hint?.contains("nonempty") == true)
        #expect(full.status == .mountPoint)
        #expect(try MountPoint.prepare(place + "/full", for: store, allowsEntries: true).path.hasSuffix("/full"))
        #expect(!FileManager.default.fileExists(atPath: store))
    }
}
