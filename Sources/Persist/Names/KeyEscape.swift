/// The bijection between the components of keys (any bytes but `/`) and file names.
///
/// A component is its own name unless it is illegal as one (empty, `.`, `..`, with NUL), is reserved (`%self`,
/// `%~` + 64 hex digits), or is itself the canonical escape of something. Then NUL and every `%` become `%XX`;
/// `.` is `%2E`, `..` is `%2E%2E`, the empty component `%`. So `100%` and `%41` stay what they are.
public enum KeyEscape {
    public enum Encoded: Sendable, Equatable {
        case name(FileName)
        /// Too long for a name: `%~` and the SHA-256 of the component. Only a table that keeps the key leads back.
        case hashed(FileName)

        public var name: FileName {
            switch self {
            case .name(let name), .hashed(let name): name
            }
        }
    }

    public static func encode(component: [UInt8]) -> Encoded {
        encode(component: component, suffix: [])
    }

    /// The component that has this name; nil for the reserved names, which no component has.
    public static func decode(_ name: FileName) -> [UInt8]? { decode(bytes: name.bytes) }

    /// `suffix` (`.json`) counts for the limit of 255 bytes, and is legal in any name.
    static func encode(component: [UInt8], suffix: [UInt8]) -> Encoded {
        precondition(!component.contains(UInt8(ascii: "/")), "a key is split at / before it is escaped")
        let escaped = needsEscape(component) ? escape(component) : component
        guard escaped.count + suffix.count <= FileName.bytesMax else {
            let hash = SHA256.hexDigest(of: component)
            return .hashed(FileName(unchecked: [percent, UInt8(ascii: "~")] + hash + suffix))
        }
        return .name(FileName(unchecked: escaped + suffix))
    }

    /// As `decode`; nil also for what is no legal name (a stem may be none: `.json`).
    static func decode(bytes: [UInt8]) -> [UInt8]? {
        guard !isIllegal(bytes), !isReserved(bytes) else { return nil }
        guard bytes.contains(percent), let plain = unescape(bytes), needsEscape(plain) else { return bytes }
        return plain
    }

    private static let percent = UInt8(ascii: "%")
    private static let dot = UInt8(ascii: ".")

    /// Whether the component cannot stand as its own name: see the type.
    private static func needsEscape(_ component: [UInt8]) -> Bool {
        var component = component
        while true {
            if isIllegal(component) || isReserved(component) { return true }
            // The canonical escape of what needs one needs one itself: look at what it would be the escape of.
            guard component.contains(percent), let inner = unescape(component) else { return false }
            component = inner
        }
    }

    private static func isIllegal(_ bytes: [UInt8]) -> Bool {
        bytes.isEmpty || bytes == [dot] || bytes == [dot, dot] || bytes.contains(0)
    }

    private static func isReserved(_ bytes: [UInt8]) -> Bool {
        guard bytes.first == percent else { return false }
        return bytes == PathNames.selfName
            || bytes.count == 66 && bytes[1] == UInt8(ascii: "~") && bytes[2...].allSatisfy(SHA256.isHexDigit)
    }

    private static func escape(_ component: [UInt8]) -> [UInt8] {
        if component.isEmpty { return [percent] }
        let escapesDots = component == [dot] || component == [dot, dot]
        var result: [UInt8] = []
        for byte in component {
            if byte == 0 || byte == percent || escapesDots {
                result += [percent, hexDigit(byte >> 4), hexDigit(byte & 15)]
            } else {
                result.append(byte)
            }
        }
        return result
    }

    /// What `escape` would make `bytes` of; nil where it makes them of nothing.
    private static func unescape(_ bytes: [UInt8]) -> [UInt8]? {
        if bytes == [percent] { return [] }
        if bytes.elementsEqual("%2E".utf8) { return [dot] }
        if bytes.elementsEqual("%2E%2E".utf8) { return [dot, dot] }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == percent else {
                result.append(bytes[index])
                index += 1
                continue
            }
            guard index + 2 < bytes.count else { return nil }
            switch (bytes[index + 1], bytes[index + 2]) {
            case (UInt8(ascii: "0"), UInt8(ascii: "0")): result.append(0)
            case (UInt8(ascii: "2"), UInt8(ascii: "5")): result.append(percent)
            default: return nil
            }
            index += 3
        }
        return result
    }

    /// An upper-case digit, as escapes have them.
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
