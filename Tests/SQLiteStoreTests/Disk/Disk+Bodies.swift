import CSQLite
import Glibc
import Persist

@testable import SQLiteStore

/// Long content that lies beside the store, on the same disk.
extension Disk: BodyFileWatcher {
    func perform(_ call: BodyFileCall, _ body: () throws(StoreError) -> Void) throws(StoreError) {
        var failure: StoreError?
        func done(_ body: () throws(StoreError) -> Void) -> Int32 {
            do throws(StoreError) {
                try body()
                return SQLITE_OK
            } catch {
                failure = error
                return SQLITE_IOERR
            }
        }
        func name(_ number: Int64) -> String { "store.db-bodies/\(number)" }
        let code: Int32
        switch call {
        case .create(let number): code = open(name(number)) { done(body) }.0
        case .write(let number, let offset, let bytes):
            guard let file = self.number(of: name(number)) else { return try body() }
            code = write(file, at: Int(offset), bytes) { _ in done(body) }
        case .punch(let number, let range):
            guard let file = self.number(of: name(number)) else { return try body() }
            let zeros = [UInt8](repeating: 0, count: range.count)
            code = perform(.truncate, [.write(file: file, offset: Int(range.lowerBound), bytes: zeros)]) { done(body) }
        case .sync(let number):
            guard let file = self.number(of: name(number)) else { return try body() }
            code = perform(.sync, [.sync(file: file)]) { done(body) }
        case .delete(let number): code = delete(name(number), syncsDirectory: false) { done(body) }
        case .syncNames: code = perform(.sync, [.syncBodies]) { done(body) }
        }
        if let failure { throw failure }
        if code == SQLITE_FULL { throw StoreError(.full, code: ENOSPC) }
        if code != SQLITE_OK { throw StoreError(.io, code: EIO) }
    }
}
