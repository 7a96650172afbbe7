/// Tokens of RFC 8259. Each function takes the index of a token's first byte and returns that after its last.
extension JSONGrammar {
    @inline(__always)
    static func skipSpace(_ bytes: Span<UInt8>, _ start: Int, _ dialect: JSONDialect) throws(Failure) -> Int {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            // All that may stand between tokens is at most a space, but for JSON5's comments and wide spaces.
            if byte > 0x20 {
                guard dialect == .json5 else { return index }
                let end = try skipSpaceJSON5(bytes, index)
                if end == index { return index }
                index = end
                continue
            }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
                guard dialect == .json5 && (byte == 0x0B || byte == 0x0C) else { return index }
                index += 1
                continue
            }
            index += 1
        }
        return index
    }

    @inline(__always)
    static func skipScalar(_ bytes: Span<UInt8>, _ start: Int, _ dialect: JSONDialect) throws(Failure) -> Int {
        switch bytes[start] {
        case UInt8(ascii: "\""): return try skipString(bytes, start, dialect)
        case UInt8(ascii: "t") where isWord("true", bytes, start): return start + 4
        case UInt8(ascii: "f") where isWord("false", bytes, start): return start + 5
        case UInt8(ascii: "n") where isWord("null", bytes, start): return start + 4
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            return dialect == .json ? try skipNumber(bytes, start) : try skipNumberJSON5(bytes, start)
        default:
            if dialect == .json5 { return try skipScalarJSON5(bytes, start) }
            throw Failure(
                bytes, start,
                bytes[start] == UInt8(ascii: "'") ? "strings are in double quotes" : "expected a value")
        }
    }

    /// A string in the quotes that it begins with.
    static func skipString(_ bytes: Span<UInt8>, _ start: Int, _ dialect: JSONDialect) throws(Failure) -> Int {
        let quote = bytes[start]
        var index = start + 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote { return index + 1 }
            if byte == UInt8(ascii: "\\") {
                index = try skipEscape(bytes, index, dialect)
            } else if byte < 0x20 {
                guard dialect == .json5 && byte != 0x0A && byte != 0x0D else {
                    throw Failure(
                        bytes, index,
                        byte == 0x0A ? "the string is not closed in its line" : "a control character in a string")
                }
                index += 1
            } else if byte < 0x80 {
                index += 1
            } else {
                let length = UTF8Sequence.length(in: bytes, at: index)
                guard length > 0 else { throw Failure(bytes, index, "not valid UTF-8") }
                index += length
            }
        }
        throw Failure(bytes, start, "the string is not closed")
    }

    private static func skipEscape(_ bytes: Span<UInt8>, _ start: Int, _ dialect: JSONDialect) throws(Failure) -> Int {
        guard start + 1 < bytes.count else { throw Failure(bytes, start, "the string is not closed") }
        switch bytes[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            return try skipHex(bytes, start + 2, count: 4, "expected four hex digits after \\u")
        default:
            if dialect == .json5 { return try skipEscapeJSON5(bytes, start) }
            throw Failure(bytes, start, "unknown escape in a string")
        }
    }

    static func skipHex(
        _ bytes: Span<UInt8>, _ start: Int, count: Int, _ message: StaticString
    ) throws(Failure) -> Int {
        for index in start..<start + count {
            guard index < bytes.count && isHexDigit(bytes[index]) else { throw Failure(bytes, index, message) }
        }
        return start + count
    }

    private static func skipNumber(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        var index = start
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let first = index
        index = try skipDigits(bytes, index)
        if bytes[first] == UInt8(ascii: "0") && index > first + 1 {
            throw Failure(bytes, first, "a number must not begin with 0")
        }
        if index < bytes.count && bytes[index] == UInt8(ascii: ".") { index = try skipDigits(bytes, index + 1) }
        return try skipExponent(bytes, index)
    }

    static func skipExponent(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        guard start < bytes.count && bytes[start] | 0x20 == UInt8(ascii: "e") else { return start }
        var index = start + 1
        if index < bytes.count && (bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")) {
            index += 1
        }
        return try skipDigits(bytes, index)
    }

    /// At least one.
    static func skipDigits(_ bytes: Span<UInt8>, _ start: Int) throws(Failure) -> Int {
        var index = start
        while index < bytes.count && isDigit(bytes[index]) { index += 1 }
        guard index > start else { throw Failure(bytes, index, "expected a digit") }
        return index
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6 }

    /// Whether the word stands here, and does not go on.
    static func isWord(_ word: String, _ bytes: Span<UInt8>, _ start: Int) -> Bool {
        let end = start + word.utf8.count
        guard end <= bytes.count else { return false }
        var index = start
        for byte in word.utf8 {
            guard bytes[index] == byte else { return false }
            index += 1
        }
        return end == bytes.count || !isIdentifier(bytes[end])
    }

    /// ASCII letters and digits, `$`, `_`, and whatever is beyond ASCII.
    static func isIdentifier(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "$") || byte >= 0x80
    }
}
