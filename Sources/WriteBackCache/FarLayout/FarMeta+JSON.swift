import FoundationEssentials
import Persist

/// As a JSON object in canonical form, so that equal meta are equal bytes:
///
///     {"gid":100,"mode":420,"mtime":"1732790000.123456789","size":17,"sum":"9f86…","uid":1000,"v":1}
///
/// Bytes that are not UTF-8 are `{"base64":"…"}`. mtime is a string, and so are numbers past 2^53: hosts in JavaScript
/// make doubles of numbers. Extended attributes have names as `KeyText` has them.
extension FarMeta {
    public enum Decoded: Sendable, Equatable {
        case meta(FarMeta)
        /// Of a later version of this format: it is kept, and counts as none.
        case newer(version: UInt64)
        /// No meta; the next one that is written replaces it.
        case damaged
    }

    public static let version: UInt64 = 1

    public func encoded() -> [UInt8] {
        // Numbers, flags and words of ours are written as they are in canonical form; bytes of others may not be.
        if kind == .file || kind == .directory, text == nil, attributes.isEmpty { return encodedPlainly() }
        var members: [JSONValue.Member] = [.init("v", .unsigned(Self.version))]
        switch kind {
        case .file: break
        case .directory: members.append(.init("dir", .bool(true)))
        case .symlink(let target): members.append(.init("link", Self.json(target)))
        case .fifo: members.append(.init("kind", "fifo"))
        case .socket: members.append(.init("kind", "socket"))
        case .characterDevice(let device):
            members += [.init("kind", "char"), .init("rdev", Self.json(device))]
        case .blockDevice(let device):
            members += [.init("kind", "block"), .init("rdev", Self.json(device))]
        }
        if let mode { members.append(.init("mode", Self.json(UInt64(mode)))) }
        if let uid { members.append(.init("uid", Self.json(UInt64(uid)))) }
        if let gid { members.append(.init("gid", Self.json(UInt64(gid)))) }
        if let mtime { members.append(.init("mtime", .string(mtime.decimal))) }
        if let sum { members.append(.init("sum", .string(sum.hex))) }
        if let text { members.append(.init("text", Self.json(text))) }
        if let size { members.append(.init("size", Self.json(size))) }
        if isCarried { members.append(.init("carried", .bool(true))) }
        if hasMore { members.append(.init("more", .bool(true))) }
        if !attributes.isEmpty {
            let list = attributes.map { name, value in
                JSONValue.Member(String(decoding: KeyText.text(of: name), as: UTF8.self), Self.json(value))
            }
            members.append(.init("xattr", .object(list)))
        }
        let text = Array(JSONText.write(.object(members)).utf8)
        return CanonicalJSON.form(of: text) ?? text
    }

    /// Most of what a look finds. Members in the order of their names.
    private func encodedPlainly() -> [UInt8] {
        var text = "{"
        func number(_ value: UInt64) -> String { value <= Self.integerMax ? "\(value)" : "\"\(value)\"" }
        if isCarried { text += "\"carried\":true," }
        if kind == .directory { text += "\"dir\":true," }
        if let gid { text += "\"gid\":\(gid)," }
        if let mode { text += "\"mode\":\(mode)," }
        if hasMore { text += "\"more\":true," }
        if let mtime { text += "\"mtime\":\"\(mtime.decimal)\"," }
        if let size { text += "\"size\":\(number(size))," }
        if let sum { text += "\"sum\":\"\(sum.hex)\"," }
        if let uid { text += "\"uid\":\(uid)," }
        return Array("\(text)\"v\":\(Self.version)}".utf8)
    }

    /// Unknown members are ignored; one that is known but not as it should be makes the whole damaged.
    public static func decode(_ bytes: [UInt8]) -> Decoded {
        guard JSONScanner.check(bytes) == nil, case .object(let list)? = try? JSON5Reader.read(bytes).value
        else { return .damaged }
        // Of members of one name the last counts, as in most languages.
        let members = Dictionary(list.map { ($0.key, $0.value.value) }) { $1 }
        guard let version = members["v"].flatMap(integer), version >= 1 else { return .damaged }
        guard version <= Self.version else { return .newer(version: version) }
        guard let meta = FarMeta(members) else { return .damaged }
        return .meta(meta)
    }

