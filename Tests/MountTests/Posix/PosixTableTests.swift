import PersistTestKit
import Testing

/// What POSIX says of each call, in blobs/: a row of `PosixTable` is a check of its own.
@Suite struct PosixTableTests {
    /// Rows and, of root only, rows that act as another user.
    struct Chapter: CustomTestStringConvertible, Sendable {
        let name: String
        let rows: [PosixRow]
        let ofRoot: [PosixRow]
        var testDescription: String { name }

        init(_ name: String, _ rows: [PosixRow], ofRoot: [PosixRow] = []) {
            self.name = name
            self.rows = rows
            self.ofRoot = ofRoot
        }
    }

    static let chapters = [
        Chapter("chmod", PosixTable.chmod, ofRoot: PosixTable.chmodByUsers),
        Chapter("chown", [], ofRoot: PosixTable.chown),
        Chapter("link", PosixTable.link),
        Chapter("mkdir", PosixTable.mkdir, ofRoot: PosixTable.mkdirByUsers),
        Chapter("mkfifo and mknod", PosixTable.mknod, ofRoot: PosixTable.mknodByRoot),
        Chapter("open", PosixTable.open, ofRoot: PosixTable.openByUsers),
        Chapter("rename", PosixTable.rename, ofRoot: PosixTable.renameByUsers),
        Chapter("rmdir", PosixTable.rmdir, ofRoot: PosixTable.rmdirByUsers),
        Chapter("symlink", PosixTable.symlink),
        Chapter("truncate", PosixTable.truncate, ofRoot: PosixTable.truncateByUsers),
        Chapter("unlink", PosixTable.unlink, ofRoot: PosixTable.unlinkByUsers),
        Chapter("utimensat", PosixTable.utimensat, ofRoot: PosixTable.utimensatByUsers),
        Chapter("permissions", [], ofRoot: PosixTable.permissions),
        Chapter("new files", PosixTable.newFiles),
        Chapter("times and descriptors", PosixTable.times),
        Chapter("readdir", PosixTable.readdir),
        Chapter("fallocate", PosixTable.fallocate, ofRoot: PosixTable.fallocateByUsers),
        Chapter("SEEK_DATA and SEEK_HOLE", PosixTable.seeking),
        Chapter("copy_file_range", PosixTable.copying),
        Chapter("known differences", PosixTable.knownDifferences),
    ]

    /// With allow_other the kernel checks permissions, and asks for attributes more often.
    @Test("R4 R11 POSIX in blobs/", arguments: chapters)
    func chapter(_ chapter: Chapter) async throws {
        try await MountFixture.with(options: isRoot ? ["allow_other"] : []) { fixture in
            try await PosixTable.run(chapter.rows + (isRoot ? chapter.ofRoot : []), on: fixture.mount)
        }
    }

    @Test("R4 R11 POSIX in blobs/, where the filesystem checks permissions itself")
    func ownChecks() async throws {
        try await MountFixture.with { fixture in
            try await PosixTable.run(Self.chapters.flatMap(\.rows).filter { $0.afterRemount == nil }, on: fixture.mount)
        }
    }

    @Test("R11 with ro every change is EROFS, and nothing else is")
    func readOnly() async throws {
        try await MountFixture.with { fixture in
            try await fixture.mount.succeed(PosixTable.readOnlyTree)
            let reader = try await fixture.another(options: ["ro"])
            try await PosixTable.run(PosixTable.readOnly, on: reader, fresh: false)
        }
    }
}
