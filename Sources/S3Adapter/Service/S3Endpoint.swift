/// Where a bucket is, and how its URLs are made.
struct S3Endpoint: Sendable, Equatable {
    /// `https` or `http`.
    var scheme: String
    /// With the port, where it is not the scheme's own.
    var host: String
    var bucket: String
    /// `host/bucket/key`, as most servers other than AWS want it; else `bucket.host/key`.
    var isPathStyle: Bool

    /// AWS's own.
    init(bucket: String, region: String) {
        scheme = "https"
        // A dot in the name does not fit AWS's certificate.
        isPathStyle = bucket.contains(".")
        host = "s3.\(region).amazonaws.com"
        self.bucket = bucket
    }

    init(scheme: String, host: String, bucket: String, isPathStyle: Bool) {
        self.scheme = scheme
        self.host = host
        self.bucket = bucket
        self.isPathStyle = isPathStyle
    }

    /// What the Host header says.
    var authority: String { isPathStyle ? host : "\(bucket).\(host)" }

    /// Percent-encoded; of the bucket itself without a key.
    func path(of key: [UInt8]?) -> String {
        let object = key.map { URLText.encode($0, keepsSlashes: true) } ?? ""
        return isPathStyle ? "/\(URLText.encode(bucket.utf8))" + (key == nil ? "" : "/\(object)") : "/\(object)"
    }
}
