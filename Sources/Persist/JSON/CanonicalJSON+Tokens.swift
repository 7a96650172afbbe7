/// Strings and numbers that the grammar has accepted.
extension CanonicalJSON {
    /// The same string with as few escapes as there can be, in its quotes.
    static func appendString(_ token: ArraySlice<UInt8>, to output: inout [UInt8]) {
        guard token.contains(UInt8(ascii: "\\")) else {
            output += token
            return
        }
        output.append(UInt8(ascii: "\""))
        var units = StringUnits(token)
        var waiting = units.next()
        while let unit = waiting {
            waiting = units.next()
            if UTF16.isLeadSurrogate(unit), let trail = waiting, UTF16.isTrailSurrogate(trail) {
                let scalar = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(trail) - 0xDC00)
                append(scalar, to: &output)
                waiting = units.next()
            } else {
                append(UInt32(unit), to: &output)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func append(_ value: UInt32, to output: inout [UInt8]) {
        switch value {
        case 0x08: output += "\\b".utf8
        case 0x09: output += "\\t".utf8
        case 0x0A: output += "\\n".utf8
        case 0x0C: output += "\\f".utf8
        case 0x0D: output += "\\r".utf8
        case 0x22: output += "\\\"".utf8
        case 0x5C: output += "\\\\".utf8
        case 0x20..<0x80: output.append(UInt8(value))
        default:
            if value >= 0x80, let scalar = Unicode.Scalar(value) {
                output += UTF8.encode(scalar).map { Array($0) } ?? []
                return
            }
            output += "\\u".utf8
            for shift in [12, 8, 4, 0] as [UInt32] {
                let digit = UInt8(value >> shift & 15)
                output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

    /// As ECMAScript prints the double nearest to it; a number past all doubles stays as it is.
    static func appendNumber(_ token: ArraySlice<UInt8>, to output: inout [UInt8]) {
        // An integer of at most 15 digits is its own form, but for -0.
        if token.count <= 15, token.dropFirst().allSatisfy(JSONGrammar.isDigit), !token.elementsEqual("-0".utf8) {
            output += token
            return
        }
        guard let value = Double(String(decoding: token, as: UTF8.self)), value.isFinite else {
            output += token
            return
        }
        append(value, to: &output)
    }

    /// `Number::toString` of ECMA-262, of a finite number.
    static func append(_ value: Double, to output: inout [UInt8]) {
        guard value != 0 else {
            output.append(UInt8(ascii: "0"))
            return
        }
        let (digits, point) = shortestDigits(of: value)
        let zero = UInt8(ascii: "0")
        if value < 0 { output.append(UInt8(ascii: "-")) }
        switch point {
        case digits.count...21:
            output += digits
            output += repeatElement(zero, count: point - digits.count)
        case 1...21:
            output += digits[..<point]
            output.append(UInt8(ascii: "."))
            output += digits[point...]
        case -5...0:
            output += "0.".utf8
            output += repeatElement(zero, count: -point)
            output += digits
        default:
            output.append(digits[0])
            if digits.count > 1 {
                output.append(UInt8(ascii: "."))
                output += digits[1...]
            }
            output += (point > 0 ? "e+" : "e-").utf8
            output += String(abs(point - 1)).utf8
        }
    }

    /// The fewest digits d that only this double reads as 0.d × 10^point, without zeros at either end.
    ///
    /// The standard library finds them: `description` has the shortest digits, and of these the nearest.
    private static func shortestDigits(of value: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point: Int?
        var rest = Array(value.magnitude.description.utf8)[...]
        while let byte = rest.popFirst() {
            if JSONGrammar.isDigit(byte) {
                digits.append(byte)
            } else if byte == UInt8(ascii: ".") {
                point = digits.count
            } else {
                break
            }
        }
        // What is left stands behind the "e".
        let exponent = Int(String(decoding: rest, as: UTF8.self)) ?? 0
        let leading = digits.prefix { $0 == UInt8(ascii: "0") }.count
        let all = digits.count
        digits.removeFirst(leading)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, (point ?? all) - leading + exponent)
    }

    /// The UTF-16 code units of a string in quotes, escapes undone. Nothing is allocated.
    struct StringUnits: Sequence, IteratorProtocol {
        private let token: ArraySlice<UInt8>
        private var index: Int
        private let end: Int
        private var trail: UInt16?

        init(_ token: ArraySlice<UInt8>) {
            self.token = token
            index = token.startIndex + 1
            end = token.endIndex - 1
        }

        mutating func next() -> UInt16? {
            if let unit = trail {
                trail = nil
                return unit
            }
            guard index < end else { return nil }
            let byte = token[index]
            if byte == UInt8(ascii: "\\") { return nextEscape() }
            let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            var value = UInt32(length == 1 ? byte : byte & (0xFF >> UInt8(length + 1)))
            for offset in 1..<length { value = value << 6 | UInt32(token[index + offset] & 0x3F) }
            index += length
            guard value >= 0x10000 else { return UInt16(value) }
            trail = UInt16(0xDC00 + (value - 0x10000) & 0x3FF)
            return UInt16(0xD800 + (value - 0x10000) >> 10)
        }

        private mutating func nextEscape() -> UInt16 {
            let escape = token[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): return 0x08
            case UInt8(ascii: "f"): return 0x0C
            case UInt8(ascii: "n"): return 0x0A
            case UInt8(ascii: "r"): return 0x0D
            case UInt8(ascii: "t"): return 0x09
            case UInt8(ascii: "u"):
                index += 4
                return token[(index - 4)..<index].reduce(0) { $0 << 4 | UInt16($1 < 0x40 ? $1 & 15 : ($1 & 15) + 9) }
            default: return UInt16(escape)
            }
        }
    }
}
