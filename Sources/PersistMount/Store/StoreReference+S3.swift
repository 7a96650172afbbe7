internal import Glibc
internal import S3Adapter

extension StoreReference {
    private static let form = "Write s3://BUCKET[/PREFIX][?region=REGION&endpoint=https://HOST&profile=NAME]."

    /// What follows `s3:`. No credentials: what is on a command line everybody can see.
    static func bucket(_ rest: String) throws(MountFailure) -> S3Options {
        func failure(_ words: String) -> MountFailure { MountFailure("s3:", words, hint: form, status: .usage) }
        guard rest.hasPrefix("//") else { throw failure("is no bucket") }
        let parts = rest.dropFirst(2).split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = path.first, !bucket.isEmpty else { throw failure("names no bucket") }
        guard !bucket.contains("@") else { throw failure("credentials do not belong into a URL") }
        var options = S3Options(bucket: String(bucket), region: defaultRegion)
        if path.count > 1 {
            guard let prefix = decoded(path[1]) else { throw failure("the prefix is no UTF-8 text") }
            options.prefix = trimmed(prefix)
        }
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, let value = decoded(sides[1]), !value.isEmpty else {
                throw failure("'\(sides[0])' has no value")
            }
            switch sides[0] {
            case "region": options.region = value
            case "endpoint": options.endpoint = value
            case "profile": options.profile = value
            case "path_style":
                guard value == "true" || value == "false" else { throw failure("path_style is true or false") }
                options.isPathStyle = value == "true"
            default: throw failure("'\(sides[0])' is no setting of a bucket")
            }
        }
        return options
    }

    /// As AWS's tools have it.
    static var defaultRegion: String {
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty { return value }
        }
        return "us-east-1"
    }

    /// Without slashes at the ends.
    static func trimmed(_ prefix: String) -> String {
        var rest = prefix[...]
        while rest.hasPrefix("/") { rest.removeFirst() }
        while rest.hasSuffix("/") { rest.removeLast() }
        return String(rest)
    }

    /// With each `%XX` replaced. nil: what comes out is no text.
    private static func decoded(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
