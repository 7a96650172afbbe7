import Foundation
import Persist
import PersistTestKit
import PersistVFS
import SQLiteStore

/// A directory, in memory where there is room for one, that goes away with its last user.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        let base = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm/" : NSTemporaryDirectory()
        path = base + "persist-vfs-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Filesystems over SQLite files, and two processes that write the same file: one in step, at known points; one at its
/// own pace, keys of its own. A crash goes on with a copy of the file and its log, as a kill leaves them.
final class SQLitePlace: FileOperationPlace {
    private let directory: ScratchDirectory
    private var inStep: OtherProgram?
    private var loading: OtherProgram?
    /// What the keys of the second program hold when it has done all that it was told; nil: it has removed them.
    private var loaded: [String: String?] = [:]

    /// Of a far side: long content lies beside the file.
    private let isCopy: Bool

    init(_ directory: ScratchDirectory, isCopy: Bool = false) {
        self.directory = directory
        self.isCopy = isCopy
    }

    func begin() throws -> TestBed { try open(newPath()) }

    func afterCrash(_ bed: TestBed) throws -> TestBed {
        guard let old = bed.fs.store as? SQLiteStore else { return bed }
        try end()
        let path = newPath()
        for suffix in ["", "-wal", "-bodies"] where FileManager.default.fileExists(atPath: old.path + suffix) {
            try FileManager.default.copyItem(atPath: old.path + suffix, toPath: path + suffix)
        }
        old.close()
        for suffix in ["", "-wal", "-shm", "-bodies"] { try? FileManager.default.removeItem(atPath: old.path + suffix) }
        return try open(path)
    }

    func reopened(_ bed: TestBed) throws -> TestBed {
        guard let old = bed.fs.store as? SQLiteStore else { return bed }
        // The others stay: the file is never without somebody who has it open.
        old.close()
        return TestBed(try store(old.path)) { $0.spillBytes = 100_000 }
    }

    func put(_ key: OtherProgram.Key, _ value: [UInt8], _ bed: TestBed) throws {
        inStep?.tell(
            """
            INSERT INTO \(key.table)(key, value) VALUES ('\(key.key)', \(OtherProgram.quote(value))) \
            ON CONFLICT(key) DO UPDATE SET value = excluded.value;
            """)
        try inStep?.wait()
        // What the second program is at holds the fold up: it writes between the points that are waited for.
        try loading?.wait()
        try inStep?.waitUntilFoldedIn(bed.fs.store)
    }

    func delete(_ key: OtherProgram.Key, _ bed: TestBed) throws {
        inStep?.tell("DELETE FROM \(key.table) WHERE key = '\(key.key)';")
        try inStep?.wait()
        // What the second program is at holds the fold up: it writes between the points that are waited for.
        try loading?.wait()
        try inStep?.waitUntilFoldedIn(bed.fs.store)
    }

    func load(_ number: Int) {
        for step in 0..<20 {
            let key = "other/k\((number + step) % 12)"
            let path = step % 2 == 0 ? "kv/\(key)" : "records/\(key).json"
            let table = step % 2 == 0 ? "kv" : "records"
            guard (number + step) % 5 > 0 else {
                loaded[path] = .some(nil)
                loading?.tell("DELETE FROM \(table) WHERE key = '\(key)';")
                continue
            }
            let value = "[\"\(number)\", \(step), \"\(String(repeating: "y", count: number % 3_000))\"]"
            loaded[path] = value
            loading?.tell("REPLACE INTO \(table)(key, value) VALUES ('\(key)', '\(value)');")
        }
    }

    func settle(_ bed: TestBed) throws {
        try loading?.wait()
        try inStep?.waitUntilFoldedIn(bed.fs.store)
        for (path, value) in loaded {
            var found: String?
            let error = kind { () throws(StoreError) in found = try bed.read(path) }
            guard value == nil ? error == .notFound : found == value else {
                throw OtherProgram.Failure(
                    description: "\(path), which only another program writes: \(found?.prefix(30) ?? "\(error!)"), "
                        + "not \(value?.prefix(30) ?? "nothing")")
            }
        }
    }

    func end() throws {
        try inStep?.end()
        try loading?.end()
        (inStep, loading) = (nil, nil)
    }

    func abandon() {
        inStep?.abandon()
        loading?.abandon()
    }

    private func newPath() -> String { directory.path + "/" + UUID().uuidString + ".db" }

    private func open(_ path: String) throws -> TestBed {
        let bed = TestBed(try store(path)) { $0.spillBytes = 100_000 }
        inStep = try OtherProgram(path)
        loading = try OtherProgram(path)
        return bed
    }

    private func store(_ path: String) throws(StoreError) -> SQLiteStore {
        var options = SQLiteStoreOptions()
        options.reserveBytes = 0
        if isCopy { options.outboxChanged = { _ in } }
        return try SQLiteStore.open(path: path, options: options)
    }
}
