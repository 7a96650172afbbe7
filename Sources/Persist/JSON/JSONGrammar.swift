enum JSONDialect { case json, json5 }

/// What the grammar has found, in the order of the text; ranges are of bytes, quotes included.
protocol JSONVisitor {
    mutating func enter(isObject: Bool, at offset: Int)
    mutating func leave()
    mutating func key(_ range: Range<Int>)
    mutating func scalar(_ range: Range<Int>)
}

/// For the validator, which wants the verdict only.
struct JSONIgnored: JSONVisitor {
    mutating func enter(isObject: Bool, at offset: Int) {}
    mutating func leave() {}
    mutating func key(_ range: Range<Int>) {}
    mutating func scalar(_ range: Range<Int>) {}
}

/// The grammar of JSON and of JSON5: values, keys and what stands between them; the tokens are in `JSONGrammar+Tokens`.
///
/// Generic over the visitor: where that does nothing, nothing is left of the calls.
enum JSONGrammar {
    struct Failure: Error {
        let offset: Int
        let message: StaticString

        /// Bytes that are no character are named before whatever they are in the way of.
        init(_ bytes: Span<UInt8>, _ offset: Int, _ message: StaticString) {
            let isText = offset >= bytes.count || UTF8Sequence.length(in: bytes, at: offset) > 0
            self.offset = offset
            self.message = isText ? message : "not valid UTF-8"
        }
    }

    static func scan(
        _ bytes: Span<UInt8>, dialect: JSONDialect, depthMax: Int, visitor: inout some JSONVisitor
    ) throws(Failure) {
        var nesting = Nesting(depthMax: depthMax)
        if dialect == .json && bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF {
            throw Failure(bytes, 0, "a byte order mark is not allowed")
        }
        var index = try skipSpace(bytes, 0, dialect)
        guard index < bytes.count else { throw Failure(bytes, index, "the document is empty") }

        value: while true {
            guard index < bytes.count else { throw Failure(bytes, index, "expected a value") }
            let first = bytes[index]
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                let isObject = first == UInt8(ascii: "{")
                guard nesting.push(isObject: isObject) else { throw Failure(bytes, index, "nested too deep") }
                visitor.enter(isObject: isObject, at: index)
                index = try skipSpace(bytes, index + 1, dialect)
                // The closing brackets are two past the opening ones in ASCII.
                if index < bytes.count && bytes[index] == first + 2 {
                    index += 1
                    nesting.pop()
                    visitor.leave()
                } else {
                    if isObject { index = try skipKey(bytes, index, dialect, &visitor) }
                    continue value
                }
            } else {
                let start = index
                index = try skipScalar(bytes, index, dialect)
                visitor.scalar(start..<index)
            }

            // A value has ended: close what ends with it, until another begins.
            while true {
                index = try skipSpace(bytes, index, dialect)
                guard nesting.depth > 0 else {
                    guard index == bytes.count else {
                        throw Failure(bytes, index, "unexpected text after the document")
                    }
                    return
                }
                let isObject = nesting.isObject
                guard index < bytes.count else {
                    throw Failure(bytes, index, isObject ? "the object is not closed" : "the array is not closed")
                }
                let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
                if bytes[index] == UInt8(ascii: ",") {
                    let comma = index
                    index = try skipSpace(bytes, index + 1, dialect)
                    guard index < bytes.count && bytes[index] == close else {
                        if isObject { index = try skipKey(bytes, index, dialect, &visitor) }
                        continue value
                    }
                    if dialect == .json {
                        throw Failure(bytes, comma, isObject ? "a comma before '}'" : "a comma before ']'")
                    }
                } else if bytes[index] != close {
                    throw Failure(
                        bytes, index,
                        isObject ? "expected ',' or '}' after a value" : "expected ',' or ']' after a value")
                }
                index += 1
                nesting.pop()
                visitor.leave()
            }
        }
    }

    /// A key, its colon, and the space before the value.
    @inline(__always)
    private static func skipKey(
        _ bytes: Span<UInt8>, _ start: Int, _ dialect: JSONDialect, _ visitor: inout some JSONVisitor
    ) throws(Failure) -> Int {
        var index = start
        if index < bytes.count && bytes[index] == UInt8(ascii: "\"") {
            index = try skipString(bytes, index, dialect)
        } else if dialect == .json5 {
            index = try skipKeyJSON5(bytes, index)
        } else {
            throw Failure(bytes, index, "expected a key in double quotes")
        }
        visitor.key(start..<index)
        index = try skipSpace(bytes, index, dialect)
        guard index < bytes.count && bytes[index] == UInt8(ascii: ":") else {
            throw Failure(bytes, index, "expected ':' after a key")
        }
        return try skipSpace(bytes, index + 1, dialect)
    }

    /// Which of the open containers are objects: a bit each.
    private struct Nesting {
        private(set) var depth = 0
        private let depthMax: Int
        private var objects = InlineArray<8, UInt64>(repeating: 0)

        init(depthMax: Int) { self.depthMax = min(depthMax, JSONScanner.depthMax) }

        var isObject: Bool { objects[(depth - 1) / 64] >> UInt64((depth - 1) % 64) & 1 == 1 }

        mutating func push(isObject: Bool) -> Bool {
            guard depth < depthMax else { return false }
            let bit: UInt64 = 1 << UInt64(depth % 64)
            if isObject { objects[depth / 64] |= bit } else { objects[depth / 64] &= ~bit }
            depth += 1
            return true
        }

        mutating func pop() { depth -= 1 }
    }
}
