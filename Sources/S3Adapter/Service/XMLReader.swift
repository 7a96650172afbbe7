internal import Persist

/// Reads the XML that S3 answers with: elements, text, the five entities and character references, CDATA. What no
/// server sends (DTDs, entities of its own) is refused, so that no answer can become larger than it is.
struct XMLReader {
    private let bytes: [UInt8]
    private var index = 0

    /// S3's answers have 5 levels.
    private static let depthMax = 32

    /// - Throws: `.io`: it is not XML.
    static func read(_ bytes: [UInt8]) throws(StoreError) -> XMLElement {
        var reader = XMLReader(bytes: bytes)
        return try reader.document()
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    private mutating func document() throws(StoreError) -> XMLElement {
        var root: XMLElement?
        while try skipToTag() {
            guard root == nil else { throw Self.problem("something follows the document") }
            root = try element(depth: 0)
        }
        guard let root else { throw Self.problem("there is no element in it") }
        return root
    }

    /// Skips what stands around elements. - Returns: false at the end.
    private mutating func skipToTag() throws(StoreError) -> Bool {
        while index < bytes.count {
            if try skipMisc() { continue }
            guard bytes[index] == UInt8(ascii: "<") else {
                guard Self.isSpace(bytes[index]) else { throw Self.problem("text outside of elements") }
                index += 1
                continue
            }
            return true
        }
        return false
    }

    /// A comment, or a processing instruction.
    private mutating func skipMisc() throws(StoreError) -> Bool {
        if skip("<!--") {
            _ = try take(through: "-->")
        } else if skip("<?") {
            _ = try take(through: "?>")
        } else {
            return false
        }
        return true
    }

    private mutating func element(depth: Int) throws(StoreError) -> XMLElement {
        guard depth < Self.depthMax else { throw Self.problem("it is nested too deeply") }
        guard skip("<"), !at("!") else { throw Self.problem("a declaration that no answer has") }
        let name = try name()
        var element = XMLElement(name: String(decoding: name, as: UTF8.self))
        // Attributes say nothing that is wanted here.
        while !at(">") && !at("/>") {
            guard index < bytes.count else { throw Self.problem("it ends in a tag") }
            let quote = bytes[index]
            if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                index += 1
                while index < bytes.count, bytes[index] != quote { index += 1 }
            }
            index += 1
        }
        if skip("/>") { return element }
        index += 1
        while true {
            // At once: a listing has 200 KB of text.
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "<"), bytes[index] != UInt8(ascii: "&") {
                index += 1
            }
            element.text += bytes[start..<index]
            guard index < bytes.count else { throw Self.problem("it ends within <\(element.name)>") }
            if skip("</") {
                guard try self.name() == name else { throw Self.problem("<\(element.name)> is not closed") }
                while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
                guard skip(">") else { throw Self.problem("</\(element.name)> is not closed") }
                return element
            }
            if skip("<![CDATA[") {
                element.text += try take(through: "]]>")
            } else if try skipMisc() {
                continue
            } else if bytes[index] == UInt8(ascii: "<") {
                element.children.append(try self.element(depth: depth + 1))
            } else {
                element.text += try reference()
            }
        }
    }

    /// Without a prefix.
    private mutating func name() throws(StoreError) -> ArraySlice<UInt8> {
        let start = index
        var local = index
        loop: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "<"), UInt8(ascii: "/"), UInt8(ascii: ">"), UInt8(ascii: "="), 0x20, 0x09...0x0D:
                break loop
            case UInt8(ascii: ":"): local = index + 1
            default: break
            }
            index += 1
        }
        guard index > start else { throw Self.problem("a tag without a name") }
        return bytes[local..<index]
    }

    private mutating func reference() throws(StoreError) -> [UInt8] {
        index += 1
        let word = String(decoding: try take(through: ";"), as: UTF8.self)
        switch word {
        case "amp": return [UInt8(ascii: "&")]
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default:
            let number =
                word.hasPrefix("#x") ? UInt32(word.dropFirst(2), radix: 16) : UInt32(word.dropFirst(), radix: 10)
            guard word.hasPrefix("#"), let number, let scalar = Unicode.Scalar(number) else {
                throw Self.problem("the entity '\(word.prefix(20))'")
            }
            return Array(String(Character(scalar)).utf8)
        }
    }

    // MARK: Bytes

    private func at(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard index + count <= bytes.count else { return false }
        return text.withUTF8Buffer { text in
            for place in 0..<count where unsafe text[place] != bytes[index + place] { return false }
            return true
        }
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        guard at(text) else { return false }
        index += text.utf8CodeUnitCount
        return true
    }

    private mutating func take(through end: StaticString) throws(StoreError) -> ArraySlice<UInt8> {
        let start = index
        while index < bytes.count {
            if at(end) {
                defer { index += end.utf8CodeUnitCount }
                return bytes[start..<index]
            }
            index += 1
        }
        throw Self.problem("'\(end)' is missing")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func problem(_ words: String) -> StoreError {
        StoreError(.io, hint: "an answer that is not the XML of S3: \(words)")
    }
}
