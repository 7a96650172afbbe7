internal import CCrypto

/// The sums of S3's protocol, by libcrypto: HMAC and SHA-256 for signatures, MD5 for what old servers check.
enum Hashing {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha256()) }

    /// For transfers only: a bucket compares it with what has arrived.
    static func md5(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_md5()) }

    /// HMAC with SHA-256 (RFC 2104).
    static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var count: UInt32 = 0
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        let isDone = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &result, &count) != nil
        precondition(isDone, "libcrypto has no SHA-256")
        return Array(result.prefix(Int(count)))
    }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func digest(_ bytes: [UInt8], _ kind: OpaquePointer?) -> [UInt8] {
        var count: UInt32 = 0
        var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        let isDone = EVP_Digest(bytes, bytes.count, &result, &count, kind, nil) == 1
        precondition(isDone, "libcrypto lacks a digest that S3 needs")
        return Array(result.prefix(Int(count)))
    }
}
