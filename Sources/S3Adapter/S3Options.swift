public import Persist

/// Which bucket, where, and with what credentials.
public struct S3Options: Sendable, Equatable {
    public var bucket: String
    public var region: String
    /// `https://host[:port]`, or `http://` for a server on the same machine or network; nil: AWS's.
    public var endpoint: String?
    /// `host/bucket/key` instead of `bucket.host/key`; nil: so with an endpoint, and for names with a dot.
    public var isPathStyle: Bool?
    /// What all keys begin with, without the `/` behind it; empty: nothing.
    public var prefix = ""
    /// nil: those of the environment, or of `profile` in the shared files.
    public var credentials: Credentials?
    /// nil: `AWS_PROFILE`, else `default`.
    public var profile: String?
    /// For `S3Requests.cost`.
    public var prices = RequestPrices()
    /// Requests at once.
    public var connectionsMax = 32
    /// A request on whose way nothing has moved for so long has failed.
    public var stallSeconds = 30
    /// The longest value that is sent or fetched as a whole: all of it is in memory then.
    public var valueBytesMax: UInt64 = 64 << 20
    /// Values from this size on are sent in parts (multipart upload).
    public var partedBytesMin: UInt64 = 16 << 20
    /// Bytes of a part, at least 5 MiB; more for objects that would have more than 10,000 parts.
    public var partBytes: UInt64 = 8 << 20
    /// A file with certificates of authorities (PEM); nil: those of the system.
    public var authorities: String?

    public init(bucket: String, region: String) {
        self.bucket = bucket
        self.region = region
    }

    /// - Throws: `.invalid` with words.
    func resolvedEndpoint() throws(StoreError) -> S3Endpoint {
        guard !bucket.isEmpty, !bucket.contains("/") else {
            throw StoreError(.invalid, hint: "'\(bucket)' is no name of a bucket")
        }
        guard let endpoint else {
            var found = S3Endpoint(bucket: bucket, region: region)
            if let isPathStyle { found.isPathStyle = isPathStyle }
            return found
        }
        let problem = StoreError(
            .invalid, hint: "an endpoint is https://HOST or http://HOST, with a port where needed, and no path")
        guard let slashes = endpoint.firstRange(of: "://") else { throw problem }
        let scheme = endpoint[..<slashes.lowerBound].lowercased()
        var host = endpoint[slashes.upperBound...]
        if host.hasSuffix("/") { host.removeLast() }
        guard scheme == "https" || scheme == "http", !host.isEmpty,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#@\\".utf8.contains($0) })
        else { throw problem }
        return S3Endpoint(scheme: scheme, host: String(host), bucket: bucket, isPathStyle: isPathStyle ?? true)
    }
}
