/// Bytes of a path as one line of text that leads back to the same bytes.
///
/// A path may hold newlines, terminal escapes and bytes that are not UTF-8: printed raw, one name could pass for two
/// lines of `watch`, or drive the terminal. What is not printable becomes `\n`, `\t`, `\\` or `\xNN`.
public enum ShownText {
    public static func line(_ bytes: [UInt8]) -> String {
        var text = ""
        text.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
            let (scalar, length) = decodeFirst(rest)
            if let scalar, let plain = shown(scalar) {
                text += plain
            } else {
                for byte in rest.prefix(length) { text += escaped(byte) }
            }
            rest = rest.dropFirst(length)
        }
        return text
    }

    public static func line(_ text: String) -> String { line(Array(text.utf8)) }

    /// What `line` was made of. A backslash that begins no escape stands for itself.
    public static func bytes(of line: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(line.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.first else {
                bytes.append(byte)
                continue
            }
            switch kind {
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "\\"): bytes.append(kind)
            default:
                let digits = rest.dropFirst().prefix(2)
                guard kind == UInt8(ascii: "x"), digits.count == 2,
                    let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                else {
                    bytes.append(byte)
                    continue
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            }
            rest = rest.dropFirst()
        }
        return bytes
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        case "\\": "\\\\"
        default:
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: nil
            default: String(Character(scalar))
            }
        }
    }

    private static func escaped(_ byte: UInt8) -> String {
        let digits = Array("0123456789abcdef")
        return "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }

    /// The scalar that `bytes` begin with and its length; nil and 1 where they begin with no UTF-8.
    private static func decodeFirst(_ bytes: ArraySlice<UInt8>) -> (Unicode.Scalar?, Int) {
        var decoder = Unicode.UTF8()
        var iterator = bytes.prefix(4).makeIterator()
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar): return (scalar, Unicode.UTF8.width(scalar))
        case .emptyInput, .error: return (nil, 1)
        }
    }
}
