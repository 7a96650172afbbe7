/// Keys in TEXT columns, which hold UTF-8 without NUL: a bijection between all keys and such text.
///
/// A key is its own text unless it holds NUL or bytes that are not UTF-8, or is itself the text of such a key. Then
/// NUL, those bytes and every `%` become `%XX`.
public enum KeyText {
    public static func text(of key: [UInt8]) -> [UInt8] { needsEscape(key) ? escape(key) : key }

    /// The key behind a text. Text that is no key's (a row with bytes that are not UTF-8) is its own key.
    public static func key(of text: [UInt8]) -> [UInt8] {
        guard let inner = unescape(text), needsEscape(inner) else { return text }
        return inner
    }

    private static let percent = UInt8(ascii: "%")

    private static func needsEscape(_ key: [UInt8]) -> Bool {
        var key = key
        while true {
            if !isText(key) { return true }
            guard let inner = unescape(key) else { return false }
            key = inner
        }
    }

    private static func isText(_ key: [UInt8]) -> Bool {
        let span = key.span
        var index = 0
        while index < span.count {
            let length = span[index] == 0 ? 0 : UTF8Sequence.length(in: span, at: index)
            if length == 0 { return false }
            index += length
        }
        return true
    }

    private static func escape(_ key: [UInt8]) -> [UInt8] {
        let span = key.span
        var result: [UInt8] = []
        var index = 0
        while index < span.count {
            let byte = span[index]
            let length = byte == 0 || byte == percent ? 0 : UTF8Sequence.length(in: span, at: index)
            if length == 0 {
                result += [percent, KeyEscape.hexDigit(byte >> 4), KeyEscape.hexDigit(byte & 15)]
            } else {
                for offset in 0..<length { result.append(span[index + offset]) }
            }
            index += max(length, 1)
        }
        return result
    }

    /// What `escape` would make `text` of; nil where it makes it of nothing.
    private static func unescape(_ text: [UInt8]) -> [UInt8]? {
        guard text.contains(percent) else { return nil }
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == percent else {
                result.append(text[index])
                index += 1
                continue
            }
            guard index + 2 < text.count, let high = digit(text[index + 1]), let low = digit(text[index + 2])
            else { return nil }
            result.append(high << 4 | low)
            index += 3
        }
        // Only what needs it is escaped: any other spelling is a text of its own.
        return escape(result) == text ? result : nil
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
