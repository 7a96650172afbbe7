internal import CCrypto

/// The sums that signatures are made of, and that contents are checked by, from libcrypto.
enum Hashing {
    private static let sumBytes = 32

    /// Why there are none; nil: there are. Asked once, before the first: the others take it for granted.
    static var problem: String? { ccrypto_load().map { String(cString: $0) } }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: sumBytes)
        let isDone = ccrypto_sha256(bytes, bytes.count, &result)
        precondition(isDone, "libcrypto has no SHA-256")
        return result
    }

    /// nil: there is none here (FIPS).
    static func md5(_ bytes: [UInt8]) -> [UInt8]? {
        var result = [UInt8](repeating: 0, count: 16)
        return ccrypto_md5(bytes, bytes.count, &result) ? result : nil
    }

    /// HMAC with SHA-256 (RFC 2104).
    static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: sumBytes)
        let isDone = ccrypto_hmac(key, key.count, message, message.count, &result)
        precondition(isDone, "libcrypto has no HMAC")
        return result
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
    private static let base64Digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func hex(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: 2 * bytes.count)
        for (index, byte) in bytes.enumerated() {
            text[2 * index] = hexDigits[Int(byte >> 4)]
            text[2 * index + 1] = hexDigits[Int(byte & 15)]
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func base64(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for place in 0..<4 {
                text.append(place <= part.count ? base64Digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
