/// What tokens mean that the grammar has accepted.
enum JSON5Text {
    static func scalar(_ token: ArraySlice<UInt8>) -> JSON5Node.Value {
        switch token.first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(string(token))
        case UInt8(ascii: "t"): return .bool(true)
        case UInt8(ascii: "f"): return .bool(false)
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "p"):
            let name = token.dropFirst("process.env.".utf8.count)
            return .environment(
                String(decoding: name.last == UInt8(ascii: "!") ? name.dropLast() : name, as: UTF8.self))
        default: return .number(String(decoding: token, as: UTF8.self))
        }
    }

    /// The characters of a string in quotes. A lone surrogate becomes U+FFFD.
    static func string(_ token: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = token.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                result.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "v"): result.append(0x0B)
            case UInt8(ascii: "0"): result.append(0)
            case UInt8(ascii: "x"): result += hex(&rest, digits: 2).description.utf8
            case UInt8(ascii: "u"): result += character(&rest).description.utf8
            case 0x0A: break
            case 0x0D: if rest.first == 0x0A { rest.removeFirst() }
            case 0xE2 where rest.starts(with: [0x80, 0xA8]) || rest.starts(with: [0x80, 0xA9]):
                // A line continued past U+2028 or U+2029.
                rest.removeFirst(2)
            default: result.append(escape)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What follows `\u`, and the other half of a pair of surrogates.
    private static func character(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar {
        let first = number(&rest, digits: 4)
        if let scalar = Unicode.Scalar(first) { return scalar }
        var after = rest
        guard first < 0xDC00, after.popFirst() == UInt8(ascii: "\\"), after.popFirst() == UInt8(ascii: "u")
        else { return "\u{fffd}" }
        let second = number(&after, digits: 4)
        guard (0xDC00...0xDFFF).contains(second) else { return "\u{fffd}" }
        rest = after
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{fffd}"
    }

    private static func hex(_ rest: inout ArraySlice<UInt8>, digits: Int) -> Unicode.Scalar {
        Unicode.Scalar(number(&rest, digits: digits)) ?? "\u{fffd}"
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int) -> UInt32 {
        let text = rest.prefix(digits)
        rest = rest.dropFirst(digits)
        return text.reduce(0) { $0 << 4 | UInt32($1 < 0x40 ? $1 & 15 : ($1 & 15) + 9) }
    }
}
