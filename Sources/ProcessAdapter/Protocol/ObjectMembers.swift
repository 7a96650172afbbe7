internal import Persist

/// The members of a JSON object where they lie in a line, each value as its own text: numbers, escapes and the order
/// of keys stay what they were.
///
/// One level is read; `ObjectMembers` of a value reads the next. Whoever has read all levels that he knows asks
/// `checkValues`: then the whole is JSON. So a value may be nested as deep as it could be alone.
struct ObjectMembers {
    struct NoObject: Error {}

    private(set) var members: [(key: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] = []

    /// - Throws: `NoObject` where the text is none. What is inside the values has not been looked at.
    init(_ text: ArraySlice<UInt8>) throws(NoObject) {
        var reader = Reader(text: text, index: text.startIndex)
        reader.skipSpace()
        try reader.expect(UInt8(ascii: "{"))
        reader.skipSpace()
        if reader.take(UInt8(ascii: "}")) {
            try reader.expectEnd()
            return
        }
        while true {
            let key = try reader.value()
            guard key.first == StringText.quote, JSONScanner.check(Array(key)) == nil else { throw NoObject() }
            reader.skipSpace()
            try reader.expect(UInt8(ascii: ":"))
            reader.skipSpace()
            members.append((key, try reader.value()))
            reader.skipSpace()
            guard !reader.take(UInt8(ascii: "}")) else { break }
            try reader.expect(UInt8(ascii: ","))
            reader.skipSpace()
        }
        try reader.expectEnd()
    }

    /// The value under a key; the last one where there are several, as most readers have it.
    subscript(_ name: String) -> ArraySlice<UInt8>? {
        members.last { $0.key.dropFirst().dropLast().elementsEqual(name.utf8) }?.value
    }

    /// Whether all values but those under these keys are JSON.
    func checkValues(but known: String...) -> Bool {
        members.allSatisfy { member in
            known.contains { member.key.dropFirst().dropLast().elementsEqual($0.utf8) }
                || ObjectMembers.isJSON(member.value)
        }
    }

    static func isJSON(_ text: ArraySlice<UInt8>) -> Bool { JSONScanner.check(text.span) == nil }

    private struct Reader {
        let text: ArraySlice<UInt8>
        var index: Int

        mutating func skipSpace() {
            while index < text.endIndex {
                switch text[index] {
                case 0x20, 0x09, 0x0A, 0x0D: index += 1
                default: return
                }
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard index < text.endIndex, text[index] == byte else { return false }
            index += 1
            return true
        }

        mutating func expect(_ byte: UInt8) throws(NoObject) {
            guard take(byte) else { throw NoObject() }
        }

        mutating func expectEnd() throws(NoObject) {
            skipSpace()
            guard index == text.endIndex else { throw NoObject() }
        }

        /// From here to where a value must end, if it is one.
        mutating func value() throws(NoObject) -> ArraySlice<UInt8> {
            let start = index
            var depth = 0
            while index < text.endIndex {
                switch text[index] {
                case StringText.quote:
                    try skipString()
                    if depth == 0 { return text[start..<index] }
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    if depth == 0 { return try scalar(from: start) }
                    depth -= 1
                    if depth == 0 {
                        index += 1
                        return text[start..<index]
                    }
                case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D:
                    if depth == 0 { return try scalar(from: start) }
                default: break
                }
                index += 1
            }
            throw NoObject()
        }

        private func scalar(from start: Int) throws(NoObject) -> ArraySlice<UInt8> {
            guard index > start else { throw NoObject() }
            return text[start..<index]
        }

        private mutating func skipString() throws(NoObject) {
            index += 1
            while index < text.endIndex {
                switch text[index] {
                case StringText.quote:
                    index += 1
                    return
                case StringText.backslash: index += 2
                default: index += 1
                }
            }
            throw NoObject()
        }
    }
}
