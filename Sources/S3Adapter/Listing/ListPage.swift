internal import Persist

/// One page of a listing (ListObjectsV2).
struct ListPage {
    struct Object: Equatable {
        let name: [UInt8]
        let size: UInt64
        let revision: Revision
        let modified: Timestamp?

        /// Times are in seconds: what was put in this one or the last may be put again with the same.
        func isRecent(at now: Int64?) -> Bool {
            guard let modified, let now else { return false }
            return modified.seconds + 2 > now
        }
    }

    /// No server has room for as much, and many of that size have a sum.
    private static let bytesMax: UInt64 = 1 << 50

    var objects: [Object] = []
    /// What asks for the next one; nil: this is the last.
    var next: String?

    /// - Throws: `.io` where it is no listing.
    init(_ bytes: [UInt8]) throws(StoreError) {
        let root = try XMLReader.read(bytes)
        guard root.name == "ListBucketResult" else {
            throw StoreError(.io, hint: "S3 answered with <\(root.name)> for a listing")
        }
        let isEncoded = root["EncodingType"]?.string == "url"
        for element in root.all("Contents") {
            guard let name = element["Key"]?.text, let size = element["Size"].flatMap({ UInt64($0.string) }),
                size <= Self.bytesMax
            else {
                throw StoreError(.io, hint: "an entry of a listing without a name or a size")
            }
            objects.append(
                Object(
                    name: isEncoded ? URLText.decode(name) : name, size: size,
                    revision: Revision(etag: element["ETag"]?.string ?? ""),
                    modified: element["LastModified"].flatMap { HTTPDate.nanoseconds(ofISO: $0.text) }
                        .map(Timestamp.init(nanoseconds:))))
        }
        guard root["IsTruncated"]?.string == "true" else { return }
        guard let token = root["NextContinuationToken"]?.string, !token.isEmpty else {
            throw StoreError(.io, hint: "a listing goes on, and says not where")
        }
        next = token
    }

    static func request(
        _ prefix: [UInt8], from token: String?, after name: [UInt8]?, most: Int = 1_000
    ) -> S3Request {
        var request = S3Request("GET", nil)
        request.query = [
            ("list-type", "2"), ("encoding-type", "url"), ("max-keys", "\(most)"),
            ("prefix", String(decoding: prefix, as: UTF8.self)),
        ]
        if let token { request.query.append(("continuation-token", token)) }
        if let name, token == nil { request.query.append(("start-after", String(decoding: name, as: UTF8.self))) }
        return request
    }
}

extension S3Service {
    /// What a listing has under a name; nil: nothing.
    func listed(_ name: [UInt8], about key: StoreKey?) async throws(StoreError) -> ListPage.Object? {
        switch try await send(ListPage.request(name, from: nil, after: nil, most: 1), about: key) {
        case .done(let response):
            // In the order of the bytes it is the first of those that begin with it.
            guard let first = try ListPage(response.body).objects.first, first.name == name else { return nil }
            return first
        case .refused(let refusal): throw refusal.error(key, bucket: endpoint.bucket)
        }
    }
}

extension Revision {
    /// An ETag, with or without its quotes: servers differ, and headers differ from listings.
    init(etag: String) {
        self.init(Array(etag.drop { $0 == "\"" }.utf8.prefix { $0 != UInt8(ascii: "\"") }))
    }

    /// An object that was uploaded in parts: only long ones are.
    var isOfParts: Bool { bytes.contains(UInt8(ascii: "-")) }

    /// As a condition has it.
    var etag: String { "\"" + String(decoding: bytes, as: UTF8.self) + "\"" }
}
