/// RFC 8259 read as it is written, by recursive descent over characters: slow and obvious.
///
/// Shares nothing with the scanner, which it judges: in the tests, and in Tests/Fuzz.
struct ReferenceReader {
    private var rest: [Unicode.Scalar]
    private var deeper: Int
    private let isText: Bool

    init(text: [UInt8], depthMax: Int = 512) {
        deeper = depthMax
        let string = String(validating: text, as: UTF8.self)
        isText = string != nil && string?.unicodeScalars.first != "\u{feff}"
        rest = (string ?? "").unicodeScalars.reversed()
    }

    mutating func isDocument() -> Bool { isText && element() && rest.isEmpty }

    private mutating func take(_ set: ClosedRange<Unicode.Scalar>...) -> Bool {
        guard let next = rest.last, set.contains(where: { $0.contains(next) }) else { return false }
        rest.removeLast()
        return true
    }
    private mutating func take(_ word: String) -> Bool {
        guard rest.reversed().starts(with: word.unicodeScalars) else { return false }
        rest.removeLast(word.unicodeScalars.count)
        return true
    }
    private mutating func space() {
        while take(" "..." ") || take("\n"..."\n") || take("\r"..."\r") || take("\t"..."\t") {}
    }

    private mutating func element() -> Bool {
        space()
        guard value() else { return false }
        space()
        return true
    }
    private mutating func value() -> Bool {
        if take("{") {
            return members("}") { reader in
                reader.space()
                return reader.string() && reader.colon() && reader.element()
            }
        }
        if take("[") { return members("]") { $0.element() } }
        if rest.last == "\"" { return string() }
        return take("true") || take("false") || take("null") || number()
    }
    private mutating func colon() -> Bool {
        space()
        return take(":")
    }
    private mutating func members(_ close: String, _ member: (inout Self) -> Bool) -> Bool {
        guard deeper > 0 else { return false }
        deeper -= 1
        defer { deeper += 1 }
        space()
        if take(close) { return true }
        repeat { guard member(&self) else { return false } } while take(",")
        return take(close)
    }
    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while !take("\"") {
            if take("\\") {
                if take("u") {
                    for _ in 0..<4 { guard take("0"..."9", "a"..."f", "A"..."F") else { return false } }
                } else {
                    guard ["\"", "\\", "/", "b", "f", "n", "r", "t"].contains(where: { take($0) }) else { return false }
                }
            } else {
                guard take(" "..."\u{10ffff}") else { return false }
            }
        }
        return true
    }
    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") {
            guard take("1"..."9") else { return false }
            while take("0"..."9") {}
        }
        if take(".") { guard digits() else { return false } }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            guard digits() else { return false }
        }
        return true
    }
    private mutating func digits() -> Bool {
        guard take("0"..."9") else { return false }
        while take("0"..."9") {}
        return true
    }
}
