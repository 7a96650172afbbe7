internal import Persist

/// What an index says of one object: what lies with it, as of the time that it was put at with this ETag.
///
/// A hint, never the truth: it counts only for an object that a listing shows with this ETag and no later time.
struct IndexEntry: Sendable, Equatable {
    /// Of the object, without the prefix of the store.
    var name: [UInt8]
    var etag: [UInt8]
    /// By the server's clock, in seconds since 1970.
    var time: Int64
    var attributes: ValueAttributes
    /// The object itself, where it is small and nothing but side data.
    var body: [UInt8]?

    // MARK: As a line

    private static let tab = UInt8(ascii: "\t")
    private static let escaped: Set<UInt8> = [tab, UInt8(ascii: "\n"), UInt8(ascii: "%")]
    private static let names = UserMetadata.names
    private static let fieldsMost = 5 + names.count

    /// Fields with tabs between them: name, ETag, time, each user metadata in the order of `UserMetadata.names`, and the body
    /// behind an `=`.
    var line: [UInt8] {
        let headers = Dictionary(UserMetadata.headers(of: attributes)) { $1 }
        var fields = [Self.escape(name), Self.escape(etag), Array("\(time)".utf8)]
        fields += Self.names.map { Array((headers[$0] ?? "").utf8) }
        fields.append(body.map { [UInt8(ascii: "=")] + Self.escape($0) } ?? [])
        return Array(fields.joined(separator: [Self.tab])) + [UInt8(ascii: "\n")]
    }

    /// nil: a line of another version, or damaged.
    init?(line: ArraySlice<UInt8>) {
        let fields = line.split(separator: Self.tab, omittingEmptySubsequences: false)
        guard fields.count == 4 + Self.names.count, let time = Int64(String(decoding: fields[2], as: UTF8.self)) else {
            return nil
        }
        let values = fields[3..<(3 + Self.names.count)].map { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
        let last = fields[fields.count - 1]
        self.init(
            name: URLText.decode(Array(fields[0]), plusIsSpace: false),
            etag: URLText.decode(Array(fields[1]), plusIsSpace: false), time: time,
            attributes: UserMetadata.attributes(values),
            body: last.isEmpty ? nil : URLText.decode(Array(last.dropFirst()), plusIsSpace: false))
    }

    init(name: [UInt8], etag: [UInt8], time: Int64, attributes: ValueAttributes, body: [UInt8]? = nil) {
        self.name = name
        self.etag = etag
        self.time = time
        self.attributes = attributes
        self.body = body
    }

    private static func escape(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(where: escaped.contains) else { return bytes }
        return bytes.flatMap { escaped.contains($0) ? Array(URLText.encode([$0]).utf8) : [$0] }
    }
}
