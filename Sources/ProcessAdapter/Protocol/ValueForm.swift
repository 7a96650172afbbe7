internal import Persist

/// What values look like in the protocol, by their key, and back: `get` gives the bytes that `put` took, but for
/// white space outside the strings of records.
///
/// | key | a value is sent as | a JSON value that comes back is |
/// |---|---|---|
/// | `records/`, `.persist/meta/` | JSON, without white space; bytes where it is none | its text |
/// | `kv/` | a string where it is UTF-8, else bytes | the text of a string, else its JSON text |
/// | `events/` of a `.log` stream | JSON where it is JSON but a string; else a string where UTF-8; else bytes | the same |
/// | `events/` of others | JSON where it is JSON, as it stands; else bytes | its text |
/// | all else | bytes | the text of a string, else its JSON text |
///
/// Lines of a log are text of which some happens to be JSON: so the line `"a"`, with its quotes, goes as a string of
/// three characters, and a string that a program put there is a line without quotes. Lines of other streams are JSON
/// documents (R8): there `"a"` is the string of one character, on both sides.
enum ValueForm {
    case document
    case text
    case logLine
    case jsonLine
    case bytes

    init(of key: StoreKey) {
        let key = key.bytes
        if key.starts(with: "records/".utf8) || key.starts(with: ".persist/meta/".utf8) {
            self = .document
        } else if key.starts(with: "kv/".utf8) {
            self = .text
        } else if key.starts(with: "events/".utf8) {
            let stream = key[..<(key.lastIndex(of: UInt8(ascii: "/")) ?? key.endIndex)]
            self = stream.suffix(4).elementsEqual(".log".utf8) ? .logLine : .jsonLine
        } else {
            self = .bytes
        }
    }

    /// Appends `"value":…` or `"bytes":"…"`.
    func append(_ value: [UInt8], to line: inout [UInt8]) {
        switch self {
        case .document:
            guard JSONScanner.check(value) == nil else { break }
            line += Self.valueName
            return appendCompact(value, to: &line)
        case .text:
            guard Self.isUTF8(value) else { break }
            line += Self.valueName
            return StringText.append(value, to: &line)
        case .logLine:
            if JSONScanner.check(value) == nil, !Self.isString(value[...]), !value.contains(0x0A) {
                line += Self.valueName
                line += value
                return
            }
            guard Self.isUTF8(value) else { break }
            line += Self.valueName
            return StringText.append(value, to: &line)
        case .jsonLine:
            guard JSONScanner.check(value) == nil, !value.contains(0x0A) else { break }
            line += Self.valueName
            line += value
            return
        case .bytes: break
        }
        line += Array(#""bytes":""#.utf8)
        Base64.append(value, to: &line)
        line.append(StringText.quote)
    }

    /// The value behind the text of a JSON value.
    func bytes(of json: ArraySlice<UInt8>) -> [UInt8] {
        switch self {
        case .document, .jsonLine: Array(json)
        case .text, .logLine, .bytes: Self.isString(json) ? StringText.decode(json) : Array(json)
        }
    }

    private static let valueName = Array(#""value":"#.utf8)

    private static func isString(_ json: ArraySlice<UInt8>) -> Bool {
        json.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } == StringText.quote
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// A document byte for byte, without the white space between its tokens: then it is one line.
    private func appendCompact(_ document: [UInt8], to line: inout [UInt8]) {
        line.reserveCapacity(line.count + document.count)
        var isInString = false
        var isEscaped = false
        for byte in document {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == StringText.backslash {
                    isEscaped = true
                } else if byte == StringText.quote {
                    isInString = false
                }
            } else if byte <= 0x20 {
                continue
            } else if byte == StringText.quote {
                isInString = true
            }
            line.append(byte)
        }
    }
}
