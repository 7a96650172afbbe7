internal import CSQLite
internal import Persist

/// What can stand for a `?` in a statement.
protocol Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// SQLite copies what is bound with it (SQLITE_TRANSIENT of sqlite3.h, a macro that Swift does not import).
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self) }
}

extension Double: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_double(statement, index, self) }
}

/// A BLOB.
extension [UInt8]: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        withUnsafeBytes {
            $0.count == 0
                ? sqlite3_bind_zeroblob(statement, index, 0)
                : sqlite3_bind_blob64(statement, index, $0.baseAddress, UInt64($0.count), copied)
        }
    }
}

/// A BLOB that is bound where it lies: the bytes stay there until the statement is over. For large ones.
struct InPlace: Bindable {
    let bytes: UnsafeRawBufferPointer

    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_blob64(statement, index, bytes.baseAddress, UInt64(bytes.count), nil)
    }
}

/// UTF-8 that is bound as TEXT.
struct Text: Bindable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ string: String) { bytes = Array(string.utf8) }

    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, copied) }
            return sqlite3_bind_text64(
                statement, index, base.assumingMemoryBound(to: CChar.self), UInt64(raw.count), copied,
                UInt8(SQLITE_UTF8))
        }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .some(let value): value.bind(to: statement, at: index)
        case .none: sqlite3_bind_null(statement, index)
        }
    }
}

extension NodeID: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, Int64(bitPattern: rawValue))
    }
}

extension Timestamp: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        sqlite3_bind_int64(statement, index, nanoseconds)
    }
}

extension FileName: Bindable {
    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { bytes.bind(to: statement, at: index) }
}
