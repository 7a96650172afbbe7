/// Writes JSON: status.json, and what commands print with --json.
public enum JSONText {
    /// - Parameter isPretty: a member a line, two spaces a level; else all in one line. No newline at the end.
    public static func write(_ value: JSONValue, isPretty: Bool = false) -> String {
        var text = ""
        append(value, to: &text, indent: isPretty ? 0 : nil)
        return text
    }

    /// A string in quotes.
    public static func quote(_ string: String) -> String {
        var text = ""
        append(string, to: &text)
        return text
    }

    private static func append(_ value: JSONValue, to text: inout String, indent: Int?) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .unsigned(let value): text += "\(value)"
        case .double(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): append(value, to: &text)
        case .array(let values):
            appendAll(values, in: ("[", "]"), to: &text, indent: indent) { value, text, indent in
                append(value, to: &text, indent: indent)
            }
        case .object(let members):
            appendAll(members, in: ("{", "}"), to: &text, indent: indent) { member, text, indent in
                append(member.key, to: &text)
                text += indent == nil ? ":" : ": "
                append(member.value, to: &text, indent: indent)
            }
        }
    }

    private static func appendAll<Element>(
        _ elements: [Element], in brackets: (String, String), to text: inout String, indent: Int?,
        _ appendOne: (Element, inout String, Int?) -> Void
    ) {
        text += brackets.0
        let inner = indent.map { $0 + 1 }
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            if let inner { text += "\n" + String(repeating: "  ", count: inner) }
            appendOne(element, &text, inner)
        }
        if let indent, !elements.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
        text += brackets.1
    }

    private static func append(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
