internal import Persist

/// A value of kv/ as its table holds it (R6): TEXT where the bytes are UTF-8, else a BLOB; a number stays one.
enum KVValue: Bindable {
    case integer(Int64)
    case real(Double)
    case text([UInt8])
    case blob([UInt8])

    init(_ row: Row, _ column: Int32) {
        switch row.type(column) {
        case .integer: self = .integer(row.int(column))
        case .real: self = .real(row.double(column))
        case .text: self = .text([])
        case .blob: self = .blob([])
        }
    }

    /// - Parameter old: what is there. Others stored a number: bytes that spell one, but for a newline, stay a number.
    init(_ bytes: [UInt8], replacing old: KVValue?) {
        var digits = bytes
        if digits.last == UInt8(ascii: "\n") { digits.removeLast() }
        let spelling = digits.count <= 32 ? String(decoding: digits, as: UTF8.self) : ""
        switch old {
        case .integer, .real:
            if let number = Int64(spelling), String(number) == spelling {
                self = .integer(number)
                return
            }
            // Swift and SQLite agree on the shortest spelling of what 15 digits hold.
            if let number = Double(spelling), "\(number)" == spelling, !spelling.contains("e"), spelling.count <= 16 {
                self = .real(number)
                return
            }
        default: break
        }
        self = String(validating: bytes, as: UTF8.self) == nil ? .blob(bytes) : .text(bytes)
    }

    func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .integer(let number): number.bind(to: statement, at: index)
        case .real(let number): number.bind(to: statement, at: index)
        case .text(let bytes): Text(bytes).bind(to: statement, at: index)
        case .blob(let bytes): bytes.bind(to: statement, at: index)
        }
    }
}
