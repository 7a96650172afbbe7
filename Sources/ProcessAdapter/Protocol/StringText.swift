/// Strings of JSON, as bytes.
enum StringText {
    /// Appends UTF-8 in quotes. What JSON must escape is escaped, nothing else.
    static func append(_ text: [UInt8], to line: inout [UInt8]) {
        line.append(quote)
        var start = 0
        for index in 0..<text.count {
            let byte = text[index]
            guard byte < 0x20 || byte == quote || byte == backslash else { continue }
            line += text[start..<index]
            start = index + 1
            switch byte {
            case quote, backslash: line += [backslash, byte]
            case 0x0A: line += [backslash, UInt8(ascii: "n")]
            case 0x0D: line += [backslash, UInt8(ascii: "r")]
            case 0x09: line += [backslash, UInt8(ascii: "t")]
            default: line += Array("\\u00".utf8) + [hexDigit(byte >> 4), hexDigit(byte & 15)]
            }
        }
        line += text[start...]
        line.append(quote)
    }

    /// The bytes of a string that is known to be one of JSON, quotes included.
    ///
    /// Half a surrogate pair, which has no UTF-8, becomes the three bytes that it would have: nothing is lost.
    static func decode(_ string: ArraySlice<UInt8>) -> [UInt8] {
        let inner = string.dropFirst().dropLast()
        guard inner.contains(backslash) else { return Array(inner) }
        var text: [UInt8] = []
        text.reserveCapacity(inner.count)
        var index = inner.startIndex
        while index < inner.endIndex {
            guard inner[index] == backslash else {
                text.append(inner[index])
                index += 1
                continue
            }
            switch inner[index + 1] {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = unit(inner, index + 2)
                index += 4
                if scalar & 0xFC00 == 0xD800, index + 8 <= inner.endIndex, inner[index + 2] == backslash,
                    inner[index + 3] == UInt8(ascii: "u")
                {
                    let low = unit(inner, index + 4)
                    if low & 0xFC00 == 0xDC00 {
                        scalar = 0x10000 + (scalar & 0x3FF) << 10 + low & 0x3FF
                        index += 6
                    }
                }
                append(scalar: scalar, to: &text)
            default: text.append(inner[index + 1])
            }
            index += 2
        }
        return text
    }

    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")

    private static func append(scalar: UInt32, to text: inout [UInt8]) {
        func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(scalar >> shift & 0x3F) }
        switch scalar {
        case ..<0x80: text.append(UInt8(scalar))
        case ..<0x800: text += [0xC0 | UInt8(scalar >> 6), tail(0)]
        case ..<0x10000: text += [0xE0 | UInt8(scalar >> 12), tail(6), tail(0)]
        default: text += [0xF0 | UInt8(scalar >> 18), tail(12), tail(6), tail(0)]
        }
    }

    private static func unit(_ text: ArraySlice<UInt8>, _ start: Int) -> UInt32 {
        text[start..<start + 4].reduce(0) { unit, digit in
            unit << 4 | UInt32(digit < 0x40 ? digit & 15 : (digit & 15) + 9)
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
