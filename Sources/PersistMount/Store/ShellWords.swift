/// The words of a command line, as a shell splits them: at white space, unless it is quoted.
enum ShellWords {
    /// `'...'` keeps all, `"..."` all but `\"` and `\\`; a backslash outside keeps the character behind it. Nothing is
    /// expanded. - Returns: nil where a quotation mark has no second one.
    static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = text[...]
        while let character = rest.popFirst() {
            switch (quote, character) {
            case (nil, " "), (nil, "\t"), (nil, "\n"):
                if let done = word { words.append(done) }
                word = nil
            case (nil, "'"), (nil, "\""):
                quote = character
                word = word ?? ""
            case (nil, "\\"): word = (word ?? "") + (rest.popFirst().map { String($0) } ?? "\\")
            case ("\"", "\\") where rest.first == "\"" || rest.first == "\\":
                word = (word ?? "") + String(rest.removeFirst())
            case (let open?, _) where open == character: quote = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        if let done = word { words.append(done) }
        return words
    }
}
