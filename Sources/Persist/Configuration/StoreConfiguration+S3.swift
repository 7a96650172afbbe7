extension StoreConfiguration {
    /// A bucket of S3, as Persist's S3 adapter is configured:
    ///
    ///     { adapter: "s3", bucket: "mine", region: "eu-central-1",
    ///       credentials: { accessKeyId: "${KEY_ID}", secretAccessKey: "${SECRET}" } }
    ///
    /// Without credentials those of the environment or of AWS's shared files.
    public struct S3: Sendable, Equatable {
        public var bucket: String
        public var region: String?
        public var endpoint: String?
        public var prefix: String?
        public var isPathStyle: Bool?
        public var profile: String?
        /// Id and secret; the third is the token of temporary ones.
        public var accessKeyID: String?
        public var secretAccessKey: String?
        public var sessionToken: String?
        /// nil: as the mount says, or its defaults.
        public var cacheDirectory: String?
        public var refreshSeconds: Int?
        public var settleSeconds: Int?
        public var prices: RequestPrices?

        public init(bucket: String) { self.bucket = bucket }
    }

    static func readS3(_ options: inout ConfigurationOptions) throws(ConfigurationError) -> S3 {
        try options.takeSection("s3")
        let place = options.member("credentials")
        let credentials = try options.takeStringMap("credentials") ?? [:]
        let bucket = try options.takeString("bucket")
        var found = S3(bucket: bucket ?? "")
        found.region = try options.takeString("region")
        found.endpoint = try options.takeString("endpoint")
        found.prefix = try options.takeString("prefix")
        found.isPathStyle = try options.takeBool("forcePathStyle")
        found.profile = try options.takeString("profile")
        let token = try options.takeString("sessionToken")
        found.cacheDirectory = try options.takeString("cacheDir").map {
            ConfigurationPath.resolve($0, besides: options.file)
        }
        found.refreshSeconds = try options.takeInteger("refreshSeconds", in: 1...86_400, unit: "seconds")
        found.settleSeconds = try options.takeInteger("settleSeconds", in: 0...86_400, unit: "seconds")
        found.prices = try options.takePrices("prices")
        try options.finish(known: [
            "name", "adapter", "prices", "s3", "bucket", "region", "endpoint", "prefix", "forcePathStyle", "profile",
            "credentials", "sessionToken", "cacheDir", "refreshSeconds", "settleSeconds", "encrypt",
        ])
        guard let bucket, !bucket.isEmpty, !bucket.contains("/") else { throw options.error("no 'bucket'") }
        if let place {
            let known = ["accessKeyId", "secretAccessKey", "sessionToken"]
            if let odd = credentials.keys.sorted().first(where: { !known.contains($0) }) {
                throw options.error(
                    at: place.value, "'credentials' has accessKeyId, secretAccessKey and sessionToken, not '\(odd)'")
            }
            guard let id = credentials["accessKeyId"], let secret = credentials["secretAccessKey"] else {
                throw options.error(at: place.value, "'credentials' needs accessKeyId and secretAccessKey")
            }
            (found.accessKeyID, found.secretAccessKey) = (id, secret)
            found.sessionToken = credentials["sessionToken"] ?? token
        }
        return found
    }
}
