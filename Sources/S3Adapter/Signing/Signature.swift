internal import Persist
internal import Synchronization

/// AWS Signature Version 4 of requests to S3, in the Authorization header.
///
/// Source: "Authenticating Requests: Using the Authorization Header" of the Amazon S3 API reference. S3 differs from
/// AWS's other services: the path is encoded once, and is not normalised.
struct Signature {
    var credentials: Credentials
    var region: String
    var service = "s3"

    /// The sum of an empty body.
    static let emptyBody = Hashing.hex(Hashing.sha256([]))

    /// The headers that a request needs beside its own.
    ///
    /// - Parameters:
    ///   - path: percent-encoded, as it is sent.
    ///   - query: names and values, not encoded; in any order.
    ///   - headers: names in lower case. `host` is one of them.
    ///   - bodySum: SHA-256 of the body in hex.
    func headers(
        for method: String, path: String, query: [(name: String, value: String)], headers own: [(String, String)],
        bodySum: String, at time: SigningTime
    ) -> [(String, String)] {
        var added = [("x-amz-content-sha256", bodySum), ("x-amz-date", time.text)]
        if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }
        let signed = (own + added).sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        let names = signed.map(\.0).joined(separator: ";")
        let canonical = [
            method, path, Self.canonicalQuery(query),
            signed.map { "\($0.0):\(Self.trimmed($0.1))\n" }.joined(), names, bodySum,
        ].joined(separator: "\n")
        let scope = "\(time.day)/\(region)/\(service)/aws4_request"
        let toSign = [
            "AWS4-HMAC-SHA256", time.text, scope, Hashing.hex(Hashing.sha256(Array(canonical.utf8))),
        ].joined(separator: "\n")
        let signature = Hashing.hex(Hashing.hmac(key(time.day), Array(toSign.utf8)))
        added.append(
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope),SignedHeaders=\(names),"
                    + "Signature=\(signature)"
            ))
        return added
    }

    /// As it is sent too: then nobody on the way can take it for another one.
    static func canonicalQuery(_ query: [(name: String, value: String)]) -> String {
        query.map { (URLText.encode($0.name.utf8), URLText.encode($0.value.utf8)) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// The key of a day, which signs all that is sent on it.
    private struct DayKey {
        let scope: [String]
        let key: [UInt8]
    }
    private static let lastKey = Mutex<DayKey?>(nil)

    private func key(_ day: String) -> [UInt8] {
        let scope = [credentials.secretAccessKey, day, region, service]
        if let last = Self.lastKey.withLock({ $0 }), last.scope == scope { return last.key }
        let key = newKey(day)
        Self.lastKey.withLock { $0 = DayKey(scope: scope, key: key) }
        return key
    }

    private func newKey(_ day: String) -> [UInt8] {
        var key = Array("AWS4\(credentials.secretAccessKey)".utf8)
        for part in [day, region, service, "aws4_request"] { key = Hashing.hmac(key, Array(part.utf8)) }
        return key
    }

    /// Without spaces at the ends, and with single ones inside.
    private static func trimmed(_ value: String) -> String {
        guard value.utf8.contains(UInt8(ascii: " ")) else { return value }
        return value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
}
