/// What JSON5 has beyond JSON, and `process.env.NAME`, so that options can be pasted from a program.
///
/// Of the specification only `\u` escapes in unquoted keys are missing.
extension JSONGrammar {
    /// Comments and wide spaces from here on; `start` where there are none.
    static func skipSpaceJSON5(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        if bytes[start] == UInt8(ascii: "/") { return try skipComment(bytes, start) }
        guard bytes[start] >= 0xC2 else { return start }
        let length = UTF8Sequence.length(in: bytes, at: start)
        return length > 0 && isWideSpace(bytes, start, length) ? start + length : start
    }

    /// U+00A0, U+FEFF, U+2028, U+2029 and the space separators of Unicode.
    private static func isWideSpace(_ bytes: Span<UInt8>, _ start: Int, _ length: Int) -> Bool {
        if length == 2 { return bytes[start] == 0xC2 && bytes[start + 1] == 0xA0 }
        guard length == 3 else { return false }
        return switch (bytes[start], bytes[start + 1], bytes[start + 2]) {
        case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF),
            (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80), (0xEF, 0xBB, 0xBF):
            true
        default: false
        }
    }

    private static func skipComment(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        let isLine = start + 1 < bytes.count && bytes[start + 1] == UInt8(ascii: "/")
        guard isLine || start + 1 < bytes.count && bytes[start + 1] == UInt8(ascii: "*") else {
            throw Failure(bytes, start, "expected a comment after '/'")
        }
        var index = start + 2
        while index < bytes.count {
            let byte = bytes[index]
            if isLine && (byte == 0x0A || byte == 0x0D) { return index }
            if !isLine && byte == UInt8(ascii: "*") && index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "/")
            {
                return index + 2
            }
            let length = UTF8Sequence.length(in: bytes, at: index)
            guard length > 0 else { throw Failure(bytes, index, "not valid UTF-8") }
            index += length
        }
        guard isLine else { throw Failure(bytes, start, "the comment is not closed") }
        return index
    }

    static func skipKeyJSON5(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        if start < bytes.count && bytes[start] == UInt8(ascii: "'") { return try skipString(bytes, start, .json5) }
        return try skipIdentifier(bytes, start, "expected a key")
    }

    private static func skipIdentifier(
        _ bytes: Span<UInt8>, _ start: Int, _ message: StaticString
    ) throws(Failure) -> Int {
        guard start < bytes.count && isIdentifier(bytes[start]) && !isDigit(bytes[start]) else {
            throw Failure(bytes, start, message)
        }
        var index = start
        while index < bytes.count && isIdentifier(bytes[index]) {
            let length = UTF8Sequence.length(in: bytes, at: index)
            guard length > 0 else { throw Failure(bytes, index, "not valid UTF-8") }
            if isWideSpace(bytes, index, length) { break }
            index += length
        }
        guard index > start else { throw Failure(bytes, start, message) }
        return index
    }

    static func skipScalarJSON5(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        switch bytes[start] {
        case UInt8(ascii: "'"): return try skipString(bytes, start, .json5)
        case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "I"), UInt8(ascii: "N"):
            return try skipNumberJSON5(bytes, start)
        case UInt8(ascii: "p") where isWord("process", bytes, start):
            guard bytes.count > start + 12, isWord("env", bytes, start + 8), bytes[start + 7] == UInt8(ascii: "."),
                bytes[start + 11] == UInt8(ascii: ".")
            else { throw Failure(bytes, start, "expected process.env.NAME") }
            let end = try skipIdentifier(bytes, start + 12, "expected a name after process.env.")
            return end < bytes.count && bytes[end] == UInt8(ascii: "!") ? end + 1 : end
        default:
            throw Failure(bytes, start, "expected a value")
        }
    }

    static func skipNumberJSON5(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        var index = start
        if bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") { index += 1 }
        if isWord("Infinity", bytes, index) { return index + 8 }
        if isWord("NaN", bytes, index) { return index + 3 }
        guard index < bytes.count else { throw Failure(bytes, index, "expected a digit") }
        if bytes[index] == UInt8(ascii: "0") && index + 1 < bytes.count && bytes[index + 1] | 0x20 == UInt8(ascii: "x")
        {
            index = try skipHex(bytes, index + 2, count: 1, "expected a hex digit after 0x")
            while index < bytes.count && isHexDigit(bytes[index]) { index += 1 }
            return index
        }
        let first = index
        let beginsWithPoint = bytes[index] == UInt8(ascii: ".")
        if !beginsWithPoint { index = try skipDigits(bytes, index) }
        if bytes[first] == UInt8(ascii: "0") && index > first + 1 {
            throw Failure(bytes, first, "a number must not begin with 0")
        }
        if index < bytes.count && bytes[index] == UInt8(ascii: ".") {
            index += 1
            if beginsWithPoint || index < bytes.count && isDigit(bytes[index]) { index = try skipDigits(bytes, index) }
        }
        return try skipExponent(bytes, index)
    }

    static func skipEscapeJSON5(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        switch bytes[start + 1] {
        case UInt8(ascii: "x"):
            return try skipHex(bytes, start + 2, count: 2, "expected two hex digits after \\x")
        case UInt8(ascii: "0") where start + 2 >= bytes.count || !isDigit(bytes[start + 2]):
            return start + 2
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            throw Failure(bytes, start, "unknown escape in a string")
        case 0x0D where start + 2 < bytes.count && bytes[start + 2] == 0x0A:
            return start + 3
        default:
            let length = UTF8Sequence.length(in: bytes, at: start + 1)
            guard length > 0 else { throw Failure(bytes, start + 1, "not valid UTF-8") }
            return start + 1 + length
        }
    }
}
