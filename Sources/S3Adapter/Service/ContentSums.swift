internal import Persist

/// What an answer of S3 says the sum of an object is.
enum ContentSums {
    enum Verdict: Equatable {
        /// By a sum that S3 states as one.
        case same
        /// The ETag is the MD5 sum.
        case sameETag
        /// By a sum that S3 states as one.
        case different
        /// By an ETag that looks like an MD5 sum. Some servers give others that look so.
        case differentETag
        /// It says nothing about the content.
        case unknown
    }

    /// - Parameter md5: of `content`; nil: there is none here.
    static func verdict(of response: HTTPResponse, on content: [UInt8], md5: [UInt8]?) -> Verdict {
        if let isSame = isStated(in: response, of: content) { return isSame ? .same : .different }
        guard let md5 else { return .unknown }
        let digits = Hashing.hex(md5)
        // Most answers: no more is to be found out of those.
        if response.headers["etag"] == "\"\(digits)\"" { return .sameETag }
        guard let etag = etag(of: response) else { return .unknown }
        return etag == digits ? .sameETag : .differentETag
    }

    /// Whether it is the checksum in the answer's headers; nil: that has none, or those of parts of an upload.
    private static func isStated(in response: HTTPResponse, of content: [UInt8]) -> Bool? {
        guard response.headers["x-amz-checksum-type"]?.uppercased() != "COMPOSITE" else { return nil }
        for (name, sum) in stated {
            // That of an upload in parts has a `-` and their number behind it.
            guard let stated = response.headers[name], !stated.contains("-") else { continue }
            return stated == Hashing.base64(sum(content))
        }
        return nil
    }

    private static let stated: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
        ("x-amz-checksum-crc64nvme", { CyclicSum.crc64nvme.bytes(of: $0) }),
        ("x-amz-checksum-crc32c", { CyclicSum.crc32c.bytes(of: $0) }),
        ("x-amz-checksum-crc32", { CyclicSum.crc32.bytes(of: $0) }),
        ("x-amz-checksum-sha256", { Hashing.sha256($0) }),
    ]

    /// 32 digits; nil where it is known not to be an MD5 sum: of an upload in parts, or encrypted with keys of KMS or
    /// the caller's own.
    private static func etag(of response: HTTPResponse) -> String? {
        guard ["", "AES256"].contains(response.headers["x-amz-server-side-encryption"] ?? ""),
            response.headers["x-amz-server-side-encryption-customer-algorithm"] == nil
        else { return nil }
        let text = String(decoding: Revision(etag: response.headers["etag"] ?? "").bytes, as: UTF8.self).lowercased()
        return text.utf8.count == 32 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) } ? text : nil
    }
}
