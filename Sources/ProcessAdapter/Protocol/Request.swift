internal import Persist

/// What a caller asks of the child.
enum Request: Sendable {
    case get(StoreKey)
    case put(StoreKey, [UInt8])
    case delete(StoreKey)
    case list(StoreKey)

    var key: StoreKey {
        switch self {
        case .get(let key), .put(let key, _), .delete(let key), .list(let key): key
        }
    }

    var kind: RequestMachine.Kind {
        switch self {
        case .get: .reads
        case .put(let key, _), .delete(let key): .changes(key)
        case .list: .lists
        }
    }

    /// The line that asks it, its newline included.
    func line(id: UInt64) -> [UInt8] {
        var line = Array(#"{"jsonrpc":"2.0","id":\#(id),"method":"#.utf8)
        switch self {
        case .get(let key):
            line += Array(#""get","params":{"key":"#.utf8)
            StringText.append(KeyText.text(of: key.bytes), to: &line)
        case .put(let key, let value):
            line += Array(#""put","params":{"key":"#.utf8)
            StringText.append(KeyText.text(of: key.bytes), to: &line)
            line.append(UInt8(ascii: ","))
            ValueForm(of: key).append(value, to: &line)
        case .delete(let key):
            line += Array(#""delete","params":{"key":"#.utf8)
            StringText.append(KeyText.text(of: key.bytes), to: &line)
        case .list(let prefix):
            line += Array(#""list","params":{"prefix":"#.utf8)
            StringText.append(Self.prefixText(of: prefix.bytes), to: &line)
        }
        line += Array("}}\n".utf8)
        return line
    }

    /// What the text of every key with this prefix begins with.
    ///
    /// A prefix may end within a character, and a key that needs it is escaped as a whole: what is before the first
    /// byte that could be escaped is the same in both. The caller leaves out what has another prefix.
    static func prefixText(of prefix: [UInt8]) -> [UInt8] {
        var iterator = prefix.makeIterator()
        var decoder = UTF8()
        var end = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator), scalar != "\0", scalar != "%" {
            end += UTF8.width(scalar)
        }
        return Array(prefix[..<end])
    }
}
