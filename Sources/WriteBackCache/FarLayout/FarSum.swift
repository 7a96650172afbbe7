public import Persist

/// What value a meta was written for: SHA-256 of its bytes, or of its canonical JSON where it is a document.
///
/// A host may read a document and write it anew (`JSON.parse` and `JSON.stringify` do): it has the same sum. So have two
/// documents that differ in integers for which one double stands; `FarMeta.current` tells them apart.
public struct FarSum: Hashable, Sendable {
    /// 32 bytes.
    public let digest: [UInt8]

    /// - Parameter isJSON: of a record, or of an event of a stream that takes only JSON. A value that is none all the
    ///   same (another program wrote it) has the sum of its bytes.
    public init(of value: [UInt8], isJSON: Bool) {
        self.init(of: isJSON ? CanonicalJSON.form(of: value) ?? value : value)
    }

    init(of bytes: [UInt8]) { digest = SHA256.digest(of: bytes) }

    /// - Returns: nil for what is no SHA-256 in hex digits of either case.
    init?(hex: String) {
        var digest: [UInt8] = []
        var digits = Array(hex.utf8)[...]
        while let high = digits.popFirst(), let low = digits.popFirst() {
            guard let high = Self.digit(high), let low = Self.digit(low) else { return nil }
            digest.append(high << 4 | low)
        }
        guard digest.count == 32, hex.utf8.count == 64 else { return nil }
        self.digest = digest
    }

    /// 64 lower-case digits.
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Whether values of this kind are compared as documents.
    public static func isJSON(_ path: ShownPath, as nameClass: NameClass) -> Bool {
        guard nameClass == .document, let last = path.names.last else { return false }
        switch path.namespace {
        case .records: return true
        case .events: return EventLines.requiresJSON(last)
        default: return false
        }
    }
}
