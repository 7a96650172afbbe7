/// The bytes that address a value, `/`-separated, the namespace first: `records/users/alice`, `kv/theme`.
///
/// Bytes, never `String`: keys that differ only in Unicode normalisation are two keys.
public struct StoreKey: Hashable, Sendable, Comparable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public func hasPrefix(_ prefix: StoreKey) -> Bool { bytes.starts(with: prefix.bytes) }

    /// In the order of the bytes, as listings are.
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension StoreKey: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(Array(value.utf8)) }
}

extension StoreKey: CustomStringConvertible {
    /// For people only: bytes that are not UTF-8 are replaced.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
