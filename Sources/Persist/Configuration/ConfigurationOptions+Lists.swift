/// Options that hold several strings.
extension ConfigurationOptions {
    /// A string, and as the file has it: before `${NAME}` was replaced by what may be a secret.
    struct Word {
        var text: String
        var shown: String
    }

    mutating func takeStrings(_ key: String) throws(ConfigurationError) -> [Word]? {
        guard let member = take(key) else { return nil }
        guard case .array(let elements) = member.value.value else { throw wrongType(member, "an array of strings") }
        var words: [Word] = []
        for element in elements {
            guard let word = try word(element) else {
                throw error(at: element, "'\(key)' must hold strings, not \(element.kind)")
            }
            words.append(word)
        }
        return words
    }

    /// - Returns: names of variables and their values.
    mutating func takeStringMap(_ key: String) throws(ConfigurationError) -> [String: String]? {
        guard let member = take(key) else { return nil }
        guard case .object(let members) = member.value.value else { throw wrongType(member, "an object of strings") }
        var found: [String: String] = [:]
        for entry in members {
            guard !entry.key.isEmpty, !entry.key.contains("="), !entry.key.unicodeScalars.contains("\0") else {
                throw ConfigurationError(
                    file: file, line: entry.line, column: entry.column, message: "'\(key)' holds what is no name")
            }
            guard found[entry.key] == nil else {
                throw ConfigurationError(
                    file: file, line: entry.line, column: entry.column,
                    message: "'\(entry.key)' is given twice in '\(key)'")
            }
            guard let word = try word(entry.value) else {
                throw error(at: entry.value, "'\(entry.key)' in '\(key)' must be a string, not \(entry.value.kind)")
            }
            found[entry.key] = word.text
        }
        return found
    }

    /// nil: it is no string.
    private func word(_ node: JSON5Node) throws(ConfigurationError) -> Word? {
        let word: Word
        switch node.value {
        case .string(let text): word = Word(text: try expand(text, at: node), shown: text)
        case .environment(let name): word = Word(text: try variable(name, at: node), shown: "${\(name)}")
        default: return nil
        }
        guard !word.text.unicodeScalars.contains("\0") else { throw error(at: node, "it holds a NUL") }
        return word
    }
}