    private init?(_ members: [String: JSON5Node.Value]) {
        var isGood = true
        // A member that is there must be what it should be.
        func read<Value>(_ name: String, _ value: (JSON5Node.Value) -> Value?) -> Value? {
            guard let found = members[name], found != .null else { return nil }
            guard let result = value(found) else {
                isGood = false
                return nil
            }
            return result
        }
        let device = read("rdev", Self.integer)
        var kind = Kind.file
        if let word = read("kind", Self.word) {
            switch (word, device) {
            case ("fifo", _): kind = .fifo
            case ("socket", _): kind = .socket
            case ("char", let device?): kind = .characterDevice(device)
            case ("block", let device?): kind = .blockDevice(device)
            default: isGood = false
            }
        }
        if let target = read("link", Self.bytes) { kind = .symlink(target) }
        if read("dir", Self.flag) == true { kind = .directory }
        self.init(
            kind, mode: read("mode", Self.integer).flatMap { UInt16(exactly: $0 & 0o7777) },
            uid: read("uid") { Self.integer($0).flatMap { UInt32(exactly: $0) } },
            gid: read("gid") { Self.integer($0).flatMap { UInt32(exactly: $0) } }, mtime: read("mtime", Self.time),
            attributes: read("xattr", Self.attributes) ?? [:])
        sum = read("sum") { Self.word($0).flatMap { FarSum(hex: $0) } }
        text = read("text", Self.bytes)
        size = read("size") { Self.integer($0).flatMap { Int64(exactly: $0) == nil ? nil : $0 } }
        isCarried = read("carried", Self.flag) ?? false
        hasMore = read("more", Self.flag) ?? false
        guard isGood else { return nil }
    }

    // MARK: Values

    private static func json(_ bytes: [UInt8]) -> JSONValue {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .object([.init("base64", .string(Data(bytes).base64EncodedString()))])
    }

    private static func bytes(_ value: JSON5Node.Value) -> [UInt8]? {
        switch value {
        case .string(let text): return Array(text.utf8)
        case .object(let members):
            guard members.count == 1, members[0].key == "base64", case .string(let text) = members[0].value.value
            else { return nil }
            return Data(base64Encoded: text).map { Array($0) }
        default: return nil
        }
    }

    /// Of what every host reads exactly.
    private static let integerMax: UInt64 = 1 << 53

    private static func json(_ number: UInt64) -> JSONValue {
        number <= integerMax ? .unsigned(number) : .string(String(number))
    }

    /// A host may write 420 as 420.0 or 4.2e2.
    private static func integer(_ value: JSON5Node.Value) -> UInt64? {
        switch value {
        case .number(let text): UInt64(text) ?? Double(text).flatMap { UInt64(exactly: $0) }
        case .string(let text): UInt64(text)
        default: nil
        }
    }

    private static func flag(_ value: JSON5Node.Value) -> Bool? {
        if case .bool(let flag) = value { flag } else { nil }
    }

    private static func word(_ value: JSON5Node.Value) -> String? {
        guard case .string(let text) = value else { return nil }
        return text
    }

    private static func attributes(_ value: JSON5Node.Value) -> [[UInt8]: [UInt8]]? {
        guard case .object(let members) = value else { return nil }
        var result: [[UInt8]: [UInt8]] = [:]
        for member in members {
            guard let value = bytes(member.value.value) else { return nil }
            result[KeyText.key(of: Array(member.key.utf8))] = value
        }
        return result
    }

    private static func time(_ value: JSON5Node.Value) -> Timestamp? {
        switch value {
        case .string(let text), .number(let text): Timestamp(decimal: text)
        default: nil
        }
    }
}
