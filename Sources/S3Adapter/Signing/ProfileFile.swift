/// The ini files of AWS's tools: `[section]`, `name = value`, lines of comment.
struct ProfileFile {
    private var sections: [String: [String: String]] = [:]

    init(_ bytes: [UInt8]) {
        var section = ""
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let text = Self.trimmed(line)
            if text.isEmpty || text.hasPrefix("#") || text.hasPrefix(";") { continue }
            if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
                section = Self.trimmed(text[text.index(after: text.startIndex)..<end])
            } else if let equals = text.firstIndex(of: "=") {
                let name = Self.trimmed(text[..<equals]).lowercased()
                sections[section, default: [:]][name] = Self.trimmed(text[text.index(after: equals)...])
            }
        }
    }

    /// Empty where there is no such section.
    subscript(section: String) -> [String: String] { sections[section] ?? [:] }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = text[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
