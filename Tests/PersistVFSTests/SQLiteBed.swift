import Foundation
import Persist
import PersistTestKit
import PersistVFS
import SQLiteStore

/// A directory under /tmp that goes away with its last user.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "persist-vfs-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Filesystems over SQLite files; a crash goes on with a copy of the file and its log, as a kill leaves them.
struct SQLiteBed {
    let directory: ScratchDirectory

    init(_ directory: ScratchDirectory) { self.directory = directory }

    func run() throws -> FileOperationRun {
        let store = try open(directory.path + "/" + UUID().uuidString + ".db")
        return FileOperationRun(TestBed(store) { $0.spillBytes = 100_000 }) { [self] bed in
            guard let old = bed.fs.store as? SQLiteStore else { return bed }
            let path = directory.path + "/" + UUID().uuidString + ".db"
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: old.path + suffix) {
                try FileManager.default.copyItem(atPath: old.path + suffix, toPath: path + suffix)
            }
            old.close()
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: old.path + suffix) }
            return TestBed(try open(path)) { $0.spillBytes = 100_000 }
        }
    }

    private func open(_ path: String) throws(StoreError) -> SQLiteStore {
        var options = SQLiteStoreOptions()
        options.reserveBytes = 0
        return try SQLiteStore.open(path: path, options: options)
    }
}
