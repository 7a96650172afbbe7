/// One component of a path, as the user gave it: 1 to 255 bytes, without `/` and NUL, neither `.` nor `..`.
///
/// Bytes, never `String`: in Swift two spellings of é are one dictionary key.
public struct FileName: Hashable, Sendable, Comparable {
    /// The longest name in bytes (NAME_MAX of Linux).
    public static let bytesMax = 255

    public let bytes: [UInt8]

    /// - Throws: `.nameTooLong` past 255 bytes, `.invalid` where no name may look so.
    public init(_ bytes: [UInt8]) throws(StoreError) {
        guard bytes.count <= Self.bytesMax else { throw StoreError(.nameTooLong) }
        guard !bytes.isEmpty, !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")),
            bytes != [UInt8(ascii: ".")], bytes != [UInt8(ascii: "."), UInt8(ascii: ".")]
        else { throw StoreError(.invalid) }
        self.bytes = bytes
    }

    /// A name already known to be legal: read back from a table, or written in the source.
    public init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension FileName: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(unchecked: Array(value.utf8)) }
}

extension FileName: CustomStringConvertible {
    /// For people only: bytes that are not UTF-8 are replaced.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
