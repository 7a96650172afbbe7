internal import CCrypto

/// The sums that signatures are made of, by libcrypto.
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

    /// HMAC with SHA-256 (RFC 2104).
    static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: sumBytes)
        let isDone = ccrypto_hmac(key, key.count, message, message.count, &result)
        precondition(isDone, "libcrypto has no HMAC")
        return result
    }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
