import CSQLite
import Glibc
import Persist
import SQLiteStore

/// A directory of its own for one test's store, gone with the value.
final class StoreFile: Sendable {
    let directory: String
    var path: String { directory + "/store.db" }

    /// Where files cost least.
    static let memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"

    init(in base: String = "/tmp") throws {
        var template = Array("\(base)/sqlite-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StoreError(.io, hint: "no directory for the test") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        removeAll()
        rmdir(directory)
    }

    func removeAll() {
        for name in names where unlink(directory + "/" + name) != 0 {
            let inner = directory + "/" + name
            for file in Self.names(in: inner) { unlink(inner + "/" + file) }
            rmdir(inner)
        }
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        if let slash = name.firstIndex(of: "/") { mkdir(directory + "/" + name[..<slash], 0o700) }
        let descriptor = Glibc.open(directory + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError(.io, hint: "cannot make \(name)") }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            guard count > 0 else { throw StoreError(.io, hint: "cannot write \(name)") }
            written += count
        }
    }

    /// What lies in the directory.
    var names: [String] { Self.names(in: directory) }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { found.append(name) }
        }
        return found.sorted()
    }

    func open(_ change: (inout SQLiteStoreOptions) -> Void = { _ in }) throws -> SQLiteStore {
        var options = SQLiteStoreOptions()
        options.reserveBytes = 0
        change(&options)
        return try SQLiteStore.open(path: path, options: options)
    }
}

/// Another program on the file: plain SQLite, which knows nothing of persistfs.
final class Foreign: @unchecked Sendable {  // one thread at a time
    private var handle: OpaquePointer?

    init(_ path: String) throws {
        guard sqlite3_open(path, &handle) == SQLITE_OK else { throw StoreError(.io, hint: "cannot open \(path)") }
        sqlite3_busy_timeout(handle, 20_000)
        sqlite3_wal_autocheckpoint(handle, 0)
    }

    deinit { close() }

    func close() {
        sqlite3_close(handle)
        handle = nil
    }

    /// Runs one statement. - Returns: the first column of each row, as text.
    @discardableResult
    func run(_ sql: String, _ values: [UInt8]...) throws -> [String] {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { throw failure(sql) }
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() {
            let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            let text = value.map { CChar(bitPattern: $0) } + [0]
            if String(validating: value, as: UTF8.self) != nil {
                sqlite3_bind_text(statement, Int32(index + 1), text, Int32(value.count), copied)
            } else {
                sqlite3_bind_blob(statement, Int32(index + 1), value, Int32(value.count), copied)
            }
        }
        var found: [String] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: found.append(sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? "NULL")
            case SQLITE_DONE: return found
            default: throw failure(sql)
            }
        }
    }

    private func failure(_ sql: String) -> StoreError {
        StoreError(.io, hint: "\(sql): \(String(cString: sqlite3_errmsg(handle)))")
    }
}
