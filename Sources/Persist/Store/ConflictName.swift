/// The name of the local side of a conflict, below `.persist/conflicts` (R10): `PATH@HOST-TIME`, with `-2` and so on
/// behind it where that is taken.
///
/// Paths hold anything, `@` and times too: it is read from its end, where neither the host nor the time has an `@`.
/// Its last component may be longer than that of a file can be.
public struct ConflictName: Sendable, Hashable {
    /// Of the file.
    public let path: [UInt8]
    /// The machine that wrote it.
    public let host: [UInt8]
    /// In UTC: `20260131T093000Z`.
    public let stamp: [UInt8]
    /// From 1 on.
    public let number: Int

    /// - Parameter host: what cannot be in it becomes `_`.
    public init(path: [UInt8], host: [UInt8], stamp: [UInt8], number: Int = 1) {
        self.path = path
        self.host = host.map { [0, UInt8(ascii: "@"), UInt8(ascii: "/")].contains($0) ? UInt8(ascii: "_") : $0 }
        self.stamp = stamp
        self.number = number
    }

    /// nil: it is none.
    public init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var number = 1
        if let (before, after) = Self.cut(rest, at: UInt8(ascii: "-")), !after.isEmpty, after.allSatisfy(Self.isDigit),
            let found = Int(String(decoding: after, as: UTF8.self)), found > 1
        {
            (rest, number) = (before, found)
        }
        guard let (named, stamp) = Self.cut(rest, at: UInt8(ascii: "-")), Self.isStamp(stamp),
            let (path, host) = Self.cut(named, at: UInt8(ascii: "@")), !path.isEmpty,
            !host.contains(UInt8(ascii: "/"))
        else { return nil }
        self.init(path: Array(path), host: Array(host), stamp: Array(stamp), number: number)
    }

    public var bytes: [UInt8] {
        let stem = path + [UInt8(ascii: "@")] + host + [UInt8(ascii: "-")] + stamp
        return number == 1 ? stem : stem + Array("-\(number)".utf8)
    }

    private static func cut(_ bytes: ArraySlice<UInt8>, at byte: UInt8) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)? {
        bytes.lastIndex(of: byte).map { (bytes[..<$0], bytes[($0 + 1)...]) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isStamp(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count == 16
            && bytes.enumerated().allSatisfy { index, byte in
                switch index {
                case 8: byte == UInt8(ascii: "T")
                case 15: byte == UInt8(ascii: "Z")
                default: isDigit(byte)
                }
            }
    }
}
