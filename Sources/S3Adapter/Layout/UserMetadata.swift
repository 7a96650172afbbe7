internal import FoundationEssentials
internal import Persist

/// Attributes of a file as user metadata of an object, under the names that s3fs and rclone use.
///
/// mode is decimal with the type of the file, as of stat(2), from s3fs and from us; rclone writes it in octal. mtime is
/// seconds since 1970 with up to nine digits behind the point. Extended attributes are s3fs's: a JSON object, percent-
/// encoded, of values in base64.
enum UserMetadata {
    private static let prefix = "x-amz-meta-"
    private static let (mode, uid, gid) = (prefix + "mode", prefix + "uid", prefix + "gid")
    private static let (mtime, extended, more) = (prefix + "mtime", prefix + "xattr", prefix + "persist-more")
    /// All of them.
    static let names = [mode, uid, gid, mtime, extended, more]
    /// S3 takes no more of an object, names and values together.
    static let bytesMax = 2_000
    private static let regularFile: UInt32 = 0o100000
    private static let typeMask: UInt32 = 0o170000
    private static let types: Set<UInt32> = [
        0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000, 0o140000,
    ]

    static func headers(of attributes: ValueAttributes) -> [(String, String)] {
        var headers: [(String, String)] = []
        if let bits = attributes.mode { headers.append((mode, "\(UInt32(bits) | regularFile)")) }
        if let user = attributes.uid { headers.append((uid, "\(user)")) }
        if let group = attributes.gid { headers.append((gid, "\(group)")) }
        if let time = attributes.mtime { headers.append((mtime, time.decimal)) }
        if !attributes.extended.isEmpty { headers.append((extended, text(of: attributes.extended))) }
        if attributes.hasMore { headers.append((more, "1")) }
        return headers
    }

    static func fits(_ attributes: ValueAttributes) -> Bool {
        headers(of: attributes).reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count } <= bytesMax
    }

    static func attributes(of headers: [String: String]) -> ValueAttributes {
        var found = attributes(names.map { headers[$0] })
        if found.mtime == nil {
            found.mtime = headers["last-modified"].flatMap(HTTPDate.seconds)
                .map { Timestamp(nanoseconds: $0 * 1_000_000_000) }
        }
        return found
    }

    /// What cannot be understood counts as not there: other programs write these too.
    ///
    /// - Parameter values: in the order of `names`.
    static func attributes(_ values: [String?]) -> ValueAttributes {
        ValueAttributes(
            mode: values[0].flatMap(bits), uid: values[1].flatMap { UInt32($0) },
            gid: values[2].flatMap { UInt32($0) }, mtime: values[3].flatMap { Timestamp(decimal: $0) },
            extended: values[4].flatMap(attributes) ?? [:], hasMore: values[5] == "1")
    }

    /// Permission bits, of a mode in decimal or octal: whichever reading has a type of file, or is bits alone.
    private static func bits(_ text: String) -> UInt16? {
        let readings = [UInt32(text), UInt32(text, radix: 8)].compactMap(\.self)
        // Symlinks have all bits: what looks like one with others is a directory's mode in octal.
        let typed = readings.first {
            $0 <= 0o177777 && types.contains($0 & typeMask) && ($0 & typeMask != 0o120000 || $0 & 0o777 == 0o777)
        }
        let found = typed ?? readings.last { $0 <= 0o7777 }
        return found.map { UInt16($0 & 0o7777) }
    }

    // MARK: Extended attributes

    private static func text(of attributes: [[UInt8]: [UInt8]]) -> String {
        let members = attributes.map { name, value in
            JSONValue.Member(
                String(decoding: KeyText.text(of: name), as: UTF8.self), .string(Data(value).base64EncodedString()))
        }
        .sorted { $0.key < $1.key }
        return URLText.encode(Array(JSONText.write(.object(members)).utf8))
    }

    private static func attributes(_ text: String) -> [[UInt8]: [UInt8]]? {
        guard
            case .object(let members)? = try? JSON5Reader.read(URLText.decode(Array(text.utf8), plusIsSpace: false))
                .value
        else {
            return nil
        }
        var found: [[UInt8]: [UInt8]] = [:]
        for member in members {
            guard case .string(let text) = member.value.value, let value = Data(base64Encoded: text) else { return nil }
            found[KeyText.key(of: Array(member.key.utf8))] = Array(value)
        }
        return found
    }
}
