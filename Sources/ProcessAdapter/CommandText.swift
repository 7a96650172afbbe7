public import Persist

extension ProcessAdapter {
    /// The program and arguments of `exec:` and a text: words as in a shell, with `'…'`, `"…"` and `\`.
    ///
    /// Nothing is expanded: `$`, `*` and `~` are characters. A program with a `/` that does not begin with one is
    /// meant relative to where the text was written: the caller makes it absolute.
    ///
    /// - Throws: `.invalid` where a quote is not closed, or there is no word.
    public static func command(_ text: String) throws(StoreError) -> [String] {
        var words: [String] = []
        /// Nil between words; `''` is a word without characters.
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                // Within "…" a backslash is one, but before what has a meaning there.
                if quote == "\"", !["\"", "\\", "$", "`"].contains(scalar) { word?.append("\\") }
                word = (word ?? .init()) + [scalar]
                isEscaped = false
            } else if scalar == "\\", quote != "'" {
                isEscaped = true
            } else if scalar == quote {
                quote = nil
            } else if quote != nil {
                word?.append(scalar)
            } else if scalar == "'" || scalar == "\"" {
                quote = scalar
                word = word ?? .init()
            } else if scalar == " " || scalar == "\t" || scalar == "\n" {
                if let word { words.append(String(word)) }
                word = nil
            } else {
                word = (word ?? .init()) + [scalar]
            }
        }
        guard quote == nil, !isEscaped else {
            throw StoreError(.invalid, hint: "the command \(text) ends within \(quote.map { "\($0)…\($0)" } ?? "\\")")
        }
        if let word { words.append(String(word)) }
        guard words.first?.isEmpty == false else {
            throw StoreError(.invalid, hint: "exec: is followed by a program and its arguments: exec:./my-adapter")
        }
        guard !words.contains(where: { $0.unicodeScalars.contains("\0") }) else {
            throw StoreError(.invalid, hint: "a command cannot hold NUL")
        }
        return words
    }
}
